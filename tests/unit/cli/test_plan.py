"""Options of `mlinfra plan` that exclude each other, and `mlinfra synth`."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.cli.plan import _check_capacity
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import PlannedStack, Plans
from mlinfra.operations.deploy.saved_plan import About
from tests.unit.cli.capacity import declare

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


class TestCapacity:
    """Obstacles to the capacity of planned clusters, in a project with a local AWS."""

    @staticmethod
    def shown(root: Path, *, nodes: int, changes: bool = True, component: str = "training") -> str:
        declare(root, nodes=nodes)
        about = About(
            stack=f"capacity-{component}",
            environment="capacity",
            commit=None,
            dirty=False,
            created=datetime(2026, 11, 29, tzinfo=timezone.utc),
            mlinfra="0.1.0",
            terraform="1.11.4",
            sha256={},
            changes=changes,
        )
        plans = Plans((PlannedStack(about, root, "1 to add"),), (), (), (), ())
        text = io.StringIO()
        _check_capacity(plans, root, Console(file=text, width=300))
        return text.getvalue()

    @pytest.mark.usefixtures("local_aws")
    def test_an_exceeded_quota_of_a_changed_cluster_is_shown(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, nodes=22).startswith(
            "capacity: ✗ two-tower (on demand): The quota 'Running On-Demand P instances' is 4096 vCPUs in us-east-1, "
            "of which 0 are in use. 4224 more are needed, and 4096 are left.\n"
        )

    @pytest.mark.usefixtures("local_aws")
    def test_without_an_obstacle_nothing_is_shown(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, nodes=2) == ""

    @pytest.mark.parametrize("other", [{"changes": False}, {"component": "data"}])
    def test_other_plans_are_not_checked(self, tmp_path: Path, other: dict[str, Any]) -> None:
        assert self.shown(tmp_path, nodes=22, **other) == ""

    def test_a_failure_is_only_a_remark(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        assert self.shown(tmp_path, nodes=2).startswith(
            "The capacity was not checked: The environment 'capacity' is emulated, and AWS_ENDPOINT_URL"
        )
