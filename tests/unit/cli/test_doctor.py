"""`mlinfra doctor` shows each problem with its remedy, and its exit code says whether there is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.operations.doctor import Diagnosis, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = Diagnosis("Terraform", Status.OK, "1.11.4")
WARNING = Diagnosis("dev: state", Status.WARNING, "dev-data has been locked by ana", "Wait for the end of that run")
PROBLEM = Diagnosis("Node.js", Status.PROBLEM, "it is missing [x]", "Install it: https://nodejs.org")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "main.py").write_text("")
    monkeypatch.chdir(tmp_path)


def doctor(monkeypatch: pytest.MonkeyPatch, found: list[Diagnosis], *options: str) -> tuple[int, str]:
    def diagnose(*_: object, names: object, **__: object) -> Iterator[Diagnosis]:
        assert names == ["dev"]
        yield from found

    monkeypatch.setattr("mlinfra.operations.doctor.diagnose", diagnose)
    ended = CliRunner().invoke(app, ["doctor", "dev", *options])
    return ended.exit_code, ended.stdout


def test_problems_are_counted_and_shown_with_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    code, shown = doctor(monkeypatch, [OK, WARNING, PROBLEM])
    assert code == 1
    assert shown == (
        "✓ Terraform: 1.11.4\n"
        "! dev: state: dev-data has been locked by ana\n"
        "  Wait for the end of that run\n"
        "✗ Node.js: it is missing [x]\n"
        "  Install it: https://nodejs.org\n"
        "\n1 problem.\n"
    )


def test_warnings_alone_are_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor(monkeypatch, [OK, WARNING])[0] == 0


def test_the_json_contains_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    code, shown = doctor(monkeypatch, [PROBLEM], "--json")
    assert code == 1
    assert json.loads(shown) == [
        {
            "area": "Node.js",
            "status": "problem",
            "text": "it is missing [x]",
            "remedy": "Install it: https://nodejs.org",
        }
    ]
