"""AWS clients of a job."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlinfra.job.aws_clock import AwsClock

_CONNECT_SECONDS = 1
_READ_SECONDS = 2
_TRIES = 2
_CREDENTIALS_SECONDS = 5
_CREDENTIALS_TRIES = 3


@dataclass(frozen=True)
class Aws:
    """boto3 clients with short timeouts, and the clock of AWS."""

    table: Any
    events: Any
    autoscaling: Any
    clock: AwsClock


def open_session(region: str | None = None, *, tries: int = _CREDENTIALS_TRIES) -> Any:  # noqa: ANN401  boto3 has no types
    """A boto3 session that has found its credentials.

    By default boto3 asks the metadata service once and waits for one second, which is not enough on a busy node or
    where many processes ask. A client that was made without credentials never looks for them again, and each call of
    it fails until its process ends. More attempts in boto3's settings do not help, because it does not repeat a request
    for a token that timed out. Sources: AWS SDKs reference guide, "Amazon EC2 instance metadata", default values;
    issues 1791 and 2304 of github.com/boto/botocore. Read 2026-11-30.

    Args:
        region: the region of the session. Default: that of the environment, or none.
        tries: the number of times to look for credentials, with a pause between them. Default: 3.

    Raises:
        Exception: whatever boto3 raises where it finds no credentials, or is not installed.
    """
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError

    core = botocore.session.Session()
    seconds = max(_CREDENTIALS_SECONDS, core.get_config_variable("metadata_service_timeout"))
    core.set_config_variable("metadata_service_timeout", seconds)
    session = boto3.session.Session(botocore_session=core, region_name=region)
    for tried in range(1, tries):
        with suppress(BotoCoreError):  # of the credentials service of containers
            if session.get_credentials() is not None:
                return session
        time.sleep(tried)
    if session.get_credentials() is None:
        message = "neither the environment nor the metadata service of this node has credentials"
        raise RuntimeError(message)
    return session


def connect(table: str, *, tries: int = _CREDENTIALS_TRIES) -> Aws:
    """Create the clients without calling the services.

    To be called in the thread of the training code: a process that is forked while another thread imports
    boto3 would wait forever to import it too.

    Args:
        table: the name of the environment's table.
        tries: the number of times to look for credentials, as of `open_session`. Default: 3.

    Raises:
        Exception: whatever boto3 raises where it is not installed, finds no credentials or knows no region.
    """
    from botocore.config import Config

    session = open_session(tries=tries)
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
