"""The testing kit in a project that depends on mlinfra: its own tests, run by pytest as its authors would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.docs.pages import of_language
from tests.docs.python_blocks import needs_terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("testing-kit")]

TESTS = '''
"""Tests of a project's own stack."""

from datetime import date

import boto3
import pytest

from mlinfra import EncryptionKey, MlStack, acknowledge
from mlinfra._cdk.aws import instance, sqs_queue
from mlinfra.testing import example_environment, like


class JobsStack(MlStack):
    def __init__(self, scope, environment, delay=0, name="jobs"):
        super().__init__(scope, environment, "jobs")
        sqs_queue.SqsQueue(self, "queue", name=name, delay_seconds=delay)


LOCAL = example_environment(name="local", account_id="123456789012", emulated=True)


def test_it_contains_a_queue(synth):
    synth(JobsStack, LOCAL).has_resource("aws_sqs_queue", like({"name": "jobs"}), count=1)


def test_another_name_replaces_the_queue(synth, terraform):
    terraform.validate(synth(JobsStack, LOCAL))
    terraform.apply(synth(JobsStack, LOCAL))
    assert boto3.client("sqs", region_name="us-east-1").get_queue_url(QueueName="jobs")
    renamed = terraform.plan(synth(lambda app, environment: JobsStack(app, environment, name="other"), LOCAL))
    assert renamed.actions() == {"aws_sqs_queue.queue": "delete/create"}
    with pytest.raises(AssertionError) as failed:
        renamed.assert_no_destroy()
    assert "aws_sqs_queue.queue is replaced, because name changes" in str(failed.value)
    renamed.assert_no_destroy(except_for=["aws_sqs_queue"])
    terraform.destroy(synth(JobsStack, LOCAL))
    assert not boto3.client("sqs", region_name="us-east-1").list_queues().get("QueueUrls")


def bastion(stack):
    root = instance.InstanceRootBlockDevice(encrypted=False)
    tags = dict(stack.default_tags)
    made = instance.Instance(
        stack, "bastion", ami="ami-1", instance_type="t3.micro", root_block_device=root,
        associate_public_ip_address=True, volume_tags=tags,
    )
    acknowledge(made, "ACME001", reason="The only way into the network.")


def test_a_plan_has_the_problems_that_a_check_finds_at_synth(synth, terraform, request, capsys):
    template = synth.constructs(bastion, LOCAL)
    assert "[ACME002] aws_instance.bastion: its root volume is not encrypted." in capsys.readouterr().err
    with pytest.raises(AssertionError) as failed:
        terraform.plan(template).assert_no_findings(root=request.config.rootpath, today=date(2026, 11, 30))
    problem = "ACME001 aws_instance.bastion: it gets a public address."
    assert f"{problem} Acknowledged" not in str(failed.value), "only plans of mlinfra plan have acknowledgements"
    assert problem in str(failed.value)


def test_it_is_as_recorded(synth, template_snapshot):
    assert synth(JobsStack, LOCAL) == template_snapshot
'''

DOCUMENTED = [each for each in of_language("python") if needs_terraform(each)]

CHECKS = next(each.text for each in of_language("python") if "ResourceCheck(" in each.text)
"""The checks of their page."""


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    for name in ("cdktf.json", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "main.py").write_text("")
    (tmp_path / "mlinfra_checks.py").write_text(CHECKS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_jobs.py").write_text(documented())
    return tmp_path


def documented() -> str:
    """The tests of the pages that run Terraform, on the stack of the project."""
    names = "\nRankerStack = JobsStack\nRankerStackWithLongerRetention = functools.partial(JobsStack, delay=9)\n\n"
    return "import functools\n" + TESTS + names + "\n\n".join(each.text for each in DOCUMENTED)


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project), *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("source")
def test_the_tests_of_a_project_pass_and_its_snapshot_holds_changes(own_project: Path) -> None:
    assert DOCUMENTED
    ended = run(own_project, "--snapshot-update")
    count = TESTS.count("\ndef test_") + len(DOCUMENTED)
    assert f"{count} passed" in ended.stdout, ended.stdout + ended.stderr
    (snapshot,) = own_project.glob("tests/__snapshots__/test_jobs/*.json")
    assert '"delay_seconds": 0' in snapshot.read_text()

    file = own_project / "tests" / "test_jobs.py"
    file.write_text(TESTS.replace("delay=0", "delay=7"))
    ended = run(own_project, "-k", "recorded or contains")
    assert "1 failed, 1 passed" in ended.stdout, ended.stdout + ended.stderr
    assert "delay_seconds" in ended.stdout
