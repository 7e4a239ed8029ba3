"""The decision to stop a cluster or leave it running, for every combination that matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.functions.activity import Evidence, NodeEvidence, Verdict
from mlinfra.functions.contract import Tag
from mlinfra.functions.cost import Cost
from mlinfra.functions.decision import Action, Decision, NotificationFrequency, decide
from mlinfra.functions.expiry import Expiry
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.records import Job
from mlinfra.functions.rules import Rules

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)
NODE = Node("i-0123456789abcdef0", "g5.xlarge", state="running")
RUNNING = Target("recsys-dev-two-tower-v2", "group", nodes=(NODE,), desired=1)
IDLE = Evidence(Verdict.IDLE, "all GPUs were idle for 30 minutes")
BUSY = Evidence(Verdict.BUSY, "a job is running")
UNKNOWN = Evidence(Verdict.UNKNOWN, "it has no GPU metrics")
EXPIRED = Expiry(NOW - timedelta(hours=1))


def decision(target: Target = RUNNING, evidence: Evidence = IDLE, **changes: Any) -> Decision:
    """The decision about a cluster that has not expired and costs less than its limit of 100 USD."""
    tags = {Tag.EXPIRES: "2026-12-31", Tag.SPEND_LIMIT_USD: "100"} | changes.pop("tags", {})
    facts = {"expiry": Expiry(NOW + timedelta(days=1)), "cost": Cost(50.0)} | changes
    return decide(target, rules=Rules.of(tags), evidence=evidence, now=NOW, **facts)


def test_a_stopped_cluster_needs_no_action() -> None:
    assert decision(Target("stopped", "group")).action is Action.NOTHING


def test_an_idle_cluster_is_stopped() -> None:
    assert decision() == Decision(Action.STOP, "all GPUs were idle for 30 minutes")


def test_an_idle_cluster_that_must_not_be_stopped_is_reported_daily() -> None:
    left = decision(tags={Tag.STOP_WHEN_IDLE: "false"})
    assert (left.action, left.frequency) == (Action.LEAVE, NotificationFrequency.DAILY)


@pytest.mark.parametrize("evidence", [BUSY, UNKNOWN])
@pytest.mark.parametrize("facts", [{"expiry": EXPIRED}, {"cost": Cost(100.01)}])
def test_up_to_its_bound_a_cluster_that_is_or_may_be_busy_is_not_stopped_and_reported_each_run(
    evidence: Evidence, facts: dict[str, Any]
) -> None:
    left = decision(evidence=evidence, **facts)
    assert (left.action, left.frequency) == (Action.LEAVE, NotificationFrequency.EVERY_RUN)


def test_a_busy_cluster_is_normal_and_not_reported() -> None:
    assert decision(evidence=BUSY).frequency is NotificationFrequency.NEVER


def test_an_unknown_activity_is_reported_daily() -> None:
    assert decision(evidence=UNKNOWN).frequency is NotificationFrequency.DAILY


def test_an_idle_cluster_is_stopped_for_its_expiry_although_it_may_stay_idle() -> None:
    stopped = decision(tags={Tag.STOP_WHEN_IDLE: "false"}, expiry=EXPIRED)
    assert stopped == Decision(Action.STOP, "it expired at 2026-12-18T13:00:00Z, and all GPUs were idle for 30 minutes")


@pytest.mark.parametrize(
    ("cost", "action"),
    [
        (Cost(100.0), Action.LEAVE),
        (Cost(100.01), Action.STOP),
        (Cost(100.0, frozenset({"p5e.48xlarge"})), Action.LEAVE),
        (Cost(100.01, frozenset({"p5e.48xlarge"})), Action.STOP),
    ],
    ids=["at the limit", "above the limit", "known part at the limit", "known part above the limit"],
)
def test_a_known_cost_above_the_limit_stops_an_idle_cluster(cost: Cost, action: Action) -> None:
    assert decision(tags={Tag.STOP_WHEN_IDLE: "false"}, cost=cost).action is action


def test_a_cluster_that_waits_for_its_nodes_is_stopped_only_after_its_expiry() -> None:
    waiting = Target("waiting", "group", desired=2)
    empty = Evidence(Verdict.EMPTY, "it has no nodes")
    assert decision(waiting, empty) == Decision(Action.LEAVE, "it is waiting for its nodes to launch")
    assert decision(waiting, empty, expiry=EXPIRED) == Decision(
        Action.STOP, "it expired at 2026-12-18T13:00:00Z; it has no nodes and still requests 2"
    )


def test_the_idle_nodes_of_a_draining_cluster_are_terminated() -> None:
    draining = Target("draining", "group", nodes=(NODE,))
    idle = Evidence(Verdict.IDLE, "nothing runs", idle_nodes=frozenset({NODE.instance_id}))
    assert decision(draining, idle) == Decision(
        Action.STOP,
        "its desired capacity is already 0, and 1 of its nodes are still in the group: nothing runs",
        terminate=frozenset({NODE.instance_id}),
    )
    assert decision(draining, BUSY).action is Action.LEAVE


LATE = Expiry(NOW - timedelta(hours=24))


@pytest.mark.parametrize("evidence", [IDLE, BUSY, UNKNOWN])
@pytest.mark.parametrize("stop_when_idle", ["true", "false"])
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            {"expiry": LATE},
            "it expired at 2026-12-17T14:00:00Z, more than its grace period of 24 hours ago",
        ),
        ({"cost": Cost(120.01)}, "its cost of 120.01 USD exceeds 120% of its spend limit of 100.00 USD"),
    ],
)
def test_above_its_bound_a_cluster_is_stopped_whatever_runs_on_it(
    evidence: Evidence, facts: dict[str, Any], reason: str, stop_when_idle: str
) -> None:
    protected = Target("busy", "group", nodes=(replace(NODE, protected=True),), desired=1)
    stopped = decision(protected, evidence, tags={Tag.STOP_WHEN_IDLE: stop_when_idle}, **facts)
    assert stopped == Decision(Action.STOP, reason, is_forced=True, terminate=frozenset({NODE.instance_id}))


@pytest.mark.parametrize(
    "facts", [{"expiry": Expiry(LATE.at + timedelta(seconds=1)) if LATE.at else None}, {"cost": Cost(120.0)}]
)
def test_up_to_its_bound_a_busy_cluster_is_left(facts: dict[str, Any]) -> None:
    assert decision(evidence=BUSY, **facts).action is Action.LEAVE


def test_without_a_grace_period_a_cluster_is_stopped_when_it_expires() -> None:
    tags = {Tag.EXPIRY_GRACE_HOURS: "0"}
    assert decision(evidence=BUSY, tags=tags, expiry=Expiry(NOW)).is_forced
    assert decision(evidence=BUSY, tags=tags, expiry=Expiry(NOW + timedelta(seconds=1))).action is Action.LEAVE


def test_an_unknown_expiry_is_not_a_bound() -> None:
    assert decision(evidence=BUSY, expiry=Expiry(None, problem="its extension is invalid")).action is Action.LEAVE


def test_without_records_the_expiry_is_not_a_bound_but_the_cost_is() -> None:
    expired = decision(evidence=UNKNOWN, expiry=LATE, has_records=False)
    assert (expired.action, expired.reason) == (
        Action.LEAVE,
        f"it expired at 2026-12-17T14:00:00Z, but it may be busy: {UNKNOWN.reason}",
    )
    assert decision(evidence=UNKNOWN, expiry=LATE, cost=Cost(120.01), has_records=False).is_forced


def test_a_temporarily_unknown_activity_is_not_reported() -> None:
    unknown = replace(UNKNOWN, is_temporary=True)
    assert decision(evidence=unknown).frequency is NotificationFrequency.NEVER


def incomplete(hours: float, *, present: int = 3) -> Target:
    """A cluster that requests four nodes and has fewer, the oldest of them for so long."""
    nodes = tuple(
        replace(NODE, instance_id=f"i-{each}", launched=NOW - timedelta(hours=hours)) for each in range(present)
    )
    return Target("waiting", "group", nodes=nodes, desired=4)


def test_a_cluster_waits_for_its_missing_nodes_up_to_the_end_of_its_waiting_time() -> None:
    assert decision(incomplete(1.9)) == Decision(Action.LEAVE, "it waits for 1 of its 4 nodes until 14:06 UTC")
    assert decision(incomplete(2)).action is Action.STOP
    assert decision(incomplete(2), tags={Tag.WAIT_FOR_NODES_MINUTES: "180"}).action is Action.LEAVE


def test_a_complete_cluster_does_not_wait() -> None:
    assert decision(incomplete(1, present=4)).action is Action.STOP


def test_neither_an_expired_cluster_nor_one_without_a_gang_waits_for_nodes() -> None:
    assert decision(incomplete(1), expiry=EXPIRED).action is Action.STOP
    assert decision(incomplete(1), tags={Tag.GANG: "false"}).action is Action.STOP


PARTLY = Target(
    "partly", "group", nodes=tuple(replace(NODE, instance_id=name) for name in ("i-1", "i-2", "i-3")), desired=3
)
TWO_IDLE = Evidence(Verdict.BUSY, "a job is running on i-1", idle_nodes=frozenset({"i-2", "i-3"}))


def test_idle_nodes_are_released_only_without_a_gang() -> None:
    assert decision(PARTLY, TWO_IDLE).release == frozenset()
    left = decision(PARTLY, TWO_IDLE, tags={Tag.GANG: "false"})
    assert (left.action, left.release) == (Action.LEAVE, {"i-2", "i-3"})


def test_idle_nodes_are_kept_with_stop_when_idle_false_until_there_is_a_cause() -> None:
    tags = {Tag.GANG: "false", Tag.STOP_WHEN_IDLE: "false"}
    assert decision(PARTLY, TWO_IDLE, tags=tags).release == frozenset()
    assert decision(PARTLY, TWO_IDLE, tags=tags, expiry=EXPIRED).release == {"i-2", "i-3"}


def test_a_protected_node_is_released_only_without_a_live_guard() -> None:
    nodes = tuple(replace(each, protected=True) for each in PARTLY.nodes)
    alive = NodeEvidence("i-2", Verdict.IDLE, "nothing runs", is_guarded=True)
    silent = NodeEvidence("i-3", Verdict.IDLE, "nothing runs")
    evidence = replace(TWO_IDLE, nodes=(alive, silent))
    assert decision(replace(PARTLY, nodes=nodes), evidence, tags={Tag.GANG: "false"}).release == {"i-3"}


def after_job(
    *,
    ended: float = 10,
    quiet: float = 10,
    launched: float = 300,
    running: bool = False,
    protected: bool = False,
    guarded: bool = False,
    keep: float | None = None,
    **tags: str,
) -> Decision:
    """The decision about a cluster whose job ended so many minutes ago, and which has shown no activity for `quiet`."""
    minute = timedelta(minutes=1)
    seen = NodeEvidence(
        NODE.instance_id,
        Verdict.BUSY,
        "it is idle for only 10 minutes",
        quiet_for=quiet * minute,
        is_guarded=guarded,
    )
    at = (NOW - ended * minute).timestamp()
    jobs = [Job("done", "completed", heartbeat_at=at, ended_at=at, keep_minutes=keep)]
    if running:
        jobs.append(Job("next", heartbeat_at=NOW.timestamp()))
    node = replace(NODE, launched=NOW - launched * minute, protected=protected)
    target = replace(RUNNING, nodes=(node,))
    return decision(target, replace(BUSY, nodes=(seen,)), jobs=jobs, tags=tags)


def test_a_cluster_is_stopped_after_the_pause_that_follows_its_last_job() -> None:
    assert after_job() == Decision(
        Action.STOP, "its last job ended at 2026-12-18T13:50:00Z, and no other began within 10 minutes"
    )
    assert after_job(ended=9).action is Action.LEAVE
    assert after_job(ended=9, **{Tag.PAUSE_MINUTES: "5"}).action is Action.STOP


def test_the_end_of_its_last_job_stops_a_cluster_that_is_not_stopped_when_idle() -> None:
    assert after_job(**{Tag.STOP_WHEN_IDLE: "false"}).action is Action.STOP


def test_a_job_may_demand_another_pause_than_its_environment() -> None:
    assert after_job(keep=60).action is Action.LEAVE
    assert after_job(ended=61, quiet=61, keep=60).action is Action.STOP
    assert after_job(ended=1, quiet=1, keep=0).action is Action.STOP


def kept_idle(**facts: Any) -> Decision:
    """The decision about an idle cluster whose job ended 40 minutes ago and keeps it for an hour."""
    at = (NOW - timedelta(minutes=40)).timestamp()
    job = Job("done", "completed", name="train", heartbeat_at=at, ended_at=at, keep_minutes=60)
    node = replace(NODE, launched=NOW - timedelta(minutes=facts.pop("launched", 300)))
    target = replace(RUNNING, nodes=(node,), desired=facts.pop("desired", RUNNING.desired))
    return decision(target, IDLE, jobs=[job], **facts)


def test_an_idle_cluster_is_kept_for_the_time_that_its_job_demands() -> None:
    assert kept_idle() == Decision(
        Action.LEAVE, "job train has ended, and its keep_minutes keep the cluster until 2026-12-18T14:20:00Z"
    )


def test_the_demand_of_a_job_does_not_outlast_quiet_hours_and_a_stop_by_a_user() -> None:
    assert kept_idle(desired=0).action is Action.STOP


def test_the_demand_of_a_job_does_not_outlast_the_expiry() -> None:
    assert kept_idle(expiry=EXPIRED).action is Action.STOP


def test_a_cluster_that_was_started_again_after_the_job_is_not_kept_by_it() -> None:
    assert kept_idle(launched=30).action is Action.STOP


@pytest.mark.parametrize("guarded", [True, False])
def test_after_a_job_a_protected_node_is_terminated_only_without_a_live_guard(*, guarded: bool) -> None:
    assert after_job(protected=True, guarded=guarded).terminate == (set() if guarded else {NODE.instance_id})


def test_the_exit_of_a_job_is_not_activity_after_it() -> None:
    assert after_job(quiet=7).action is Action.STOP


@pytest.mark.parametrize(
    "facts",
    [{"quiet": 6}, {"ended": 60, "quiet": 15}, {"running": True}, {"launched": 5}],
    ids=["activity since", "activity long after", "another job", "nodes launched since"],
)
def test_the_pause_does_not_stop_a_cluster_after(facts: dict[str, Any]) -> None:
    assert after_job(**facts).action is Action.LEAVE


@pytest.mark.parametrize(
    ("action", "dry_run", "outcome"),
    [
        (Action.STOP, False, "stopped"),
        (Action.STOP, True, "would_stop"),
        (Action.LEAVE, True, "left"),
        (Action.NOTHING, False, "nothing"),
    ],
)
def test_the_outcome_of_an_action(action: Action, *, dry_run: bool, outcome: str) -> None:
    assert Decision(action, "a reason").outcome(dry_run=dry_run) == outcome
