"""The parts of AWS that a job talks to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from mlinfra.job.aws_clock import AwsClock

_CONNECT_SECONDS = 1
_READ_SECONDS = 2
_TRIES = 2


@dataclass(frozen=True)
class Aws:
    """boto3's clients, which give up in seconds, and the clock of AWS."""

    table: Any
    events: Any
    autoscaling: Any
    clock: AwsClock


def connect(table: str) -> Aws:
    """Make the clients, without talking to the services yet.

    To be called in the thread of the training code: a process that is forked while another thread imports
    boto3 would wait for ever to import it too.

    Args:
        table: the name of the environment's table.

    Raises:
        Exception: whatever boto3 raises where it is not installed or knows no region.
    """
    import boto3
    from botocore.config import Config

    session = boto3.session.Session()
    # Of the two, boto3 knows AWS_DEFAULT_REGION alone.
    region = session.region_name or os.environ.get("AWS_REGION")
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
    )
    dynamodb = session.resource("dynamodb", region_name=region, config=config)
    clock = AwsClock()
    clock.watch(dynamodb.meta.client)
    return Aws(
        table=dynamodb.Table(table),
        events=session.client("events", region_name=region, config=config),
        autoscaling=session.client("autoscaling", region_name=region, config=config),
        clock=clock,
    )
