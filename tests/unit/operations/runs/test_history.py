"""Listing and lookup of runs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.runs import RunFilter, find_run, list_runs
from tests.unit.operations.runs.recorded import ANA, ENVIRONMENT, ME, put_node, put_run, seconds_ago

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, MIDDLE, NEW = "20261029-080000-aaaa", "20261101-090000-bbbb", "20261130-101500-7f3a"

pytestmark = pytest.mark.usefixtures("fixed_clock")


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Months are counted from the end of November 2026."""
    import mlinfra.operations.runs.history as module

    original = module.last_months
    day = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
    monkeypatch.setattr(module, "last_months", lambda _, days: original(day, days))


@pytest.fixture
def three(records: Callable[..., Any]) -> None:
    """Three runs: of a removed experiment, of a queue, and of a cluster."""
    del records
    put_run(OLD, partition="recsys-dev-gone", experiment="gone", status="succeeded", submitted_by=ME)
    put_run(MIDDLE, partition="recsys-dev-shared-spot", status="failed", experiment="ranker")
    put_run(NEW)
    put_node("i-1", run_id=NEW)


def ids(wanted: RunFilter | None = None, **arguments: Any) -> list[str]:
    return [each.run_id for each in list_runs(ENVIRONMENT, wanted, **arguments).runs]


@pytest.mark.usefixtures("three")
def test_runs_of_all_clusters_queues_and_months_are_listed_the_newest_first() -> None:
    assert ids() == [NEW, MIDDLE, OLD]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RunFilter(experiment="gone"), [OLD]),
        (RunFilter(statuses=["failed", "succeeded"]), [MIDDLE, OLD]),
        (RunFilter(statuses=["running"]), [NEW]),
        (RunFilter(submitted_by=ME), [OLD]),
        (RunFilter(since=datetime(2026, 11, 1, tzinfo=timezone.utc)), [NEW, MIDDLE]),
    ],
)
def test_runs_are_filtered(wanted: RunFilter, expected: list[str]) -> None:
    assert ids(wanted) == expected


@pytest.mark.usefixtures("three")
def test_pages_continue_where_the_last_one_ended() -> None:
    first = list_runs(ENVIRONMENT, limit=2)
    assert [each.run_id for each in first.runs] == [NEW, MIDDLE]
    assert ids(before=first.more_before) == [OLD]
    assert list_runs(ENVIRONMENT, limit=3).more_before is None


def test_more_runs_than_dynamodb_returns_in_a_page_are_listed(records: Callable[..., Any]) -> None:
    del records
    for number in range(12):
        # DynamoDB returns at most 1 MB in a page; BatchGetItem leaves out keys above 16 MB.
        put_run(f"20261130-1015{number:02}-0000", status="failed", reason="x" * 390_000)
    assert len(ids(limit=100)) == 12


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("wanted", [NEW, "20261130", "20261130-10", "7f3a", NEW[:-1]])
def test_a_run_is_found_by_its_id_a_beginning_or_its_end(wanted: str) -> None:
    assert find_run(ENVIRONMENT, wanted).run_id == NEW


@pytest.mark.usefixtures("three")
def test_an_ambiguous_beginning_is_an_error_that_names_the_runs() -> None:
    with pytest.raises(OperationError, match=f"'202611' is ambiguous: {NEW}, {MIDDLE}"):
        find_run(ENVIRONMENT, "202611")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("wanted", ["20261130-101500-0000", "beef", "train", "2", "", "runs#2026-11"])
def test_an_unknown_id_is_an_error_that_says_how_to_list_runs(wanted: str) -> None:
    with pytest.raises(OperationError, match=r"There is no run .* runs list --env dev"):
        find_run(ENVIRONMENT, wanted)


@pytest.mark.usefixtures("three")
def test_latest_is_the_newest_run_of_the_caller() -> None:
    assert find_run(ENVIRONMENT, "latest").run_id == OLD


def test_latest_is_the_newest_of_all_if_the_caller_has_none(records: Callable[..., Any]) -> None:
    del records
    put_run(MIDDLE)
    assert find_run(ENVIRONMENT, "latest").submitted_by == ANA


def test_before_the_first_run_latest_says_how_to_start_one(records: Callable[..., Any]) -> None:
    del records
    with pytest.raises(OperationError, match=r"no runs in 'dev' yet. To start one: .* run EXPERIMENT"):
        find_run(ENVIRONMENT, "latest")


def test_without_a_table_the_error_names_the_stack(client: Callable[..., Any]) -> None:
    del client
    with pytest.raises(OperationError, match=r"has no table of records .* Deploy it: .*mlinfra up dev dev-training"):
        list_runs(ENVIRONMENT)


def test_an_index_without_its_run_is_left_out(records: Callable[..., Any]) -> None:
    put_run(NEW)
    key = {"cluster": {"S": "recsys-dev-two-tower-v2"}, "record": {"S": f"run#{NEW}"}}
    records("dynamodb").delete_item(TableName=ENVIRONMENT.names.records_table, Key=key)
    assert ids() == []


def test_a_run_without_a_living_node_is_listed_as_lost(records: Callable[..., Any]) -> None:
    del records
    put_run(NEW, started_at=seconds_ago(4000))
    put_node("i-1", run_id=NEW, seen=3600)
    (run,) = list_runs(ENVIRONMENT, RunFilter(statuses=["lost"])).runs
    assert run.reason is not None
    assert run.reason.startswith("no node has reported it since ")
