"""Calls of the endpoint: in the first region, and in the second one while the first does not answer."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

_CALLERS_ERRORS = {"ValidationError", "ValidationException"}
"""Answers that another region would give too."""


@dataclass
class Region:
    """The endpoint in one region."""

    name: str
    client: Any
    """A client of boto3 for sagemaker-runtime, with short timeouts and few retries."""
    endpoint: str
    skip_until: float = field(default=0.0, repr=False)


class Ranker:
    """The endpoint of all regions."""

    def __init__(
        self, regions: Sequence[Region], *, skip_seconds: float = 30, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Call nothing yet.

        Args:
            regions: the nearest first.
            skip_seconds: the time for which a region that has failed is asked last, in seconds. Default: 30.
            now: the clock, in seconds. Default: the clock of this machine.
        """
        self._regions = list(regions)
        self._skip_seconds = skip_seconds
        self._now = now

    def order(self, items: Sequence[dict[str, float]]) -> list[int]:
        """The ids of `items`, the best first.

        Raises:
            ClientError: if the request is not valid, or if no region answers: the error of the last one.
            BotoCoreError: if the last region cannot be reached.
        """
        body = json.dumps({"items": list(items)})
        by_turn = sorted(self._regions, key=lambda each: each.skip_until > self._now())
        for region in by_turn[:-1]:
            try:
                return _order(region, body)
            except (BotoCoreError, ClientError) as error:
                if isinstance(error, ClientError) and error.response["Error"]["Code"] in _CALLERS_ERRORS:
                    raise
                region.skip_until = self._now() + self._skip_seconds
                log.warning("The endpoint in %s does not answer: %s", region.name, error)
        return _order(by_turn[-1], body)


def _order(region: Region, body: str) -> list[int]:
    answer = region.client.invoke_endpoint(
        EndpointName=region.endpoint, ContentType="application/json", Accept="application/json", Body=body
    )
    order: list[int] = json.loads(answer["Body"].read())["order"]
    return order
