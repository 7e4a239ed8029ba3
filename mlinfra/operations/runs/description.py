"""All information about a run: records, specification, result and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.errors import OperationError
from mlinfra.operations.json_objects import json_object
from mlinfra.operations.runs.figures import run_figures
from mlinfra.operations.runs.run_objects import read_object, read_specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.operations.runs.figures import RunFigures
    from mlinfra.operations.runs.recorded_run import Run
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.runner import RunSpecification


@dataclass(frozen=True)
class RunDescription:
    """A run, and the objects that belong to it."""

    run: Run
    figures: RunFigures
    specification: RunSpecification | None
    result: Mapping[str, Any] | None
    """The content of `result.json`. None: the run has not ended, or wrote none."""
    problems: tuple[str, ...] = ()
    """Information that could not be read, as sentences."""

    @property
    def commit(self) -> str | None:
        """The commit of its code. None: unknown."""
        recorded = self.specification.provenance.commit if self.specification else None
        return recorded or self.run.commit

    @property
    def outputs_uri(self) -> str | None:
        """The location of its outputs, as an S3 URI."""
        if self.specification is None:
            return None
        return f"s3://{self.specification.bucket}/{self.specification.run_object('outputs/')}"


def describe_run(table: RunTable, run: Run) -> RunDescription:
    """The run with its specification and result. An object that cannot be read is a problem of the description."""
    problems: list[str] = []
    specification: RunSpecification | None = None
    result: Mapping[str, Any] | None = None
    try:
        specification = read_specification(table.account, run)
        if run.has_ended:
            result = _result(table, specification)
    except OperationError as error:
        problems.append(str(error))
    return RunDescription(run, run_figures(table.environment, run), specification, result, tuple(problems))


def _result(table: RunTable, specification: RunSpecification) -> Mapping[str, Any] | None:
    key = specification.run_object("result.json")
    text = read_object(table.account, specification.bucket, key)
    if text is None:
        return None
    content = json_object(text)
    if content is None:
        message = (
            f"The result of the run {specification.run_id} is not a JSON object: s3://{specification.bucket}/{key}"
        )
        raise OperationError(message)
    return content
