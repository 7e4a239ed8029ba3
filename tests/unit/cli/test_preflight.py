"""`mlinfra preflight` in a project with a local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError
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
    assert row.endswith("384  4096 of 4096  no obstacle")
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
    assert "AWS was not asked: zones and prices are those of the catalog." in ended.stderr


@pytest.mark.usefixtures("local_aws")
def test_credentials_of_another_account_are_refused(project: Path) -> None:
    declare(project, nodes=2, account="210987654321")
    ended = RUNNER.invoke(app, ["preflight", "capacity"])
    assert isinstance(ended.exception, OperationError)
    assert "is in account 210987654321. Nothing was changed." in ended.exception.message


def test_an_unknown_experiment_is_refused(project: Path) -> None:
    declare(project, nodes=2)
    ended = RUNNER.invoke(app, ["preflight", "capacity", "ranker", "--offline"])
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == "'capacity' declares no experiment or queue 'ranker'. Declared: two-tower."
