"""The arguments of `mlinfra apply`: folders of plans, or a list of stored ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "main.py").write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["plans/dev-data", "--stored", "plans.json"]])
def test_folders_and_a_list_exclude_each_other(arguments: list[str]) -> None:
    ended = RUNNER.invoke(app, ["apply", *arguments])
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == "Expected: either folders of plans, such as plans/dev-data, or --stored FILE."


def test_an_empty_list_applies_nothing_and_succeeds(tmp_path: Path) -> None:
    (tmp_path / "plans.json").write_text('{"plans": []}')
    ended = RUNNER.invoke(app, ["apply", "--stored", "plans.json"])
    assert (ended.exit_code, ended.output) == (0, "plans.json lists no plan. Nothing was applied.\n")
