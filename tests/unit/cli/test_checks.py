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
