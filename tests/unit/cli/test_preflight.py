"""`mlinfra preflight` in a project with a local AWS."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.cli.preflight import show_obstacles
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import PlannedStack
from mlinfra.operations.deploy.saved_plan import About
from mlinfra.operations.preflight import checking
from mlinfra.operations.preflight.answers import PATIENT
from tests.unit.cli.capacity import declare

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "main.py").write_text("")
    (tmp_path / "environments").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("local_aws")
def test_without_an_obstacle_the_exit_code_is_0(project: Path) -> None:
    declare(project, nodes=2)
    ended = RUNNER.invoke(app, ["preflight", "capacity"])
    assert ended.exit_code == 0, ended.output
    _, row, quote = ended.stdout.splitlines()
    assert row.split()[:6] == ["two-tower", "2", "x", "p5.48xlarge", "on", "demand"]
    assert row.split()[-6:] == ["384", "4096", "of", "4096", "no", "obstacle"]
    assert quote.startswith("→ two-tower (on demand): Quote, nothing is purchased: a Capacity Block of 2 x p5.48xlarge")


@pytest.mark.usefixtures("local_aws")
def test_with_an_obstacle_the_exit_code_is_2(project: Path) -> None:
    declare(project, nodes=22)
    ended = RUNNER.invoke(app, ["preflight", "capacity", "two-tower"])
    assert ended.exit_code == 2, ended.output
    assert (
        "✗ two-tower (on demand): The quota 'Running On-Demand P instances' is 4096 vCPUs in us-east-1, of which 0 are "
        "in use. 4224 more are needed, and 4096 are left."
    ) in ended.stdout


@pytest.mark.usefixtures("local_aws")
def test_json_has_all_facts(project: Path) -> None:
    declare(project, nodes=2)
    facts = json.loads(RUNNER.invoke(app, ["preflight", "capacity", "--json"]).stdout)
    (line,) = facts["lines"]
    assert (facts["environment"], line["verdict"], line["quotas"][0]["limit"]) == ("capacity", "no obstacle", 4096)
    assert len(line["quotes"]) == 3


def test_offline_only_the_catalog_is_read(project: Path) -> None:
    declare(project, nodes=2)
    ended = RUNNER.invoke(app, ["preflight", "capacity", "--offline"])
    assert ended.exit_code == 0, ended.output
    assert "unknown" in ended.stdout
    assert (
        "AWS was not asked: prices, and the zones of types that few zones offer, are those of the catalog."
        in ended.stderr
    )


@pytest.mark.usefixtures("local_aws")
def test_credentials_of_another_account_are_refused(project: Path) -> None:
    declare(project, nodes=2, account="210987654321")
    ended = RUNNER.invoke(app, ["preflight", "capacity"])
    assert isinstance(ended.exception, OperationError)
    assert "is in account 210987654321. Nothing was changed." in ended.exception.message
    assert ended.exception.message.endswith("To read the catalog only, without AWS: --offline")


def test_an_unknown_experiment_is_refused(project: Path) -> None:
    declare(project, nodes=2)
    ended = RUNNER.invoke(app, ["preflight", "capacity", "ranker", "--offline"])
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == "'capacity' declares no experiment or queue 'ranker'. Declared: two-tower."


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
        show_obstacles([PlannedStack(about, root, "1 to add")], Console(file=text, width=300))
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
