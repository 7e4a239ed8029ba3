"""The testing kit in a project that depends on mlinfra: its own tests, run by pytest as its authors would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.deploy.attached_provider import provider_on_request
from tests.docs.pages import of_language
from tests.docs.python_blocks import needs_terraform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.testing.terraform import TerraformProgram
    from tests.deploy.attached_provider import Installed

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("testing-kit")]

TESTS = '''
"""Tests of a project's own stack."""

import boto3
import pytest

from mlinfra import EncryptionKey, MlStack
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.testing import like, local_environment


class JobsStack(MlStack):
    def __init__(self, scope, environment, delay=0, name="jobs"):
        super().__init__(scope, environment, "jobs")
        ssm_parameter.SsmParameter(self, "delay", name=f"/{name}/delay", type="String", value=str(delay))


LOCAL = local_environment()


def test_it_contains_a_parameter(synth):
    synth(JobsStack, LOCAL).has_resource("aws_ssm_parameter", like({"name": "/jobs/delay"}), count=1)


def test_another_name_replaces_the_parameter(synth, terraform):
    terraform.validate(synth(JobsStack, LOCAL))
    terraform.apply(synth(JobsStack, LOCAL))
    assert boto3.client("ssm", region_name="us-east-1").get_parameter(Name="/jobs/delay")
    renamed = terraform.plan(synth(lambda app, environment: JobsStack(app, environment, name="other"), LOCAL))
    assert renamed.actions() == {"aws_ssm_parameter.delay": "delete/create"}
    with pytest.raises(AssertionError) as failed:
        renamed.assert_no_destroy()
    assert "aws_ssm_parameter.delay is replaced, because name changes" in str(failed.value)
    renamed.assert_no_destroy(except_for=["aws_ssm_parameter"])
    terraform.destroy(synth(JobsStack, LOCAL))
    assert not boto3.client("ssm", region_name="us-east-1").describe_parameters()["Parameters"]


def test_it_is_as_recorded(synth, template_snapshot):
    assert synth(JobsStack, LOCAL) == template_snapshot
'''

DOCUMENTED = [each for each in of_language("python") if needs_terraform(each)]


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    for name in ("cdktf.json", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "main.py").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_jobs.py").write_text(documented())
    return tmp_path


def documented() -> str:
    """The tests of the pages that run Terraform, on the stack of the project."""
    names = "\nRankerStack = JobsStack\nRankerStackWithLongerRetention = functools.partial(JobsStack, delay=9)\n\n"
    return "import functools\n" + TESTS + names + "\n\n".join(each.text for each in DOCUMENTED)


@pytest.fixture
def attached(
    own_terraform: TerraformProgram, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Variables of tests whose Terraform attaches to a provider: it starts for the local AWS of these tests."""
    with provider_on_request(tmp_path_factory.mktemp("providers"), installed, own_terraform.changes) as attaching:
        yield {"GOGC": "400", **attaching}


def run(project: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project), *arguments]
    return subprocess.run(
        command, cwd=project, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def test_the_tests_of_a_project_pass_and_its_snapshot_holds_changes(
    own_project: Path, attached: dict[str, str]
) -> None:
    assert DOCUMENTED
    expected = documented().count("\ndef test_")
    ended = run(own_project, attached, "--snapshot-update")
    assert f"{expected} passed" in ended.stdout, ended.stdout + ended.stderr
    (snapshot,) = own_project.glob("tests/__snapshots__/test_jobs/*.json")
    assert '"value": "0"' in snapshot.read_text()

    file = own_project / "tests" / "test_jobs.py"
    file.write_text(TESTS.replace("delay=0", "delay=7"))
    ended = run(own_project, attached, "-k", "recorded or contains")
    assert "1 failed, 1 passed" in ended.stdout, ended.stdout + ended.stderr
    assert '"value": "7"' in ended.stdout
