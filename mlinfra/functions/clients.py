"""boto3 clients with timeouts and retries that fit a Lambda function."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

FAILURES: Final = (ClientError, BotoCoreError, ResponseParserError)
"""The exceptions of a failed AWS call: refused, throttled, no response, or a response that cannot be parsed."""

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 5})
"""Retries after throttling wait from under 1 s up to 20 s, with jitter."""

_making = threading.Lock()
"""boto3's default session is not thread-safe while it creates a client; the clients are."""


class Clients:
    """The clients of one run, each created at its first use."""

    def __init__(self, session: boto3.session.Session | None = None) -> None:
        """Create clients from `session`. Default: boto3's default session, with the function's role."""
        self._session = session

    @property
    def region(self) -> str:
        """The region of the clients."""
        return str(self.ec2.meta.region_name)

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
        """DynamoDB, as the resource that converts Python types."""
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
    def fsx(self) -> Any:  # noqa: ANN401
        """Amazon FSx."""
        return self._client("fsx")

    @cached_property
    def logs(self) -> Any:  # noqa: ANN401
        """CloudWatch Logs."""
        return self._client("logs")

    @cached_property
    def sagemaker(self) -> Any:  # noqa: ANN401
        """SageMaker."""
        return self._client("sagemaker")

    @cached_property
    def servicequotas(self) -> Any:  # noqa: ANN401
        """Service Quotas."""
        return self._client("service-quotas")

    @cached_property
    def sns(self) -> Any:  # noqa: ANN401
        """SNS."""
        return self._client("sns")

    @cached_property
    def ssm(self) -> Any:  # noqa: ANN401
        """Systems Manager, for parameters."""
        return self._client("ssm")

    def _client(self, service: str) -> Any:  # noqa: ANN401
        with _making:
            return (self._session or boto3).client(service, config=_CONFIG)


def error_code(error: Exception) -> str:
    """AWS's code of `error`, or its class name if AWS did not respond."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__
