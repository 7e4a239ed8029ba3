"""Gap: notification configuration of a bucket.

moto delivers events to EventBridge but does not return that setting, and accepts destinations that do not
exist. In AWS, the configuration is returned as put, with an id added to destinations without one, and S3
validates each destination by default. Source: S3 API reference, PutBucketNotificationConfiguration and
GetBucketNotificationConfiguration, read 2026-11-24.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import S3Error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def is_open() -> bool:
    """True if moto does not return the EventBridge setting."""
    code = S3Response.get_bucket_notification.__code__
    return not {"EventBridgeConfiguration", "event_bridge"} & {*code.co_consts, *code.co_names}


def close() -> None:
    """Close the gap: keep the configuration as put."""
    BucketDocument(
        member="NotificationConfiguration",
        put="PutBucketNotificationConfiguration",
        get="GetBucketNotificationConfiguration",
        permission="BucketNotification",
        settle=_settled,
        moto_serves=True,
    ).serve()


def _settled(_response: S3Response, request: dict[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = request["NotificationConfiguration"]
    seen: set[str] = set()
    for kind, (member, exists) in _DESTINATIONS.items():
        for each in configuration.get(kind, []):
            each.setdefault("Id", secrets.token_urlsafe(32))
            if each["Id"] in seen:
                raise S3Error(code="InvalidArgument", message="Configuration ids must be unique.")
            seen.add(each["Id"])
            if not request.get("SkipDestinationValidation") and not exists(each[member]):
                raise S3Error(
                    code="InvalidArgument", message="Unable to validate the following destination configurations"
                )
    return configuration


def _topic_exists(arn: str) -> bool:
    _, _, _, region, account, _ = arn.split(":", 5)
    return arn in sns_backends[account][region].topics


def _queue_exists(arn: str) -> bool:
    _, _, _, region, account, name = arn.split(":", 5)
    return name in sqs_backends[account][region].queues


def _function_exists(arn: str) -> bool:
    _, _, _, region, account, _ = arn.split(":", 5)
    return bool(lambda_backends[account][region]._lambdas.get_arn(arn))  # noqa: SLF001  the public way raises


_DESTINATIONS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "TopicConfigurations": ("TopicArn", _topic_exists),
    "QueueConfigurations": ("QueueArn", _queue_exists),
    "LambdaFunctionConfigurations": ("LambdaFunctionArn", _function_exists),
}
