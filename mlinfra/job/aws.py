"""AWS clients of a job."""

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
    """boto3 clients with short timeouts, and the clock of AWS."""

    table: Any
    events: Any
    autoscaling: Any
    clock: AwsClock


def connect(table: str) -> Aws:
    """Create the clients without calling the services.

    To be called in the thread of the training code: a process that is forked while another thread imports
    boto3 would wait forever to import it too.

    Args:
        table: the name of the environment's table.

    Raises:
        Exception: whatever boto3 raises where it is not installed or knows no region.
    """
    import boto3
    from botocore.config import Config

    session = boto3.session.Session()
    # boto3 reads only AWS_DEFAULT_REGION of the two.
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
