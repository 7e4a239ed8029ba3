"""Gap: CloudTrail trails named by ARN, and their event selectors.

moto deletes a trail by its name only and takes an ARN for a trail that is already deleted. It reports every
trail as having no selectors, so that clients do not read them. In AWS, each operation on a trail accepts both
the name and the ARN, and refuses an unknown trail. Source: CloudTrail API reference, DeleteTrail,
StartLogging, StopLogging and Trail, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudtrail.models import CloudTrailBackend, Trail

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto does not find a trail by its ARN for deletion."""
    return "get_trail" not in CloudTrailBackend.delete_trail.__code__.co_names


def close() -> None:
    """Close the gap: find trails by name or ARN, and report event selectors."""
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
