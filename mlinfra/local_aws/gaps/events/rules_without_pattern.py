"""Gap: rules with a schedule and without an event pattern.

moto delivers every event of the bus to their targets. In AWS a rule is triggered by the events that its pattern
matches, or by its schedule. Source: EventBridge API reference, PutRule, read 2026-11-30.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.events.models import EventPattern, Rule

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if an empty pattern matches events in moto."""
    return EventPattern(None, {}).matches_event({"source": "any"})  # type: ignore[typeddict-item]


def close() -> None:
    """Close the gap: deliver events to rules with a pattern only."""
    wrap(Rule, "send_to_targets", _send)


def _send(original: Callable[..., None], rule: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  moto's types
    if rule.event_pattern.get_pattern():
        original(rule, *args, **kwargs)
