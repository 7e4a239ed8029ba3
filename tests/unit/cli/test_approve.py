"""Messages and files of `mlinfra approve`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError
from tests.unit.operations.review.approvals import BUCKET

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a saved plan that destroys a bucket."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text("")
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "environments").mkdir()
    folder = tmp_path / "plans" / "dev-data"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [BUCKET]}))


def approve(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["approve", *arguments, "--reason", "It was copied.", "--who", "ana@example.com"])


def test_the_approved_text_the_file_and_the_next_command_are_shown() -> None:
    result = approve("MLR101")
    assert result.exit_code == 0
    assert "aws_s3_bucket.x: b is destroyed: the bucket." in result.stdout
    assert "  Approved in approvals/dev-data.yaml.\n" in result.stdout
    assert result.stdout.endswith("Next: git add approvals/dev-data.yaml && git commit -m 'Approve MLR101'\n")
    review = CliRunner().invoke(app, ["review", "plans/dev-data"])
    assert review.exit_code == 0
    assert "approved by ana@example.com, until " in review.stdout


def test_json_is_all_of_standard_output() -> None:
    (found,) = json.loads(approve("MLR101", "--json").stdout)
    assert (found["finding"], found["file"]) == ("MLR101", "approvals/dev-data.yaml")


def test_without_plans_nothing_is_approved(tmp_path: Path) -> None:
    (tmp_path / "plans" / "dev-data" / "plan.json").unlink()
    error = approve("MLR101").exception
    assert isinstance(error, OperationError)
    assert error.message == "There is no plan in plans/. No approval was recorded. Plan first, or use --plan."
