"""Gap: a second subscription of an endpoint with other attributes.

A topic has one subscription for each protocol and endpoint. moto returns it for a second Subscribe, and changes its
attributes. AWS returns it unchanged if the given attributes are equal, and refuses others. Source: the tests of
localstack's pull requests 8976 and 9167, recorded against AWS, read 2026-11-29.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.responses import SNSResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult


def is_open() -> bool:
    """True if moto changes the attributes of an existing subscription."""
    return "different attributes" not in inspect.getsource(SNSResponse.subscribe)


def close() -> None:
    """Close the gap: refuse other attributes."""
    wrap(SNSResponse, "subscribe", _subscribe)


def _subscribe(original: Callable[..., ActionResult], response: SNSResponse) -> ActionResult:
    existing = next(
        (
            each
            for each in response.backend.subscriptions.values()
            if (each.topic.arn, each.endpoint, each.protocol)
            == tuple(response._get_param(name) for name in ("TopicArn", "Endpoint", "Protocol"))  # noqa: SLF001
        ),
        None,
    )
    given: dict[str, Any] = response._get_attributes() or {}  # noqa: SLF001  moto's way to read attributes
    if existing is not None and any(_value(existing.attributes.get(name)) != _value(given[name]) for name in given):
        message = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
        raise SNSInvalidParameter(message)
    return original(response)


def _value(attribute: Any) -> Any:  # noqa: ANN401  any JSON value
    """The value of an attribute, which a request has as JSON."""
    if not isinstance(attribute, str):
        return attribute
    try:
        return json.loads(attribute)
    except ValueError:
        return attribute
