"""`mlinfra report` as a user starts it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.programs import MLINFRA, mlinfra
from tests.unit.operations.report.project import write_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project", dev="111111111111")


def test_the_page_is_written_and_what_is_missing_is_named(root: Path) -> None:
    ended = mlinfra("report", "dev", "--no-aws", cwd=root)
    assert ended.returncode == 0
    first, second = ended.stdout.splitlines()
    assert re.fullmatch(rf"Report: {re.escape(str(root / 'report.html'))}, \d\.\d MB\.", first)
    assert second == "Not available: clusters, audit, drift. The page contains the reasons and commands."
    assert "recsys: cost and ownership" in (root / "report.html").read_text()


def test_the_file_is_chosen(root: Path) -> None:
    assert mlinfra("report", "--no-aws", "--output", "pages/cost.html", cwd=root).returncode == 0
    assert (root / "pages" / "cost.html").is_file()


def test_the_data_is_written_as_json(root: Path) -> None:
    ended = mlinfra("report", "--no-aws", "--json", cwd=root)
    assert json.loads(ended.stdout)["project"] == "recsys"
    assert not (root / "report.html").exists()


def test_an_unknown_environment_is_refused(root: Path) -> None:
    ended = mlinfra("report", "test", "--no-aws", cwd=root)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1] == "✗ There is no environment test. Declared: dev."


def test_a_file_of_another_command_is_refused(root: Path) -> None:
    (root / "drift.json").write_text("{}")
    ended = mlinfra("report", "--no-aws", "--drift", "drift.json", cwd=root)
    assert ended.returncode == 1
    assert "drift.json was not written by mlinfra drift." in ended.stderr


def test_the_report_is_served_until_it_is_interrupted(root: Path) -> None:
    command = [MLINFRA, "report", "--no-aws", "--serve"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = re.findall(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  the address of this test
            assert b"recsys: cost and ownership" in answer.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "The report is no longer served. Nothing was changed." in errors
