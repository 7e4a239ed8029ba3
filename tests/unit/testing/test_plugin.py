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


def test_a_start_of_pytest_imports_no_part_of_mlinfra_that_a_test_may_use() -> None:
    program = "import sys, mlinfra.testing.plugin; print(*(each for each in sys.modules if each.startswith('mlinfra')))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(ended.stdout.split()) == {"mlinfra", "mlinfra.lazy_names", "mlinfra.testing", "mlinfra.testing.plugin"}


@pytest.mark.local_aws
def test_a_local_aws_leaves_no_variables_behind_even_if_a_test_changes_them(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(TESTS)
    output = output_of_pytest(tmp_path)
    assert "2 passed" in output, output


SHARED = """
import os

import boto3
import pytest

BEFORE = dict(os.environ)

def parameters():
    return boto3.client("ssm").describe_parameters()["Parameters"]

@pytest.fixture(scope="module")
def parameter(module_local_aws):
    boto3.client("ssm").put_parameter(Name="shared", Value="1", Type="String")

@pytest.mark.parametrize("number", range(2))
def test_all_tests_see_what_the_fixture_made(parameter, number):
    assert [each["Name"] for each in parameters()] == ["shared"]

def test_a_stack_of_the_module_is_for_the_local_aws(module_synth):
    assert module_synth.constructs(lambda stack: None).stack == "local-test"
"""

NEXT = """
import os

from test_a_shared import BEFORE, parameters

def test_variables_are_as_before():
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**BEFORE, "PYTEST_CURRENT_TEST": ""}

def test_the_local_aws_is_empty(module_local_aws):
    assert parameters() == []
"""


@pytest.mark.local_aws
def test_a_local_aws_of_a_module_is_empty_before_it_and_shared_by_its_tests(tmp_path: Path) -> None:
    (tmp_path / "test_a_shared.py").write_text(SHARED)
    (tmp_path / "test_b_next.py").write_text(NEXT)
    output = output_of_pytest(tmp_path)
    assert "5 passed" in output, output


REQUIRING = """
def test_it_plans(terraform):
    pass
"""


@pytest.mark.local_aws
@pytest.mark.parametrize(
    ("required", "outcome"), [("", "1 skipped"), ("1", "MLINFRA_REQUIRE_DEPLOY_TESTS is set, and the test cannot run")]
)
def test_without_terraform_a_test_is_skipped_or_fails_if_it_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    (tmp_path / "test_project.py").write_text(REQUIRING)
    monkeypatch.setenv("MLINFRA_REQUIRE_DEPLOY_TESTS", required)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "no-such-terraform")
    output = output_of_pytest(tmp_path)
    assert outcome in output, output


OWN_TERRAFORM = """
from pathlib import Path

import pytest

from mlinfra.testing.terraform import TerraformProgram

@pytest.fixture(scope="session")
def mlinfra_terraform():
    return TerraformProgram(Path("/own/terraform"), {"TF_LOG": "INFO"})

def test_the_terraform_of_the_project_runs(terraform):
    assert terraform.program.executable == Path("/own/terraform")
"""


@pytest.mark.local_aws
def test_a_project_runs_a_terraform_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(OWN_TERRAFORM)
    output = output_of_pytest(tmp_path)
    assert "1 passed" in output, output
