"""Metrics of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.registration.metrics import read_metrics
from mlinfra.operations.registration.outputs import RunOutputs
from tests.unit.operations.registration.conftest import ENVIRONMENT, SPECIFICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.operations.registration.conftest import RecordedRun


def metrics() -> Mapping[str, float]:
    return read_metrics(RunOutputs.of(account_of(ENVIRONMENT), SPECIFICATION))


def test_a_run_without_the_file_has_no_metrics(run: RecordedRun) -> None:
    del run
    assert metrics() == {}


def test_numbers_in_objects_have_dotted_names_and_other_values_are_left_out(run: RecordedRun) -> None:
    run.write("metrics.json", b'{"loss": 1, "test": {"recall": {"at_10": 0.5}}, "done": true, "note": "x", "all": [1]}')
    assert metrics() == {"loss": 1, "test.recall.at_10": 0.5}


@pytest.mark.parametrize("content", [b"[1]", b"loss=1", b"\xff"])
def test_a_file_that_is_not_an_object_is_refused(run: RecordedRun, content: bytes) -> None:
    run.write("metrics.json", content)
    with pytest.raises(OperationError, match=r"The metrics of the run are not a JSON object: s3://.*metrics\.json"):
        metrics()
