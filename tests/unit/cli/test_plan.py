"""Options of `mlinfra plan` that exclude each other, and `mlinfra synth`."""

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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--synthesized", "synthesized", "--changed-since", "HEAD"],
            "--synthesized and --changed-since exclude each other: `synth --changed-since` compares the stacks.",
        ),
        (
            ["--allow-provider", "DataDog/datadog"],
            "--allow-provider is for --synthesized only: other plans accept all providers.",
        ),
    ],
)
def test_options_that_have_no_effect_together_are_refused(arguments: list[str], message: str) -> None:
    ended = RUNNER.invoke(app, ["plan", *arguments])
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == message


def test_a_folder_that_synth_did_not_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "synthesized").mkdir()
    ended = RUNNER.invoke(app, ["plan", "--synthesized", "synthesized"])
    assert isinstance(ended.exception, OperationError)
    assert "is not a folder that `mlinfra synth` wrote" in ended.exception.message
