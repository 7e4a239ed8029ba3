"""The last lines of `mlinfra demo`. tests/deploy/test_demo.py runs it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.command import own_command
from mlinfra.operations import demo as operations
from mlinfra.operations.demo import DemoResult

if TYPE_CHECKING:
    from mlinfra.local_aws.server import LocalAws


def result(kept: LocalAws | None) -> DemoResult:
    return DemoResult(
        stacks=(),
        bucket="state",
        state_prefix="recsys/local/",
        lock_table="lock",
        seconds=180,
        log=Path("/log/demo.log"),
        training=None,
        report=Path("/log/report.html"),
        kept=kept,
    )


@pytest.mark.parametrize(
    ("kept", "ending", "tries"),
    [
        (
            None,
            "The local AWS was stopped, and everything in it was deleted.",
            ["python3 -m webbrowser file:///log/report.html", "make demo KEEP=1", "MLINFRA cost 'dev-*'"],
        ),
        (
            SimpleNamespace(endpoint="http://127.0.0.1:5000"),
            "The local AWS is running at http://127.0.0.1:5000. Stop it: MLINFRA local down",
            ['eval "$(MLINFRA local env)"', "MLINFRA runs show latest", "MLINFRA plan local-data"],
        ),
    ],
)
def test_the_last_lines_are_commands_to_try_next(
    monkeypatch: pytest.MonkeyPatch, kept: LocalAws | None, ending: str, tries: list[str]
) -> None:
    monkeypatch.setattr(operations, "demo", lambda *_, **__: result(kept))
    lines = CliRunner().invoke(app, ["demo"]).stdout.replace(own_command(), "MLINFRA").splitlines()
    start = lines.index("Try next:")
    assert lines[start - 2] == f"{ending} The log of Terraform: /log/demo.log"
    assert [each.partition(". ")[2].partition("  ")[0] for each in lines[start + 1 :]] == tries
