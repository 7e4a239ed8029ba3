"""Keys of the records of runs."""

from __future__ import annotations

from mlinfra.runner import RunKey, run_index
from mlinfra.runner.contract import RUN_ID

KEY = RunKey("recsys-dev-two-tower-v2", "20261130-101500-7f3a")


def test_all_records_of_a_run_begin_with_its_own() -> None:
    run = KEY.run["record"]
    assert KEY.plan(2)["record"].startswith(run)
    assert KEY.node(2, "i-1")["record"].startswith(run)


def test_records_are_in_the_partition_of_the_cluster() -> None:
    assert {KEY.run["cluster"], KEY.plan(1)["cluster"], KEY.node(1, "i-1")["cluster"]} == {"recsys-dev-two-tower-v2"}


def test_the_index_is_by_month() -> None:
    assert RUN_ID.fullmatch(KEY.run_id)
    assert run_index(KEY.run_id) == "runs#2026-11"
