"""Output of `mlinfra clusters`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mlinfra.cli.clusters import clusters
from mlinfra.functions.activity import Verdict
from mlinfra.operations import clusters as operations, runs
from mlinfra.operations.clusters import CapacityWait, Cluster, ClusterListing, ClusterStart, ClusterStop, Mark

if TYPE_CHECKING:
    from collections.abc import Callable

EXPIRES = datetime(2096, 12, 19, tzinfo=timezone.utc)
IN_GRACE = Mark("in-grace", "it expired at 2026-12-19T00:00:00Z: it is stopped as soon as it is idle")
NO_SHUTDOWN = Mark("no-shutdown", "no function stops it automatically")


def a_cluster(*marks: Mark, expires: datetime = EXPIRES, nodes: int = 0) -> Cluster:
    return Cluster(
        environment="dev",
        name="recsys-dev-two-tower-v2",
        experiment="two-tower-v2",
        owner="ana@example.com",
        instance_types=("g5.xlarge",),
        nodes=nodes,
        wanted=nodes,
        state="running" if nodes else "stopped",
        since=None,
        work=Verdict.BUSY if nodes else Verdict.EMPTY,
        work_reason="its nodes are busy",
        idle_minutes=0,
        usd_per_hour=1.0,
        usd_so_far=10.0,
        spend_limit_usd=500,
        expires=expires,
        extended=False,
        forced_end=expires + timedelta(hours=24),
        marks=marks,
        problems=(),
        declared=True,
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the command with an operation that returns `result`."""

    def run_one(operation: str, result: object, *arguments: str) -> Any:
        monkeypatch.setattr(operations, operation, lambda *_, **__: result)
        monkeypatch.setattr(runs, "expect_no_active_run", lambda *_, **__: None)
        return CliRunner().invoke(clusters, arguments)

    return run_one


def test_marks_are_in_the_table_and_below_it(run: Callable[..., Any]) -> None:
    shown = run("list_all_clusters", ClusterListing((a_cluster(IN_GRACE, NO_SHUTDOWN, nodes=2),), ())).stdout
    _, first, second, *_ = shown.splitlines()
    assert first.split()[-2:] == ["2096-12-18", "in-grace"]
    assert second.split() == ["no-shutdown"]
    assert f"recsys-dev-two-tower-v2: {IN_GRACE.text}\n" in shown
    assert f"recsys-dev-two-tower-v2: {NO_SHUTDOWN.text}\n" in shown


def test_marks_are_in_json(run: Callable[..., Any]) -> None:
    (facts,) = json.loads(run("list_all_clusters", ClusterListing((a_cluster(IN_GRACE),), ()), "--json").stdout)
    assert facts["marks"] == [{"kind": "in-grace", "text": IN_GRACE.text}]
    assert facts["forced_end"] == "2096-12-20T00:00:00+00:00"


def test_a_start_that_resumed_launching_gives_the_reason(run: Callable[..., Any]) -> None:
    started = ClusterStart(a_cluster(nodes=2), resumed="Administrative suspension at 2026-11-28T14:00:00Z")
    ended = run("start_cluster", started, "start", "dev", "two-tower-v2")
    assert ended.stdout.startswith(
        "recsys-dev-two-tower-v2: launching, which AWS had suspended, is resumed (Administrative suspension at "
        "2026-11-28T14:00:00Z).\nrecsys-dev-two-tower-v2: 2 nodes requested, 2 exist.\n"
    )
    facts = json.loads(run("start_cluster", started, "start", "dev", "two-tower-v2", "--json").stdout)
    assert facts["resumed"] == started.resumed


def test_a_start_of_a_cluster_whose_launching_was_not_suspended(run: Callable[..., Any]) -> None:
    ended = run("start_cluster", ClusterStart(a_cluster(nodes=2)), "start", "dev", "two-tower-v2")
    assert ended.stdout.startswith("recsys-dev-two-tower-v2: 2 nodes requested, 2 exist.\n")


def test_a_start_without_capacity_for_all_nodes_names_the_way_to_wait_for_it(run: Callable[..., Any]) -> None:
    reason = "EC2 has no capacity for all nodes together now"
    started = ClusterStart(a_cluster(nodes=1), one_by_one=reason)
    shown = run("start_cluster", started, "start", "dev", "two-tower-v2").stdout
    assert (
        f"recsys-dev-two-tower-v2: nodes may be launched one by one, each billed from its launch: {reason}. To request "
        f"them only once there is capacity for all: "
    ) in shown
    assert "clusters stop dev two-tower-v2 --force, then " in shown
    assert "clusters start dev two-tower-v2 --wait-for-capacity 2h\n" in shown
    facts = json.loads(run("start_cluster", started, "start", "dev", "two-tower-v2", "--json").stdout)
    assert facts["one_by_one"] == reason


def test_a_start_waits_for_capacity_for_the_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def start(*_: Any, capacity: CapacityWait | None) -> ClusterStart:
        assert capacity is not None
        waits.append(capacity.seconds)
        capacity.say("EC2 has no capacity")
        return ClusterStart(a_cluster(nodes=2))

    monkeypatch.setattr(operations, "start_cluster", start)
    ended = CliRunner().invoke(clusters, ["start", "dev", "two-tower-v2", "--wait-for-capacity", "2h"])
    assert (ended.exit_code, waits, ended.stderr) == (0, [7200], "EC2 has no capacity.\n")


def test_a_stop_that_was_not_recorded_is_reported(run: Callable[..., Any]) -> None:
    stopped = ClusterStop(a_cluster(NO_SHUTDOWN), terminated=2, not_recorded="the table does not exist")
    ended = run("stop_cluster", stopped, "stop", "dev", "two-tower-v2", "--force")
    assert ended.exit_code == 0
    assert ended.stdout == (
        "recsys-dev-two-tower-v2: stopped, 2 nodes terminated. Its volumes are kept, and incur charges until you "
        "delete them: no janitor deletes them. They have the tag DeleteAfter.\n"
    )
    assert ended.stderr == "The stop of recsys-dev-two-tower-v2 was not recorded: the table does not exist.\n"


def test_a_recorded_stop(run: Callable[..., Any]) -> None:
    ended = run("stop_cluster_once_reported", ClusterStop(a_cluster(), terminated=0), "stop", "dev", "two-tower-v2")
    assert ended.stdout == "recsys-dev-two-tower-v2: stopped. Its volumes are kept for 3 days.\n"
    assert ended.stderr == ""


def test_nodes_that_are_still_protected_are_named_with_the_way_out(run: Callable[..., Any]) -> None:
    stopped = ClusterStop(a_cluster(nodes=2), terminated=1, protected=("i-1", "i-2"))
    ended = run("stop_cluster_once_reported", stopped, "stop", "dev", "two-tower-v2")
    assert ended.stdout.splitlines()[1] == (
        "recsys-dev-two-tower-v2: protected from scale-in: i-1, i-2. These nodes keep running until their node guards "
        "remove the protection, within about a minute. If they are still listed then, run the same command again: it "
        "terminates idle nodes."
    )
    facts = json.loads(run("stop_cluster_once_reported", stopped, "stop", "dev", "two-tower-v2", "--json").stdout)
    assert facts["protected"] == ["i-1", "i-2"]


def test_a_stop_in_json(run: Callable[..., Any]) -> None:
    stopped = ClusterStop(a_cluster(), terminated=2, not_recorded="the table does not exist")
    facts = json.loads(run("stop_cluster", stopped, "stop", "dev", "two-tower-v2", "--force", "--json").stdout)
    assert (facts["state"], facts["terminated"], facts["not_recorded"]) == ("stopped", 2, "the table does not exist")


def test_the_expiry_after_undo_is_shown(run: Callable[..., Any]) -> None:
    expired = datetime(2026, 11, 1, tzinfo=timezone.utc)
    ended = run("undo_extension", a_cluster(IN_GRACE, expires=expired), "extend", "dev", "two-tower-v2", "--undo")
    assert ended.stdout == (
        "recsys-dev-two-tower-v2: the extension is removed.\n"
        "recsys-dev-two-tower-v2 expired at the end of 2026-10-31 (UTC).\n"
        f"recsys-dev-two-tower-v2: {IN_GRACE.text}.\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--undo", "--until", "2026-12-18"), "--until and --undo exclude each other"),
        ((), "The new last day is required: --until 2026-12-18"),
    ],
)
def test_extend_needs_either_a_day_or_undo(options: tuple[str, ...], message: str) -> None:
    ended = CliRunner().invoke(clusters, ["extend", "dev", "two-tower-v2", *options])
    assert ended.exit_code == 2
    assert message in " ".join(ended.stderr.replace("│", " ").split())
