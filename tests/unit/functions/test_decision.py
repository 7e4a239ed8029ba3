"""The decision to stop a cluster or leave it running, for every combination that matters."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.functions.activity import Evidence, Verdict
from mlinfra.functions.contract import Tag
from mlinfra.functions.cost import Cost
from mlinfra.functions.decision import Action, Decision, NotificationFrequency, decide
from mlinfra.functions.expiry import Expiry
from mlinfra.functions.fleet import Node, Target
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
def test_a_cluster_that_is_or_may_be_busy_is_never_stopped_and_reported_each_run(
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
        (Cost(1_000.0, frozenset({"p5e.48xlarge"})), Action.LEAVE),
    ],
    ids=["at the limit", "above the limit", "unknown"],
)
def test_only_a_known_cost_above_the_limit_stops_a_cluster(cost: Cost, action: Action) -> None:
    assert decision(tags={Tag.STOP_WHEN_IDLE: "false"}, cost=cost).action is action


def test_a_cluster_that_waits_for_its_nodes_is_stopped_only_after_its_expiry() -> None:
    waiting = Target("waiting", "group", desired=2)
    empty = Evidence(Verdict.EMPTY, "it has no nodes")
    assert decision(waiting, empty) == Decision(Action.LEAVE, "it is waiting for its nodes to launch")
    assert decision(waiting, empty, expiry=EXPIRED) == Decision(
        Action.STOP, "it expired at 2026-12-18T13:00:00Z; it has no nodes and still requests 2"
    )


def test_a_draining_cluster_is_left_to_end_and_reported_daily() -> None:
    draining = Target("draining", "group", nodes=(NODE,))
    left = decision(draining)
    assert (left.action, left.frequency) == (Action.LEAVE, NotificationFrequency.DAILY)
    assert left.reason == "its desired capacity is already 0, and 1 of its nodes are still in the group"


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
