"""Trails: named by their ARN, and whether they have selectors.

moto only deletes a trail by its name, and takes the ARN of one for a trail that is gone already; it
says of every trail that it has no selectors, so nobody reads them. In AWS each operation on a trail
takes either name, and a trail that is not there is not found. Source: CloudTrail API reference,
DeleteTrail, StartLogging, StopLogging and Trail, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudtrail.models import CloudTrailBackend, Trail

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """Whether moto still deletes without looking for the trail by its ARN."""
    return "get_trail" not in CloudTrailBackend.delete_trail.__code__.co_names


def close() -> None:
    """Find the trail by name or ARN first, and say whether it has selectors."""
    for name in ("start_logging", "stop_logging", "delete_trail"):
        wrap(CloudTrailBackend, name, _by_name)
    wrap(Trail, "description", _with_selectors)


def _by_name(original: Callable[..., Any], backend: CloudTrailBackend, name: str, *others: Any, **named: Any) -> Any:  # noqa: ANN401  moto's arguments
    return original(backend, backend.get_trail(name).trail_name, *others, **named)


def _with_selectors(original: Callable[..., dict[str, Any]], trail: Trail, **named: Any) -> dict[str, Any]:  # noqa: ANN401
    return original(trail, **named) | {
        "HasCustomEventSelectors": bool(trail.event_selectors or trail.advanced_event_selectors),
        "HasInsightSelectors": bool(trail.insight_selectors),
    }
