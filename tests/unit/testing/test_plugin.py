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


OWN_ENVIRONMENT = """
import pytest

from mlinfra.testing import example_environment

@pytest.fixture
def mlinfra_environment():
    return example_environment(name="prod")

def test_a_stack_without_an_environment_has_that_of_the_project(synth):
    assert synth.constructs(lambda stack: None).stack == "prod-test"
"""


def test_a_project_has_an_environment_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(OWN_ENVIRONMENT)
    assert "1 passed" in output_of_pytest(tmp_path)


def output_of_pytest(folder: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


@pytest.mark.local_aws
def test_a_local_aws_leaves_no_variables_behind_even_if_a_test_changes_them(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(TESTS)
    output = output_of_pytest(tmp_path)
    assert "2 passed" in output, output
