"""Formats, files and exit codes of `mlinfra review`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

DESTROYED = {
    "address": "aws_s3_bucket.lake",
    "mode": "managed",
    "type": "aws_s3_bucket",
    "change": {"actions": ["delete"], "before": {"bucket": "lake"}, "after": None},
}


@pytest.fixture(autouse=True)
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan dev-data.json in the working directory, which destroys a bucket."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dev-data.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [DESTROYED]}))


def review(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["review", "dev-data.json", *arguments])


def held(text: str) -> list[Any]:
    return [each["id"] for each in json.loads(text)["findings"]]


def test_a_held_review_exits_with_3_and_names_what_needs_approval() -> None:
    result = review()
    assert result.exit_code == 3
    (digest,) = (each["digest"] for each in json.loads(review("--json").stdout)["findings"])
    found = f"Needs approval\n  MLR101 {digest} dev-data aws_s3_bucket.lake: lake is destroyed: the bucket."
    assert found in result.stdout
    assert result.stdout.endswith("1 finding needs approval\n")
    assert "cost per month: 0 USD → 0 USD" in result.stdout


def test_json_is_all_of_standard_output() -> None:
    result = review("--json")
    assert (result.exit_code, held(result.stdout), result.stderr) == (3, ["MLR101"], "")


def test_a_file_of_own_checks_can_be_tried(tmp_path: Path) -> None:
    (tmp_path / "tried.py").write_text(
        "from mlinfra.checks import ResourceCheck\n"
        "NAMED = ResourceCheck(id='ACME001', title='t', fix='f', types=('aws_s3_bucket',), find=lambda _: 'New.')\n"
    )
    created = {**DESTROYED, "change": {"actions": ["create"], "before": None, "after": {"bucket": "lake"}}}
    (tmp_path / "dev-data.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [created]}))
    assert "ACME001" not in held(review("--json").stdout)
    assert "ACME001" in held(review("--json", "--checks", "tried.py").stdout)


def test_json_and_a_file_are_both_written(tmp_path: Path) -> None:
    result = review("--json", "--out", "report.md")
    assert held(result.stdout) == ["MLR101"]
    assert result.stderr == "Plan review: 1 finding needs approval. Report: report.md.\n"
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Plan review: 1 finding needs approval\n")


def test_two_formats_of_standard_output_are_refused() -> None:
    error = review("--json", "--format", "markdown").exception
    assert isinstance(error, OperationError)
    assert error.message == "--json and --format markdown both set the format of standard output. Use one of them."


def test_a_report_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = review("--out", "file/report.md").exception
    assert isinstance(error, OperationError)
    assert error.message == "The report cannot be written to file/report.md: File exists."
