"""Ask the endpoint for an order of three items: `python -m client`. It needs boto3 and credentials of the account."""

from __future__ import annotations

import logging

import boto3
from botocore.config import Config

from client.ranker import Ranker, Region

_NAMES = {"us-east-1": "store-prod-ranker", "eu-west-1": "store-prod-eu-west-1-ranker"}
# A region that does not answer within a second costs a second, and then nothing for half a minute.
_IMPATIENT = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
_ITEMS = [
    {"id": 1, "popularity": 0.2, "fit": 0.9, "price": 0.5},
    {"id": 2, "popularity": 0.9, "fit": 0.1, "price": 0.4},
    {"id": 3, "popularity": 0.5, "fit": 0.5, "price": 0.1},
]


def main() -> None:
    """Print the order."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    regions = [
        Region(name, boto3.client("sagemaker-runtime", region_name=name, config=_IMPATIENT), endpoint)
        for name, endpoint in _NAMES.items()
    ]
    print(Ranker(regions).order(_ITEMS))  # noqa: T201  the output


if __name__ == "__main__":
    main()
