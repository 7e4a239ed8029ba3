"""Gap: Lambda functions as targets of EventBridge rules.

moto fails PutEvents if a matching rule has a function as its target. In AWS, PutEvents returns before any
target is called, and does not fail if a target fails. Source: EventBridge API reference, PutEvents;
EventBridge user guide, "Event bus targets"; read 2026-11-24.
"""

from __future__ import annotations

import copy
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.events.models import Rule

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_FUNCTION = "lambda"


def is_open() -> bool:
    """True if moto does not support functions as targets."""
    return _FUNCTION not in Rule.send_to_targets.__code__.co_consts


def close() -> None:
    """Close the gap: call functions, and let moto deliver to all other targets."""
    wrap(Rule, "send_to_targets", _send)


def _send(original: Callable[..., None], rule: Any, event: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
    functions = [target["Arn"] for target in rule.targets if target["Arn"].split(":")[2] == _FUNCTION]
    if functions and rule.event_pattern.matches_event(event):
        for arn in functions:
            _call(arn, delivered(event))
    others = copy.copy(rule)
    others.targets = [target for target in rule.targets if target["Arn"] not in functions]
    original(others, event, *args, **kwargs)


def delivered(event: dict[str, Any]) -> dict[str, Any]:
    """The event as delivered to targets: its time in whole seconds, without moto's own members."""
    time = datetime.fromtimestamp(int(float(event["time"])), tz=timezone.utc)
    event = {key: value for key, value in event.items() if key != "ingestion-time"}
    return {**event, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _call(arn: str, event: Any) -> None:  # noqa: ANN401
    _, _, _, region, account_id, *_ = arn.split(":")
    try:
        get_backend(account_id, region).invoke(arn, None, json.dumps(event), {}, {})
    except (JsonRESTError, ServiceException):
        # The function was deleted. AWS retries for a day, then drops the event without an error too.
        return
