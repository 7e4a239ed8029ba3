"""boto3's clients, as patient as a function can afford to be."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

FAILURES: Final = (ClientError, BotoCoreError, ResponseParserError)
"""Every way in which a call to AWS fails: refused, throttled for too long, not answered, or answered by half."""

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 5})
"""Waits grow from under a second to at most 20 s, with jitter, where AWS throttles."""

_making = threading.Lock()
"""boto3's default session may make one client at a time; the clients themselves are safe to share."""


class Clients:
    """The clients of one run, made when they are first used."""

    def __init__(self, session: boto3.session.Session | None = None) -> None:
        """Make clients of `session`. Default: boto3's own, which a function runs with."""
        self._session = session

    @cached_property
    def autoscaling(self) -> Any:  # noqa: ANN401  boto3 is untyped
        """EC2 Auto Scaling."""
        return self._client("autoscaling")

    @cached_property
    def cloudwatch(self) -> Any:  # noqa: ANN401
        """CloudWatch."""
        return self._client("cloudwatch")

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401
        """DynamoDB, as the resource that knows Python's types."""
        with _making:
            return (self._session or boto3).resource("dynamodb", config=_CONFIG)

    @cached_property
    def ec2(self) -> Any:  # noqa: ANN401
        """EC2."""
        return self._client("ec2")

    @cached_property
    def events(self) -> Any:  # noqa: ANN401
        """EventBridge."""
        return self._client("events")

    @cached_property
    def sagemaker(self) -> Any:  # noqa: ANN401
        """SageMaker."""
        return self._client("sagemaker")

    @cached_property
    def sns(self) -> Any:  # noqa: ANN401
        """SNS."""
        return self._client("sns")

    def _client(self, service: str) -> Any:  # noqa: ANN401
        with _making:
            return (self._session or boto3).client(service, config=_CONFIG)


def error_code(error: Exception) -> str:
    """AWS's own code of `error`, or the name of its class where AWS did not answer."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__
