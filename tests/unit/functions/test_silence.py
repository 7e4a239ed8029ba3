"""Nodes of which one source of evidence is silent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Activity, Tag
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.metrics import History
from mlinfra.functions.node_report import NodeReport
from mlinfra.functions.records import Memory
from mlinfra.functions.rules import Rules
from mlinfra.functions.silence import Silence, find_silence

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 12, 18, 10, 30, 40, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
REPORTS = NodeReport(NOW - MINUTE, Activity.BUSY)


def metrics(until: int = 2) -> History:
    """Readings of the last 75 minutes, the newest so many minutes ago."""
    whole = NOW.replace(second=0, microsecond=0)
    return History({whole - minutes * MINUTE: 50.0 for minutes in range(until, 76)})


def found(
    reports: Mapping[str, NodeReport], histories: Mapping[str, History], *, minutes: str = "30", **changes: Any
) -> Silence:
    """The silence of the nodes i-a and i-b."""
    settings = {"launched": NOW - timedelta(hours=5), "state": "running"} | changes
    nodes = tuple(Node(name, "g5.xlarge", **settings) for name in ("i-a", "i-b"))
    target = Target("recsys-dev-two-tower", "group", nodes=nodes, desired=2)
    rules = Rules.of({Tag.EXPIRES: "2026-12-31", Tag.SILENCE_MINUTES: minutes})
    return find_silence(target, rules, Memory(reports=reports), histories, NOW)


BOTH = {"i-a": REPORTS, "i-b": REPORTS}


def test_nodes_that_report_and_have_metrics_are_not_silent() -> None:
    assert found(BOTH, {"i-a": metrics(), "i-b": metrics()}) == Silence()


@pytest.mark.parametrize("history", [History(), metrics(until=31)], ids=["never", "not any more"])
def test_an_agent_is_silent_if_its_node_alone_has_no_metrics(history: History) -> None:
    assert found(BOTH, {"i-a": metrics(), "i-b": history}) == Silence(agents=("i-b",))


def test_late_metrics_are_not_silence() -> None:
    assert found(BOTH, {"i-a": metrics(), "i-b": metrics(until=16)}) == Silence()


def test_nodes_of_a_cluster_without_any_metrics_have_no_gpus_that_an_agent_reports() -> None:
    assert found(BOTH, {"i-a": History(), "i-b": History()}) == Silence()


def test_metrics_that_could_not_be_read_are_not_silence() -> None:
    assert found(BOTH, {"i-a": metrics(), "i-b": History(problem="Throttling")}) == Silence()


@pytest.mark.parametrize("report", [None, NodeReport(NOW - 30 * MINUTE, Activity.IDLE), NodeReport(None)])
def test_a_guard_is_silent_if_its_node_has_metrics_and_no_report(report: NodeReport | None) -> None:
    reports = {"i-a": REPORTS} | ({"i-b": report} if report else {})
    assert found(reports, {"i-a": metrics(), "i-b": metrics()}) == Silence(guards=("i-b",))


def test_a_guard_is_silent_only_after_the_time_in_the_tag() -> None:
    late = {"i-a": REPORTS, "i-b": NodeReport(NOW - 20 * MINUTE, Activity.IDLE)}
    histories = {"i-a": metrics(), "i-b": metrics()}
    assert found(late, histories) == Silence()
    assert found(late, histories, minutes="20") == Silence(guards=("i-b",))


def test_metrics_are_waited_for_at_least_15_minutes() -> None:
    assert found(BOTH, {"i-a": metrics(), "i-b": metrics(until=14)}, minutes="10") == Silence()
    assert found(BOTH, {"i-a": metrics(), "i-b": metrics(until=16)}, minutes="10") == Silence(agents=("i-b",))


def test_a_node_without_either_source_is_reported_otherwise() -> None:
    assert found({"i-a": REPORTS}, {"i-a": metrics(), "i-b": History()}) == Silence()


@pytest.mark.parametrize(
    "changes",
    [{"launched": NOW - 29 * MINUTE}, {"launched": None}, {"state": "stopped"}, {"lifecycle": "Pending"}],
    ids=["new", "unknown launch", "stopped", "not in service"],
)
def test_a_node_that_need_not_report_yet_is_not_silent(changes: dict[str, Any]) -> None:
    assert found({}, {"i-a": metrics(), "i-b": metrics()}, **changes) == Silence()
