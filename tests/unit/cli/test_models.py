"""`mlinfra models` as a user runs it, against the local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from tests.unit.operations.registration.conftest import COMMIT, registry, run
from tests.unit.operations.runs.recorded import RUN_ID

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from tests.unit.operations.registration.conftest import RecordedRun

__all__ = ["registry", "run"]  # fixtures

DECLARATION = """
from mlinfra import Environment, RegisteredModel

dev = Environment(
    name="dev", project="recsys", account_id="123456789012", region="us-east-1", team="ml", cost_center="none",
    repository="example.com", monthly_spend_limit_usd=1, emulated=True,
    models=[RegisteredModel(name="two-tower", owner="ana@example.com", description="Which items a user may like.")],
)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with the environment of the run."""
    (tmp_path / "environments").mkdir()
    for name in ("cdktf.json", "main.py"):
        (tmp_path / name).touch()
    (tmp_path / "environments" / "dev.py").write_text(DECLARATION)
    monkeypatch.chdir(tmp_path)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments])


def test_the_version_is_shown_with_run_commit_model_and_metrics(run: RecordedRun) -> None:
    run.write("metrics.json", b'{"recall_at_10": 0.6}')
    shown = invoke("register", "dev", "two-tower", RUN_ID)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[0] == "Version 1 of two-tower: registered (PendingManualApproval)."
    for expected in (RUN_ID, COMMIT, "outputs/model/", "recall_at_10  0.6"):
        assert expected in shown.stdout
    again = invoke("register", "dev", "two-tower", RUN_ID)
    assert "Version 1 of two-tower: was registered before; nothing was changed" in again.stdout


def test_json_contains_the_version_and_the_metrics(run: RecordedRun) -> None:
    run.write("metrics.json", b'{"recall_at_10": 0.6}')
    content = json.loads(invoke("register", "dev", "two-tower", RUN_ID, "--json").stdout)
    assert content["is_new"] is True
    assert content["version"]["version"] == 1
    assert content["metrics"] == {"recall_at_10": 0.6}


def test_versions_are_listed_with_their_runs(run: RecordedRun) -> None:
    del run
    assert invoke("versions", "dev", "two-tower").stdout == "two-tower has no versions.\n"
    invoke("register", "dev", "two-tower", RUN_ID)
    listed = invoke("versions", "dev", "two-tower").stdout
    assert RUN_ID in listed
    assert COMMIT[:12] in listed
    assert json.loads(invoke("versions", "dev", "two-tower", "--json").stdout)[0]["run_id"] == RUN_ID
