"""The activity of nodes and clusters, from node reports, GPU metrics and jobs."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.functions.activity import Evidence, Verdict, evidence_window, gather_evidence
from mlinfra.functions.contract import Activity, Tag
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.metrics import History
from mlinfra.functions.node_report import NodeReport
from mlinfra.functions.records import Job, Memory
from mlinfra.functions.rules import Rules

NOW = datetime(2026, 12, 18, 10, 30, 40, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
ID = "i-0123456789abcdef0"


def node(**changes: Any) -> Node:
    return Node(ID, "g5.xlarge", **{"launched": NOW - timedelta(hours=5), "state": "running"} | changes)


def report(activity: str = Activity.IDLE, *, idle: int = 60, minutes_ago: float = 1, why: str = "") -> NodeReport:
    return NodeReport(NOW - minutes_ago * MINUTE, activity, idle * MINUTE, why)


def metrics(*, busy: int | None = None, since: int = 75, until: int = 0, problem: str | None = None) -> History:
    """Readings every minute, of 90 % so many minutes ago and 1 % else."""
    whole = NOW.replace(second=0, microsecond=0)
    moments = {minutes: 90.0 if minutes == busy else 1.0 for minutes in range(until + 1, since + 1)}
    return History({whole - minutes * MINUTE: value for minutes, value in moments.items()}, problem)


NO_METRICS = History()


def evidence(
    found: NodeReport | None = None, history: History | None = NO_METRICS, *jobs: Job, **changes: Any
) -> Evidence:
    """The activity of a cluster with one node and the default rules."""
    target = Target("recsys-dev-two-tower", "group", nodes=(node(**changes),), desired=1)
    histories = {ID: history} if history else {}
    memory = Memory(jobs=jobs, reports={ID: found} if found else {})
    return gather_evidence(target, Rules.of({Tag.EXPIRES: "2026-12-31"}), memory, histories, NOW)


def test_a_fresh_report_decides_alone_where_there_are_no_metrics() -> None:
    assert evidence(report()).verdict is Verdict.IDLE
    assert evidence(report()).reason == "its nodes reported no activity for 20 minutes"
    busy = evidence(report(Activity.BUSY, why="2 compute processes of ana"))
    assert (busy.verdict, busy.reason) == (Verdict.BUSY, f"{ID} is busy: 2 compute processes of ana")


def vacant(*, seconds: int, minutes: str | None = "5", history: History | None = NO_METRICS, **of: Any) -> Evidence:
    """The activity of a cluster whose node has been vacant for some seconds, and idle for as long."""
    said = replace(report(idle=0), idle_for=timedelta(seconds=seconds), vacant_for=timedelta(seconds=seconds))
    tags = {Tag.EXPIRES: "2026-12-31"} | ({Tag.VACANT_MINUTES: minutes} if minutes else {})
    target = Target("recsys-dev-two-tower", "group", nodes=(node(),), desired=1)
    return gather_evidence(target, Rules.of(tags), Memory(reports={ID: said}, **of), {ID: history or NO_METRICS}, NOW)


def test_a_vacant_node_is_idle_before_its_idle_time_is_over() -> None:
    assert vacant(seconds=299).verdict is Verdict.BUSY
    found = vacant(seconds=300)
    assert (found.verdict, found.idle_nodes) == (Verdict.IDLE, {ID})
    assert found.reason == "its nodes reported for 5 minutes that nothing on them can start work"


def test_without_its_tag_vacancy_has_no_effect() -> None:
    assert vacant(seconds=1_199, minutes=None).verdict is Verdict.BUSY


@pytest.mark.parametrize(("busy", "verdict"), [(5, Verdict.IDLE), (4, Verdict.BUSY)])
def test_a_gpu_that_was_busy_during_the_vacancy_keeps_a_node(busy: int, verdict: Verdict) -> None:
    assert vacant(seconds=300, history=metrics(busy=busy)).verdict is verdict


def test_a_running_job_keeps_a_vacant_node() -> None:
    job = Job("job-1", heartbeat_at=NOW.timestamp(), instance_id=ID)
    assert vacant(seconds=900, jobs=(job,)).verdict is Verdict.BUSY


def test_a_node_is_idle_only_once_its_idle_time_is_over() -> None:
    seen = evidence(report(idle=19), metrics())
    assert (seen.verdict, seen.reason) == (Verdict.BUSY, f"{ID} is idle for only 19 of 20 minutes")
    assert evidence(report(idle=20), metrics()).verdict is Verdict.IDLE


@pytest.mark.parametrize(("busy", "verdict"), [(19, Verdict.BUSY), (20, Verdict.IDLE)])
def test_a_busy_gpu_in_the_idle_time_outweighs_a_report(busy: int, verdict: Verdict) -> None:
    assert evidence(report(idle=60), metrics(busy=busy)).verdict is verdict


def test_a_report_of_activity_outweighs_idle_gpus() -> None:
    assert evidence(report(Activity.BUSY), metrics()).verdict is Verdict.BUSY


@pytest.mark.parametrize("found", [None, report(minutes_ago=30), report(Activity.BUSY, minutes_ago=30)])
def test_metrics_decide_alone_where_the_guard_is_silent(found: NodeReport | None) -> None:
    seen = evidence(found, metrics())
    assert (seen.verdict, seen.reason) == (Verdict.IDLE, "GPU utilization was below 5% for 60 minutes")
    assert evidence(found, metrics(busy=3)).verdict is Verdict.BUSY


def test_metrics_alone_must_be_idle_for_the_stalled_time() -> None:
    """A job can compute on the CPU for long, and only its guard could report that."""
    seen = evidence(None, metrics(busy=45))
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, True)
    assert f"the GPUs of {ID} were idle for only 44 of 60 minutes" in seen.reason
    assert evidence_window(Rules.of({})) == 75 * MINUTE
    assert evidence_window(Rules.of({Tag.IDLE_MINUTES: "90"})) == 105 * MINUTE
    assert evidence_window(Rules.of({Tag.IDLE_MINUTES: "none"})) is None


def test_a_guard_that_has_just_become_silent_is_waited_for() -> None:
    seen = evidence(report(minutes_ago=29), metrics())
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, True)
    assert seen.reason == f"the last node report of {ID} is 29 minutes old"


def test_a_new_node_is_waited_for() -> None:
    seen = evidence(None, NO_METRICS, launched=NOW - 29 * MINUTE)
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, True)
    assert not evidence(None, NO_METRICS, launched=NOW - 30 * MINUTE).is_temporary


@pytest.mark.parametrize("late", [6, 10, 14])
def test_late_metrics_decide_about_the_time_that_they_show(late: int) -> None:
    """CloudWatch shows metrics late, or the clock of the node is slow."""
    seen = evidence(None, metrics(until=late))
    assert (seen.verdict, seen.reason) == (Verdict.IDLE, "GPU utilization was below 5% for 60 minutes")
    assert seen.nodes[0].quiet_for == 0 * MINUTE, "activity since then is unknown"
    seen = evidence(None, metrics(until=late, busy=late + 40))
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, True)
    seen = evidence(None, metrics(until=late, since=late + 50))
    assert seen.verdict is Verdict.UNKNOWN


def test_metrics_that_ended_more_than_15_minutes_ago_decide_nothing() -> None:
    assert evidence(None, metrics(until=15, since=90)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("minutes_ago", [12, -12])
def test_a_report_by_a_clock_that_is_some_minutes_wrong_is_fresh(minutes_ago: int) -> None:
    assert evidence(report(minutes_ago=minutes_ago)).verdict is Verdict.IDLE
    assert evidence(report(Activity.BUSY, minutes_ago=minutes_ago), metrics()).verdict is Verdict.BUSY


def test_silence_of_both_is_unknown_and_worth_a_notification() -> None:
    seen = evidence(report(minutes_ago=45), metrics(until=45))
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, False)
    assert seen.reason == (
        f"the last node report of {ID} is 45 minutes old, and {ID} has no GPU metrics from 10:25 to 10:30 UTC"
    )


def cpu_metrics(*cores: float, minutes_ago: int = 15, vcpus: int = 8, missing: int | None = None) -> History:
    """Readings of 5 minutes: the newest began some minutes ago. Earlier ones repeat the last given."""
    whole = NOW.replace(second=0, microsecond=0) - minutes_ago * MINUTE
    values = [*cores, *[cores[-1]] * (17 - len(cores))]
    kept = {index: value for index, value in enumerate(values) if index != missing}
    return History({whole - 5 * index * MINUTE: value / vcpus * 100 for index, value in kept.items()})


def by_cpus(cpus: History, found: NodeReport | None = None, history: History = NO_METRICS, **changes: Any) -> Evidence:
    target = Target("recsys-dev-two-tower", "group", nodes=(node(**{"vcpus": 8, **changes}),), desired=1)
    memory = Memory(reports={ID: found} if found else {})
    return gather_evidence(target, Rules.of({}), memory, {ID: history}, NOW, read_cpus=lambda _: {ID: cpus})


def test_a_silent_node_with_idle_cpus_is_idle() -> None:
    seen = by_cpus(cpu_metrics(0.4))
    assert (seen.verdict, seen.unguarded, seen.nodes[0].quiet_for) == (Verdict.IDLE, {ID}, 0 * MINUTE)
    assert seen.reason == (
        f"neither reports nor GPU metrics of {ID} arrive, and it has used less than 0.5 CPU cores for 60 minutes"
    )


@pytest.mark.parametrize(
    "cpus",
    [
        cpu_metrics(0.5),
        cpu_metrics(*[0.1] * 11, 2.0),
        cpu_metrics(math.nan),
        cpu_metrics(0.1, missing=11),
        cpu_metrics(0.1, minutes_ago=21),
        History(),
        History(cpu_metrics(0.1).readings, problem="denied"),
    ],
    ids=["in-use", "in-use-before", "nan", "gap", "late", "none", "problem"],
)
def test_a_silent_node_with_other_cpu_metrics_is_unknown(cpus: History) -> None:
    seen = by_cpus(cpus)
    assert (seen.verdict, seen.is_temporary, seen.nodes[0].is_silent) == (Verdict.UNKNOWN, False, True)


def test_cpu_use_longer_ago_than_the_stalled_time_does_not_count() -> None:
    assert by_cpus(cpu_metrics(*[0.1] * 12, 8.0)).verdict is Verdict.IDLE


def test_a_silent_node_with_an_unknown_number_of_cpus_is_unknown() -> None:
    assert by_cpus(cpu_metrics(0.1), vcpus=None).verdict is Verdict.UNKNOWN


def test_cpu_metrics_decide_only_about_silent_nodes() -> None:
    """A job can wait for its GPUs without CPU time."""
    idle = cpu_metrics(0.1)
    assert by_cpus(idle, report(Activity.BUSY)).verdict is Verdict.BUSY
    assert by_cpus(idle, report(Activity.UNKNOWN)).verdict is Verdict.UNKNOWN
    assert by_cpus(idle, history=metrics(busy=45)).verdict is Verdict.UNKNOWN
    assert by_cpus(idle, history=History(problem="denied")).verdict is Verdict.UNKNOWN
    assert by_cpus(idle, report(minutes_ago=20)).verdict is Verdict.UNKNOWN


def test_a_gap_that_an_agent_closes_with_time_is_temporary() -> None:
    assert evidence(None, metrics(since=20)).is_temporary
    assert not evidence(None, metrics(since=20, problem="denied")).is_temporary


@pytest.mark.parametrize("found", [report(minutes_ago=-13), report(Activity.BUSY, minutes_ago=-13)])
def test_a_report_from_the_future_decides_nothing(found: NodeReport) -> None:
    assert evidence(found, metrics()).verdict is Verdict.IDLE
    seen = evidence(found)
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, False)
    assert f"the last node report of {ID} is 13 minutes in the future" in seen.reason


def test_a_report_from_before_the_start_of_an_instance_counts_as_none() -> None:
    assert evidence(report(minutes_ago=3), NO_METRICS, launched=NOW + 3 * MINUTE).verdict is Verdict.UNKNOWN


def test_an_unknown_activity_is_idle_only_if_metrics_show_it_and_the_guard_does_not_protect_the_node() -> None:
    unknown = report(Activity.UNKNOWN, why="nvidia-smi failed")
    assert evidence(unknown, metrics()).verdict is Verdict.IDLE
    assert evidence(unknown, metrics(), protected=True).verdict is Verdict.UNKNOWN
    seen = evidence(unknown)
    assert (seen.verdict, seen.is_temporary) == (Verdict.UNKNOWN, False)
    assert seen.reason.startswith(f"{ID} reports an unknown activity: nvidia-smi failed, and")


def test_protection_left_on_by_a_silent_guard_does_not_hold() -> None:
    seen = evidence(report(minutes_ago=600), metrics(), protected=True)
    assert (seen.verdict, seen.unguarded) == (Verdict.IDLE, {ID})


def test_the_protection_of_an_idle_node_is_left_to_its_live_guard() -> None:
    seen = evidence(report(), metrics(), protected=True)
    assert (seen.verdict, seen.unguarded) == (Verdict.IDLE, frozenset())


@pytest.mark.parametrize("changes", [{"lifecycle": "Standby"}, {"lifecycle": "Pending:Wait"}])
def test_a_node_that_is_not_in_service_is_busy(changes: dict[str, Any]) -> None:
    assert evidence(report(), metrics(), **changes).verdict is Verdict.BUSY


def test_a_node_that_is_not_running_is_unknown() -> None:
    seen = evidence(report(), metrics(), state="pending")
    assert (seen.verdict, seen.reason) == (Verdict.UNKNOWN, f"EC2 reports the state of {ID} as pending")


RUNNING = Job("train", name="train", heartbeat_at=NOW.timestamp(), started_at=0, instance_id=ID)


def with_progress(minutes_ago: float) -> Job:
    at = (NOW - minutes_ago * MINUTE).timestamp()
    return Job("train", heartbeat_at=NOW.timestamp(), started_at=0, instance_id=ID, progress_at=at)


def test_a_job_with_a_fresh_heartbeat_keeps_idle_nodes() -> None:
    seen = evidence(report(), metrics(), RUNNING)
    assert (seen.verdict, seen.reason) == (Verdict.BUSY, "job train is reported as running")
    assert (seen.is_contradictory, seen.idle_nodes) == (True, frozenset())


@pytest.mark.parametrize(("minutes", "verdict"), [(59, Verdict.BUSY), (79, Verdict.BUSY), (80, Verdict.IDLE)])
def test_without_a_guard_a_node_with_a_hung_job_is_idle_after_its_idle_time_whatever_its_gpus_do(
    minutes: int, verdict: Verdict
) -> None:
    silent = report(Activity.BUSY, minutes_ago=45)
    assert evidence(silent, metrics(busy=1), with_progress(minutes)).verdict is verdict


def test_a_live_guard_tells_the_processes_of_a_hung_job_from_others() -> None:
    hung = with_progress(600)
    assert evidence(report(Activity.BUSY, why="kernel of ana"), metrics(), hung).verdict is Verdict.BUSY
    assert evidence(report(idle=19), metrics(busy=1), hung).verdict is Verdict.BUSY
    seen = evidence(report(idle=20), metrics(busy=1), hung, protected=True)
    assert (seen.verdict, seen.unguarded) == (Verdict.IDLE, frozenset())


@pytest.mark.parametrize("jobs", [(), (RUNNING,)], ids=["without a job", "with a job"])
@pytest.mark.parametrize(("idle", "verdict"), [(19, Verdict.BUSY), (20, Verdict.IDLE)])
def test_compute_processes_that_the_guard_reports_as_hung_are_not_activity_whatever_their_gpus_do(
    jobs: tuple[Job, ...], idle: int, verdict: Verdict
) -> None:
    hung = replace(report(idle=idle), hung_at=NOW - idle * MINUTE)
    assert evidence(hung, metrics(busy=0), *jobs, protected=True).verdict is verdict
    other = Job("other", heartbeat_at=NOW.timestamp())
    assert evidence(hung, metrics(busy=0), *jobs, other, protected=True).verdict is Verdict.BUSY


def test_a_node_on_which_another_job_runs_too_is_not_idle() -> None:
    other = Job("other", heartbeat_at=NOW.timestamp(), instance_id=ID)
    assert evidence(None, metrics(busy=1), with_progress(600), other).verdict is Verdict.BUSY


def test_records_that_could_not_be_read_may_hold_jobs() -> None:
    target = Target("recsys-dev-two-tower", "group", nodes=(node(),), desired=1)
    seen = gather_evidence(target, Rules.of({}), None, {ID: metrics()}, NOW)
    assert (seen.verdict, seen.reason) == (
        Verdict.UNKNOWN,
        "its records could not be read, so jobs may be running",
    )


def test_a_cluster_is_idle_only_if_all_its_nodes_are() -> None:
    nodes = (node(), Node("i-2", "g5.xlarge", launched=NOW - timedelta(hours=5), state="running"))
    target = Target("recsys-dev-two-tower", "group", nodes=nodes, desired=2)
    reports = {ID: report(), "i-2": report(Activity.BUSY)}
    rules = Rules.of({})
    seen = gather_evidence(target, rules, Memory(reports=reports), {}, NOW)
    assert (seen.verdict, seen.idle_nodes) == (Verdict.BUSY, {ID})
    seen = gather_evidence(target, rules, Memory(reports=reports | {"i-2": report()}), {}, NOW)
    assert (seen.verdict, seen.idle_nodes) == (Verdict.IDLE, {ID, "i-2"})


@pytest.mark.parametrize(
    ("found", "history", "quiet"),
    [
        (report(idle=8), metrics(), 8),
        (report(idle=8), metrics(busy=5), 4),
        (report(idle=8), NO_METRICS, 8),
        (report(Activity.BUSY, idle=0), metrics(), 0),
        (None, metrics(busy=12), 11),
        (None, metrics(), 60),
        (None, metrics(until=12), 0),
        (None, NO_METRICS, 0),
    ],
)
def test_the_time_without_activity_is_known_before_it_is_long_enough_to_be_idle(
    found: NodeReport | None, history: History, quiet: int
) -> None:
    (only,) = evidence(found, history).nodes
    assert only.quiet_for == quiet * MINUTE
