"""Runs in records, also of other versions and without an end."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.operations.runs.recorded_run import parse_run
from mlinfra.runner import RunStatus
from mlinfra.runner.contract import SEEN_FRESH_SECONDS
from mlinfra.runner.joining import LONGEST_WAIT_SECONDS

NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
ID = "20261130-101500-7f3a"


def ago(seconds: float) -> float:
    return NOW.timestamp() - seconds


def head(**attributes: Any) -> dict[str, Any]:
    return {"cluster": "recsys-dev-a", "record": f"run#{ID}", "status": "running", "attempt": 1} | attributes


def node(instance_id: str, attempt: int = 1, **attributes: Any) -> dict[str, Any]:
    return {"cluster": "recsys-dev-a", "record": f"run#{ID}#node#{attempt}#{instance_id}"} | attributes


def status(*items: dict[str, Any]) -> str:
    run = parse_run("dev", items, NOW)
    assert run is not None
    return run.status


def test_ranks_are_those_of_the_plan() -> None:
    plan = {
        "record": f"run#{ID}#plan#1",
        "members": [{"instance_id": "i-2", "address": "10.0.0.2"}, {"instance_id": "i-1", "address": "10.0.0.1"}],
    }
    run = parse_run("dev", [head(), plan, node("i-1", rank=7), node("i-2"), node("i-3")], NOW)
    assert run is not None
    assert run.last_attempt is not None
    assert [(each.instance_id, each.rank) for each in run.last_attempt.nodes] == [("i-2", 0), ("i-1", 1), ("i-3", None)]


def test_attempts_are_in_their_order() -> None:
    run = parse_run("dev", [head(attempt=10), node("i-1", 10), node("i-1", 9), node("i-1", 1)], NOW)
    assert run is not None
    assert [each.number for each in run.attempts] == [1, 9, 10]
    assert run.last_attempt is run.attempts[2]


def test_a_run_with_a_living_node_is_not_lost() -> None:
    assert status(head(), node("i-1", seen_at=ago(3600)), node("i-2", seen_at=ago(10))) == RunStatus.RUNNING


def test_a_run_without_a_living_node_is_lost() -> None:
    assert status(head(), node("i-1", seen_at=ago(SEEN_FRESH_SECONDS + 1))) == RunStatus.LOST


def test_a_run_with_retries_left_waits_for_a_replaced_node() -> None:
    silent = node("i-1", seen_at=ago(SEEN_FRESH_SECONDS + 1))
    assert status(head(retries=1), silent) == RunStatus.RETRYING
    assert status(head(retries=1), node("i-1", seen_at=ago(LONGEST_WAIT_SECONDS + 1))) == RunStatus.LOST


def test_an_attempt_that_ended_with_the_replacement_of_a_node_does_not_count() -> None:
    silent = node("i-1", 2, seen_at=ago(SEEN_FRESH_SECONDS + 1))
    assert status(head(attempt=2, retries=1), silent) == RunStatus.LOST
    assert status(head(attempt=2, retries=1, replaced=1), silent) == RunStatus.RETRYING


def test_nodes_of_earlier_attempts_are_not_living() -> None:
    run = parse_run("dev", [head(attempt=2, status="retrying"), node("i-1", 1, seen_at=ago(5))], NOW)
    assert run is not None
    assert run.status == RunStatus.RETRYING
    assert run.living == ()


def test_a_run_that_no_node_joins_is_lost_after_a_day() -> None:
    assert status(head(status="waiting", submitted_at=ago(3600))) == RunStatus.WAITING
    assert status(head(status="waiting", submitted_at=ago(25 * 3600))) == RunStatus.LOST


def test_a_run_may_wait_in_a_queue_for_longer() -> None:
    assert status(head(status="waiting", submitted_at=ago(25 * 3600), batch_job_id="j")) == RunStatus.WAITING


def test_a_cancelled_run_that_no_node_reports_is_cancelled() -> None:
    silent = node("i-1", seen_at=ago(300))
    assert status(head(cancelled_at=ago(200)), silent) == RunStatus.CANCELLED


@pytest.mark.parametrize("ended", RunStatus.ENDED)
def test_the_end_is_final(ended: str) -> None:
    assert status(head(status=ended), node("i-1", seen_at=ago(3600))) == ended


def test_records_of_another_version_are_read_as_far_as_possible() -> None:
    items = [
        head(status="paused", nodes="many", submitted_at="soon", started_at=1e30, retries=None, new=["x"]),
        {"record": f"run#{ID}#plan#x", "members": "none"},
        {"record": f"run#{ID}#plan#1", "members": ["i-1", {"instance_id": "i-2"}]},
        {"record": f"run#{ID}#metrics#1"},
        node("i-1", seen_at="never", gpu_percent="high", exit_code="?"),
    ]
    run = parse_run("dev", items, NOW)
    assert run is not None
    assert (run.status, run.nodes, run.submitted_at, run.started_at, run.retries) == ("paused", None, None, None, 0)
    assert [each.instance_id for each in run.attempts[0].members] == ["i-2"]
    assert run.attempts[0].nodes[0].gpu_percent is None


def test_without_the_record_of_the_run_there_is_none() -> None:
    assert parse_run("dev", [node("i-1", seen_at=ago(5))], NOW) is None


def test_the_duration_ends_with_the_run() -> None:
    run = parse_run("dev", [head(status="failed", started_at=ago(100), ended_at=ago(40))], NOW)
    assert run is not None
    assert run.duration == timedelta(seconds=60)


def test_the_duration_of_an_active_run_ends_now() -> None:
    run = parse_run("dev", [head(started_at=ago(100)), node("i-1", seen_at=ago(3))], NOW)
    assert run is not None
    assert run.duration == timedelta(seconds=100)


def test_the_duration_of_a_lost_run_ends_with_its_last_report() -> None:
    run = parse_run("dev", [head(started_at=ago(1000)), node("i-1", seen_at=ago(900))], NOW)
    assert run is not None
    assert run.duration == timedelta(seconds=100)
