"""Decision how an attempt ended."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.runner.contract import Fault, Member
from mlinfra.runner.settlement import FREE_REPLACEMENTS, Outcome, settle
from mlinfra.runner.state import NodeState, RunState

MEMBERS = (Member("i-a", "10.0.0.1"), Member("i-b", "10.0.0.2"))


def node(instance_id: str, **values: Any) -> NodeState:
    """A member that has ended with exit code 0, with these changes."""
    ended = {"ended_at": 100, "saved": True, "exit_code": 0, "ready_at": 50}
    return NodeState(instance_id, "", 100, "uploading", **{**ended, **values})


def run(*nodes: NodeState, **values: Any) -> RunState:
    """A run on two nodes."""
    given: dict[str, Any] = {
        "status": "running",
        "attempt": 1,
        "nodes_needed": 2,
        "bucket": "b",
        "specification": "s",
        "cancelled_by": None,
        "submitted_at": 0,
        "started_at": 10,
        "replaced": 0,
        "members": MEMBERS,
        "checkpoint": None,
        "last_seen_at": 100,
        **values,
    }
    return RunState(nodes={each.instance_id: each for each in nodes}, **given)


def failed(instance_id: str, fault: str = Fault.CODE, **values: Any) -> NodeState:
    """A member with a fault of its own."""
    return node(instance_id, **{"fault": fault, "exit_code": 1, "reason": f"{fault} of {instance_id}", **values})


STOPPED = {"stopped": True, "exit_code": 143}


def test_a_run_has_succeeded_once_all_members_have() -> None:
    assert settle(run(node("i-a"), node("i-b")), set(), retries=0) == Outcome("succeeded", exit_code=0)


@pytest.mark.parametrize("other", [node("i-b", ended_at=None), node("i-b", saved=False)])
def test_the_end_of_every_living_member_is_awaited(other: NodeState) -> None:
    assert settle(run(failed("i-a"), other), set(), retries=1) is None
    assert settle(run(failed("i-a")), set(), retries=1) is None


def test_a_failure_of_the_command_is_never_retried_and_the_first_one_counts() -> None:
    state = run(failed("i-a", ended_at=101, exit_code=4), failed("i-b", ended_at=100, exit_code=3))
    assert settle(state, set(), retries=5) == Outcome(
        "failed", "code of i-b", "code", exit_code=3, failed_rank=1, failed_instance="i-b"
    )


def test_a_lost_node_explains_the_failure_of_the_command_on_others() -> None:
    outcome = settle(run(failed("i-a")), {"i-b"}, retries=1)
    assert outcome == Outcome(
        "retrying",
        "node i-b (rank 1) was lost: it no longer reports",
        "node",
        failed_rank=1,
        failed_instance="i-b",
    )


def test_a_lost_node_that_ec2_had_announced_to_terminate_is_an_interruption() -> None:
    gone = node("i-b", ended_at=None, notice_ends_at=90, notice_reason="spot interruption")
    outcome = settle(run(node("i-a", **STOPPED), gone), {"i-b"}, retries=1)
    assert outcome is not None
    assert (outcome.fault, outcome.reason) == (
        "interruption",
        "node i-b (rank 1) was terminated: spot interruption",
    )


@pytest.mark.parametrize("fault", [Fault.HEALTH, Fault.INTERRUPTION, Fault.NODE])
def test_faults_of_nodes_are_retried_as_often_as_the_run_allows(fault: str) -> None:
    def status(attempt: int) -> str:
        outcome = settle(run(failed("i-a", fault), node("i-b", **STOPPED), attempt=attempt), set(), retries=2)
        assert outcome is not None
        return outcome.status

    assert [status(attempt) for attempt in (1, 2, 3)] == ["retrying", "retrying", "failed"]


def test_faulty_hardware_that_is_found_before_the_command_runs_costs_no_retry() -> None:
    def outcome(attempt: int, replaced: int) -> Outcome | None:
        state = run(
            failed("i-a", Fault.HEALTH, ready_at=None), node("i-b", **STOPPED), attempt=attempt, replaced=replaced
        )
        return settle(state, set(), retries=0)

    for replaced in range(FREE_REPLACEMENTS):
        found = outcome(replaced + 1, replaced)
        assert found is not None
        assert (found.status, found.replaced) == ("retrying", replaced + 1)
    last = outcome(FREE_REPLACEMENTS + 1, FREE_REPLACEMENTS)
    assert last is not None
    assert last.status == "failed"


def test_a_cancelled_run_is_cancelled_whatever_its_nodes_did() -> None:
    outcome = settle(run(failed("i-a"), cancelled_by="ana"), {"i-b"}, retries=3)
    assert outcome == Outcome("cancelled", "cancelled by ana")


def test_a_run_that_succeeded_before_it_was_cancelled_has_succeeded() -> None:
    outcome = settle(run(node("i-a"), node("i-b"), cancelled_by="ana"), set(), retries=0)
    assert outcome == Outcome("succeeded", exit_code=0)
