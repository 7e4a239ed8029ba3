"""Metrics of a run: a file `metrics.json` that the command writes to its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.operations.json_objects import json_object
from mlinfra.operations.registration.outputs import RunOutputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.runs import RunDescription

METRICS_FILE: Final = "metrics.json"
"""The file in the outputs of a run: an object of numbers, and of objects of numbers."""


def read_metrics(outputs: RunOutputs) -> Mapping[str, float]:
    """The metrics of a run by name, such as `test.recall_at_10`. Empty: the run wrote none.

    Values that are not numbers are left out.

    Raises:
        OperationError: if the file cannot be read, or is not a JSON object.
    """
    content = outputs.read(METRICS_FILE)
    if content is None:
        return {}
    found = json_object(content)
    if found is None:
        message = (
            f"The metrics of the run are not a JSON object: {outputs.uri(METRICS_FILE)}. Expected: names and numbers, "
            f'such as {{"recall_at_10": 0.42}}.'
        )
        raise OperationError(message)
    return dict(_flat(found))


def read_run_metrics(account: AwsAccount, description: RunDescription) -> Mapping[str, float]:
    """The metrics of a run, as `read_metrics`. Empty: its specification cannot be read.

    Raises:
        OperationError: if the file cannot be read, or is not a JSON object.
    """
    if description.specification is None:
        return {}
    return read_metrics(RunOutputs.of(account, description.specification))


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f"{path}{name}", value
