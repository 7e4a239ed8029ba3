"""Idleness by metrics: unknown use is not idleness."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.operations.audit.usage import Usage, idle_reason, unrequested_reason

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def usage(gpu: list[float] | None = None, cpu: list[float] | None = None) -> Usage:
    return Usage({"gpu": [gpu or []], "cpu": [cpu or []]})


IDLE_GPU, BUSY_GPU, IDLE_CPU, BUSY_CPU = (
    usage([1.0] * 24),
    usage([1.0] * 23 + [50.0]),
    usage(cpu=[0.2] * 24),
    usage(cpu=[0.2] * 23 + [3.0]),
)


@pytest.mark.parametrize(
    ("usages", "has_accelerators", "is_idle"),
    [
        ([IDLE_GPU], True, True),
        ([IDLE_GPU, IDLE_GPU], True, True),
        ([IDLE_GPU, BUSY_GPU], True, False),
        ([BUSY_GPU], True, False),
        ([usage([1.0] * 5)], True, False),  # too short
        ([IDLE_GPU, usage()], True, False),  # one node has no metrics
        ([usage([90.0] * 24, [0.2] * 24)], True, False),  # the GPU counts
        ([IDLE_CPU], True, True),
        ([BUSY_CPU], True, False),
        ([IDLE_CPU], False, True),
        ([BUSY_CPU], False, False),
        ([usage()], False, False),
        ([], False, False),
    ],
)
def test_all_instances_must_be_idle_in_all_hours(*, usages: list[Usage], has_accelerators: bool, is_idle: bool) -> None:
    assert bool(idle_reason(usages, has_accelerators=has_accelerators)) == is_idle


def test_missing_gpu_metrics_are_named() -> None:
    assert idle_reason([IDLE_CPU], has_accelerators=True) == (
        "CPU utilization was below 1% in every hour of the last day. There are no GPU metrics."
    )


def test_the_utilization_is_that_of_the_busiest_gpu() -> None:
    assert Usage({"gpu": [[10.0, 20.0], [50.0]]}).maximum("gpu") == 50
    assert Usage().maximum("gpu") is None


def test_an_endpoint_is_idle_without_requests_on_any_day() -> None:
    launched = NOW - timedelta(days=30)
    assert unrequested_reason(Usage({"requests": [[], []]}), launched, NOW) == (
        "There were no requests in the last 7 days."
    )
    assert unrequested_reason(Usage({"requests": [[], [0.0, 3.0]]}), launched, NOW) == ""
    assert unrequested_reason(None, launched, NOW) == ""
    assert unrequested_reason(Usage({"requests": [[]]}), None, NOW) == ""
