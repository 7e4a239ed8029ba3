"""`mlinfra checks` on a terminal and in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from tests.unit.operations.checks.reports import REPORT

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.checks import CheckReport


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A project with the findings of `REPORT`; tests/unit/operations/checks/test_running.py runs the checks."""

    def run_checks(*_: object, **__: object) -> CheckReport:
        return REPORT

    for name in ("cdktf.json", "main.py"):
        (tmp_path / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mlinfra.operations.checks.run_checks", run_checks)


def test_the_checks_are_listed() -> None:
    shown = CliRunner().invoke(app, ["checks", "list"])
    assert "MLC302" in shown.stdout
    assert {"id", "level", "title", "fix", "applied", "related", "can_be_acknowledged"} == set(
        json.loads(CliRunner().invoke(app, ["checks", "list", "--json"]).stdout)[0]
    )


OWN = """
from mlinfra.checks import Check, Level, ResourceCheck

NAMED = ResourceCheck(
    id="ACME001", title="A bucket has no name.", fix="Name it.", types=("aws_s3_bucket",), find=lambda _: None
)
STACKS = Check(id="ACME002", title="A stack is large.", fix="Split it.", find=lambda _: (), level=Level.NOTE)
"""


@pytest.mark.usefixtures("findings")
def test_the_checks_of_the_project_are_listed_with_where_they_apply(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_text(OWN)
    rows = json.loads(CliRunner().invoke(app, ["checks", "list", "--json"]).stdout)
    own = {each["id"]: (each["level"], each["applied"]) for each in rows if each["id"].startswith("ACME")}
    assert own == {"ACME001": ("hold", ["synth", "review"]), "ACME002": ("note", ["synth"])}
    assert "A bucket has no name." in CliRunner().invoke(app, ["checks", "list"], env={"COLUMNS": "300"}).stdout


@pytest.mark.usefixtures("findings")
def test_a_broken_check_of_the_project_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_text(OWN.replace("ACME002", "ACME001"))
    ended = CliRunner().invoke(app, ["checks", "list"])
    assert "2 checks have the id ACME001; ids must be unique." in str(ended.exception)


@pytest.mark.usefixtures("findings")
def test_a_check_of_the_project_without_findings_is_a_passed_test(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_text(OWN)
    shown = CliRunner().invoke(app, ["checks", "run", "--format", "junit"]).stdout
    assert 'classname="dev-a" name="ACME002: A warning."' in shown
    (tmp_path / "mlinfra_checks.py").write_text(OWN.replace("ACME002", "ACME003"))
    shown = CliRunner().invoke(app, ["checks", "run", "--format", "junit"]).stdout
    assert '<testcase classname="dev-a" name="ACME003: A stack is large." />' in shown


@pytest.mark.usefixtures("findings")
def test_findings_are_shown_with_their_reasons_and_the_exit_code_of_a_held_change() -> None:
    shown = CliRunner().invoke(app, ["checks", "run"])
    assert shown.exit_code == 3
    assert shown.stdout.splitlines() == [
        "hold ACME001 in dev-a: x is <wrong>.",
        "warning ACME002 in dev-a: y is odd.",
        "hold ACME001 in dev-b: w is wrong. Its acknowledgement expired on 2026-11-29.",
        "acknowledged ACME001 at dev-b/z: Intended.",
        "2 stacks: 2 held, 1 warnings, 0 notes, 1 acknowledged.",
    ]


@pytest.mark.usefixtures("findings")
@pytest.mark.parametrize(("form", "beginning"), [("sarif", '{\n  "$schema"'), ("junit", "<?xml"), ("json", '{\n  "st')])
def test_findings_are_written_to_a_file(tmp_path: Path, form: str, beginning: str) -> None:
    out = tmp_path / "reports" / "checks"
    CliRunner().invoke(app, ["checks", "run", "--format", form, "--out", str(out)])
    assert out.read_text().startswith(beginning)


@pytest.mark.usefixtures("findings")
def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = CliRunner().invoke(app, ["checks", "run", "--out", str(tmp_path / "file" / "checks.json")])
    assert "cannot be written" in str(ended.exception)
