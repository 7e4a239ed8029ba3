"""Options of `mlinfra plan` that exclude each other, and `mlinfra synth`."""

from __future__ import annotations

import io
import json
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
from mlinfra.operations.preflight import checking
from mlinfra.operations.preflight.answers import PATIENT

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


def stack_of(nodes: int) -> dict[str, Any]:
    """A stack with one cluster of p5.48xlarge, as Terraform JSON."""
    tags = {"Experiment": "two-tower", "Environment": "dev", "Project": "recsys", "Owner": "ana@example.com"}
    return {
        "provider": {"aws": [{"region": "us-east-1"}]},
        "resource": {
            "aws_launch_template": {"nodes": {"instance_type": "p5.48xlarge"}},
            "aws_autoscaling_group": {
                "nodes": {
                    "launch_template": {"id": "${aws_launch_template.nodes.id}"},
                    "max_size": nodes,
                    "tag": [{"key": key, "value": value} for key, value in tags.items()],
                }
            },
        },
    }


class TestCapacity:
    """Obstacles to the capacity of planned clusters, in a project with a local AWS."""

    @pytest.fixture
    def patient(self, local_aws: object, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002
        """Wait for the answers of a local AWS on a busy machine."""
        monkeypatch.setattr(checking, "QUICK_SECONDS", 120)
        monkeypatch.setattr(checking, "QUICK", PATIENT)

    @staticmethod
    def shown(root: Path, *, nodes: int, changes: bool = True, content: str | None = None) -> str:
        (root / "stack").mkdir()
        (root / "stack" / "cdk.tf.json").write_text(content or json.dumps(stack_of(nodes)))
        about = About(
            stack="dev-training",
            environment="dev",
            commit=None,
            dirty=False,
            created=datetime(2026, 11, 29, tzinfo=timezone.utc),
            mlinfra="0.1.0",
            terraform="1.11.4",
            sha256={},
            changes=changes,
        )
        text = io.StringIO()
        _check_capacity(Plans((PlannedStack(about, root, "1 to add"),), (), (), (), ()), Console(file=text, width=300))
        return text.getvalue()

    @pytest.mark.usefixtures("patient")
    def test_an_exceeded_quota_of_a_changed_cluster_is_shown(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, nodes=22).startswith(
            "dev: ✗ two-tower (on demand): The quota 'Running On-Demand P instances' is 4096 vCPUs in us-east-1, "
            "of which 0 are in use. 4224 more are needed, and 4096 are left.\n"
        )

    @pytest.mark.usefixtures("patient")
    def test_without_an_obstacle_nothing_is_shown(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, nodes=2) == ""

    def test_a_plan_without_changes_is_not_checked(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, nodes=22, changes=False) == ""

    def test_a_failure_is_only_a_remark(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, nodes=2, content="{").startswith(
            "The capacity was not checked: The synthesized stack"
        )

    def test_missing_credentials_are_only_a_remark(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        assert self.shown(tmp_path, nodes=2).startswith("dev: not checked: zones that offer the instance types, ")
