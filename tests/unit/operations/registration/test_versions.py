"""Versions of a model, with the run and the commit that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.operations.registration import list_versions, register_run
from tests.unit.operations.registration.conftest import COMMIT, ENVIRONMENT
from tests.unit.operations.runs.recorded import RUN_ID

if TYPE_CHECKING:
    from tests.unit.operations.registration.conftest import RecordedRun


def test_the_newest_version_comes_first_with_its_run_commit_and_metrics(run: RecordedRun, registry: Any) -> None:
    registry.create_model_package(ModelPackageGroupName="recsys-dev-two-tower", ModelPackageDescription="by hand")
    run.write("metrics.json", b'{"recall_at_10": 0.6}')
    register_run(ENVIRONMENT, "two-tower", RUN_ID)
    newest, by_hand = list_versions(ENVIRONMENT, "two-tower")
    assert (newest.version, newest.run_id, newest.commit) == (2, RUN_ID, COMMIT)
    assert newest.metrics == {"recall_at_10": "0.6"}
    assert (by_hand.version, by_hand.run_id, by_hand.commit, by_hand.metrics) == (1, None, None, {})


def test_a_limit_ends_the_list(run: RecordedRun, registry: Any) -> None:
    del run
    for _ in range(3):
        registry.create_model_package(ModelPackageGroupName="recsys-dev-two-tower")
    assert [each.version for each in list_versions(ENVIRONMENT, "two-tower", limit=2)] == [3, 2]
