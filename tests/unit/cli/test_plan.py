"""Options of `mlinfra plan` that exclude each other, and `mlinfra synth`."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.cli.plan import _conclude, _remark
from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import PlannedStack, Plans
from mlinfra.operations.deploy.saved_plan import About

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


def test_a_stack_that_is_no_longer_declared_is_named_with_the_way_to_destroy_it() -> None:
    text = io.StringIO()
    _remark(Plans((), (), (), ("dev-studio",), ()), Console(file=text, width=300), "v2.3")
    assert text.getvalue() == (
        "! dev-studio is no longer declared, and its resources still exist. To destroy them: git worktree add "
        f"../before v2.3, and in that folder: {own_command()} destroy ENV dev-studio\n"
    )


def test_a_folder_that_synth_did_not_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "synthesized").mkdir()
    ended = RUNNER.invoke(app, ["plan", "--synthesized", "synthesized"])
    assert isinstance(ended.exception, OperationError)
    assert "is not a folder that `mlinfra synth` wrote" in ended.exception.message


class TestCost:
    """The estimated cost after the plans."""

    @staticmethod
    def shown(folder: Path) -> str:
        about = About(
            stack="dev-foundation",
            environment="dev",
            commit=None,
            dirty=False,
            created=datetime(2026, 11, 29, tzinfo=timezone.utc),
            mlinfra="0.1.0",
            terraform="1.11.4",
            sha256={},
            changes=True,
        )
        text = io.StringIO()
        _conclude(Plans((PlannedStack(about, folder, "1 to add"),), (), (), (), ()), Console(file=text, width=300))
        return text.getvalue()

    def test_the_cost_before_and_after_is_shown(self, tmp_path: Path) -> None:
        change = {"actions": ["create"], "before": None, "after": {}}
        gateway = {"address": "aws_nat_gateway.x", "mode": "managed", "type": "aws_nat_gateway", "change": change}
        folder = tmp_path / "dev-foundation"
        folder.mkdir()
        (folder / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [gateway]}))
        assert "Cost: 0 -> 37.35 USD a month (+37.35)\n" in self.shown(folder)

    def test_a_plan_that_cannot_be_read_is_only_a_remark(self, tmp_path: Path) -> None:
        (tmp_path / "plan.json").write_text("{")
        assert "The cost is unknown: " in self.shown(tmp_path)
        assert "1 plan in " in self.shown(tmp_path)
