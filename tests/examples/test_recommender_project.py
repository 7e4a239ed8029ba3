"""`examples/recommender_project` is complete: its tests pass in a copy, and its pipeline is valid.

Its files that `mlinfra init` writes too are compared in tests/ci/test_scaffold.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.programs import actionlint, check_gitlab_pipeline

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = ROOT / "examples" / "recommender_project"


@pytest.mark.lengthy
def test_the_tests_of_the_project_pass_in_a_copy_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "recommender"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "outputs"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MLINFRA_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " passed" in ended.stdout


def test_the_pipeline_of_gitlab_conforms_to_its_schema() -> None:
    ended = check_gitlab_pipeline(PROJECT / ".gitlab-ci.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_actionlint_has_no_finding_in_the_workflow(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / ".github", tmp_path / ".github")
    ended = actionlint(tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert "Checking 6 workflow file(s)" in ended.stdout
