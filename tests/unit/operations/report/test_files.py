"""Results of other commands in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.report.files import read_result

if TYPE_CHECKING:
    from pathlib import Path

DRIFT = {"environment": "dev", "created": "2026-11-24T03:00:00+00:00", "stacks": []}


def test_a_result_is_read(tmp_path: Path) -> None:
    path = tmp_path / "drift.json"
    path.write_text(json.dumps(DRIFT))
    assert read_result(path, "drift") == DRIFT


@pytest.mark.parametrize("content", [{}, [], {"environment": "dev", "created": 1, "stacks": []}, {"items": []}])
def test_a_result_of_another_command_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content))
    with pytest.raises(OperationError) as refused:
        read_result(path, "drift")
    assert str(refused.value) == (
        f"{path} was not written by mlinfra drift. Expected: the output of mlinfra drift --json, with environment, "
        f"created, stacks."
    )


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "drift.md"
    path.write_text("# Drift of dev")
    with pytest.raises(OperationError, match=r"drift\.md is not JSON: .* Expected: the output of mlinfra drift --json"):
        read_result(path, "drift")


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"none\.json cannot be read: No such file or directory\."):
        read_result(tmp_path / "none.json", "audit")
