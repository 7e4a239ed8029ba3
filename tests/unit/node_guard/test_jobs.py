"""Running jobs of a node."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.node_guard.jobs import Job, jobs_of_node, plain

NOW = 1_800_000_000.0


def record(job_id: str = "1", **changes: Any) -> dict[str, Any]:
    item = {
        "record": f"job#{job_id}",
        "job_name": "two-tower-v2",
        "status": "running",
        "heartbeat_at": str(int(NOW) - 60),
        "instance_id": "i-0a",
    }
    return {name: value for name, value in (item | changes).items() if value is not None}


def test_a_running_job_of_the_node() -> None:
    assert jobs_of_node([record()], "i-0a", NOW) == [Job("job#1", "two-tower-v2")]


@pytest.mark.parametrize(
    "changes",
    [{"status": "completed"}, {"heartbeat_at": str(int(NOW) - 3600)}, {"instance_id": "i-0b"}],
    ids=["ended", "silent", "on another node"],
)
def test_other_records_do_not_count(changes: dict[str, Any]) -> None:
    assert jobs_of_node([record(**changes)], "i-0a", NOW) == []


@pytest.mark.parametrize("changes", [{"instance_id": None}, {"heartbeat_at": None}, {"heartbeat_at": "soon"}])
def test_a_record_with_a_missing_value_may_be_of_the_node(changes: dict[str, Any]) -> None:
    assert len(jobs_of_node([record(**changes)], "i-0a", NOW)) == 1


@pytest.mark.parametrize(
    ("progress_seconds_ago", "timeout", "hung"),
    [(60, None, False), (3500, None, False), (3700, None, True), (3700, "7200", False), (700, "600", True)],
)
def test_a_job_without_progress_for_its_timeout_is_hung(
    progress_seconds_ago: int, timeout: str | None, *, hung: bool
) -> None:
    progress_at = NOW - progress_seconds_ago
    (job,) = jobs_of_node([record(progress_at=str(progress_at), progress_timeout=timeout)], "i-0a", NOW)
    assert job.hung_since == (progress_at if hung else None)


def test_a_job_that_never_reported_progress_is_not_hung() -> None:
    (job,) = jobs_of_node([record()], "i-0a", NOW)
    assert job.hung_since is None


@pytest.mark.parametrize("reporting", ["1", "1#2"])
def test_a_job_that_reports_progress_on_one_node_only_is_hung_on_all(reporting: str) -> None:
    other = record(reporting, instance_id="i-0b", progress_at=str(NOW - 4000))
    (job,) = jobs_of_node([other, record("1#3")], "i-0a", NOW)
    assert job.hung_since == NOW - 4000


def test_progress_on_any_node_is_that_of_the_job() -> None:
    other = record("1", instance_id="i-0b", progress_at=str(NOW - 60))
    (job,) = jobs_of_node([other, record("1#3", progress_at=str(NOW - 4000))], "i-0a", NOW)
    assert job.hung_since is None


def test_other_jobs_are_judged_by_their_own_progress() -> None:
    other = record("12", instance_id="i-0b", progress_at=str(NOW - 4000))
    (job,) = jobs_of_node([other, record("1")], "i-0a", NOW)
    assert job.hung_since is None


def test_the_last_start_counts_as_progress() -> None:
    (job,) = jobs_of_node([record(progress_at=str(NOW - 9000), started_at=str(NOW - 600))], "i-0a", NOW)
    assert job.hung_since is None


def test_items_of_dynamodb_lose_their_types() -> None:
    assert plain({"record": {"S": "job#1"}, "heartbeat_at": {"N": "5"}}) == {"record": "job#1", "heartbeat_at": "5"}


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ([{"responded_at": NOW - 60}], 0),
        ([{"responded_at": NOW - 660}], 600),
        ([{"responded_at": NOW - 660}, {"responded_at": NOW - 120}], 60),
        ([{"responded_at": NOW - 660}, {}], None),
        ([{"responded_at": NOW - 660, "heartbeat_at": "soon"}], None),
        ([{}], None),
    ],
)
def test_a_job_is_unresponsive_if_the_main_threads_of_all_its_nodes_are(
    parts: list[dict[str, Any]], seconds: float | None
) -> None:
    items = [record(f"1#{index}" if index else "1", **part) for index, part in enumerate(parts)]
    found = jobs_of_node(items, "i-0a", NOW)
    assert {each.unresponsive_seconds for each in found} == {seconds}
    assert {each.on_one_node for each in found} == {len(parts) == 1}
    assert {each.job_id for each in found} == {"1"}


def test_progress_on_one_node_is_progress_of_the_job() -> None:
    found = jobs_of_node([record(), record("1#1", progress_at=str(NOW - 60))], "i-0a", NOW)
    assert all(each.reports_progress for each in found)
