"""Fixtures of the pytest plugin, in a project of a user."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import os

BEFORE = dict(os.environ)

def test_changes_its_variables(local_aws, monkeypatch):
    assert os.environ["AWS_ENDPOINT_URL_STS"] == local_aws.endpoint
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_PROFILE", "none")

def test_afterwards_the_variables_are_as_before():
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**BEFORE, "PYTEST_CURRENT_TEST": ""}
"""


@pytest.mark.local_aws
def test_a_local_aws_leaves_no_variables_behind_even_if_a_test_changes_them(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(TESTS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "2 passed" in run.stdout, run.stdout
