"""AWS clients of the runner, and the clock of AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlinfra.job.aws import open_session
from mlinfra.job.aws_clock import AwsClock

_CONNECT_SECONDS: Final = 2
_READ_SECONDS: Final = 5
_TRIES: Final = 3
_TRANSFER_READ_SECONDS: Final = 60
_TRANSFER_TRIES: Final = 6


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one region."""

    table: Any
    """The environment's table. Used by one thread at a time."""
    s3: Any
    logs: Any
    autoscaling: Any
    events: Any
    clock: AwsClock


def connect(region: str, table: str) -> Clients:
    """Create the clients without calling the services.

    Calls for records and logs have short timeouts: a node that waits too long for them counts as lost.

    Args:
        region: the region of the node.
        table: the name of the environment's table.

    Raises:
        Exception: whatever boto3 raises where it finds no credentials.
    """
    from botocore.config import Config

    session = open_session(region or None)
    quick = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
    )
    transfers = Config(
        connect_timeout=_READ_SECONDS,
        read_timeout=_TRANSFER_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRANSFER_TRIES},
        max_pool_connections=20,
    )
    dynamodb = session.resource("dynamodb", config=quick)
    clock = AwsClock()
    clock.watch(dynamodb.meta.client)
    return Clients(
        table=dynamodb.Table(table),
        s3=session.client("s3", config=transfers),
        logs=session.client("logs", config=quick),
        autoscaling=session.client("autoscaling", config=quick),
        events=session.client("events", config=quick),
        clock=clock,
    )
