"""Gap: attributes of a queue: its policy and its redrive policies.

moto discards a queue's policy whenever another attribute is set, does not support RedriveAllowPolicy, and
writes RedrivePolicy with spaces, although the provider waits for exactly the text it put. In AWS, attributes
that are not set are kept, and redrive policies are compact JSON. Source: SQS API reference,
SetQueueAttributes and GetQueueAttributes, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Queue

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_ALLOW = "RedriveAllowPolicy"
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")
_MOST_SOURCES = 10
_motos_attributes = Queue.attributes.fget  # type: ignore[attr-defined]  # it is a property


def is_open() -> bool:
    """True if moto does not support RedriveAllowPolicy."""
    return _ALLOW not in Queue.BASE_ATTRIBUTES


def close() -> None:
    """Close the gap: keep attributes that are not set, and support RedriveAllowPolicy."""
    Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, _ALLOW]
    Queue.redrive_allow_policy = None  # type: ignore[attr-defined]  # moto sets attributes by their names
    Queue.attributes = property(_attributes)  # type: ignore[method-assign, assignment]
    wrap(Queue, "_set_attributes", _set_attributes)


def _set_attributes(
    original: Callable[..., None], queue: Queue, attributes: dict[str, Any], now: float | None = None
) -> None:
    kept = {"Policy": getattr(queue, "policy", None)}
    given = {_ALLOW: _compact_allow_policy(attributes[_ALLOW])} if _ALLOW in attributes else {}
    original(queue, {**kept, **attributes, **given}, now)


def _compact_allow_policy(text: str | None) -> str | None:
    if not text:
        return None
    try:
        policy = json.loads(text)
    except ValueError:
        policy = {}
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    is_by_queue = permission == "byQueue"
    if permission not in _PERMISSIONS or is_by_queue != bool(sources) or len(sources or []) > _MOST_SOURCES:
        message = f"Value {text} for parameter {_ALLOW} is invalid."
        raise InvalidParameterValue(message)
    return _compact(policy)


def _attributes(queue: Queue) -> dict[str, Any]:
    attributes: dict[str, Any] = _motos_attributes(queue)
    if attributes.get("RedrivePolicy"):
        attributes["RedrivePolicy"] = _compact(json.loads(attributes["RedrivePolicy"]))
    return attributes


def _compact(policy: dict[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))
