"""The metrics of a run, as its result contains them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.operations.runs.description import RunDescription


def metrics_of(description: RunDescription) -> Mapping[str, float]:
    """The numbers in `metrics` of `result.json`, and those of tracking, by name."""
    found = (description.result or {}).get("metrics")
    of_result = found if isinstance(found, dict) else {}
    return {
        str(name): float(value)
        for name, value in {**of_result, **description.tracked_metrics}.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    }
