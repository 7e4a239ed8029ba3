"""A Terraform that is killed in its first apply, and `mlinfra recover`: real Terraform, provider and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.declarations.loading import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.bootstrap.bootstrapping import bootstrap
from mlinfra.operations.deploy import unlock
from mlinfra.operations.recover import Existing, Recovered, recover
from mlinfra.operations.terraform.progress import Quiet
from tests.deploy.attached_provider import with_own_provider
from tests.deploy.planned import MAIN, Project
from tests.deploy.test_plan_and_apply import APPLY, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("recover")]

MORE = """
            if name == "first":
                trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
                trust += '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
                allow = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", '
                allow += '"Resource": "arn:aws:s3:::data"}]}'
                for kind, arguments in {
                    "vpc": {"cidr_block": "10.9.0.0/16"},
                    "security_group": {"name": "rec-group", "vpc_id": "${aws_vpc.rec.id}"},
                    "launch_template": {
                        "name": "rec-template",
                        "tag_specifications": [
                            {"resource_type": each, "tags": stack.default_tags}
                            for each in ("instance", "volume", "network-interface")
                        ],
                    },
                    "iam_role": {
                        "name": "rec-role", "assume_role_policy": trust,
                        "permissions_boundary": environment.boundary_arn,
                    },
                    "iam_role_policy": {"name": "rec", "role": "${aws_iam_role.rec.name}", "policy": allow},
                    "iam_instance_profile": {"name": "rec-profile", "role": "${aws_iam_role.rec.name}"},
                    "iam_policy": {"name": "rec-policy", "policy": allow},
                    "iam_user": {"name": "rec-user"},
                    "sns_topic": {"name": "rec-topic"},
                    "cloudwatch_log_group": {"name": "/rec/logs"},
                    "ecr_repository": {"name": "rec/images"},
                    "dynamodb_table": {
                        "name": "rec-table", "billing_mode": "PAY_PER_REQUEST", "hash_key": "id",
                        "attribute": [{"name": "id", "type": "S"}],
                    },
                }.items():
                    stack.add_override(f"resource.aws_{kind}.rec", arguments)
"""


@pytest.fixture(scope="module")
def killed(project: Path, deployable: Path) -> Project:
    """A project whose first apply was killed after it had created everything, and before it wrote the state."""
    del deployable
    made = Project(project)
    names = ("vpc", "security_group", "launch_template", "iam_role_policy", "iam_instance_profile", "iam_policy")
    names += ("sns_topic", "cloudwatch_log_group", "ecr_repository", "dynamodb_table")
    after = ", ".join(f'"aws_{name}.rec"' for name in names)
    anchor = "            ssm_parameter.SsmParameter("
    text = MAIN.replace(anchor, f"{MORE}{anchor}", 1)
    (made.root / "main.py").write_text(
        text.replace('["aws_ssm_parameter.value"]', f'["aws_ssm_parameter.value", {after}]')
    )
    made.commit("Declare more")
    (environment,) = load_environments(made.root, only="local")
    bootstrap(environment, made.root, Quiet())
    # Another team has a user of that name, with tags of its own.
    boto3.client("iam").create_user(UserName="rec-user", Tags=[{"Key": "Environment", "Value": "other"}])
    folder = made.planned("first")
    kill_terraform_during_apply(made, folder)
    return made


def kill_terraform_during_apply(project: Project, folder: Path) -> None:
    """Apply the plan in `folder`, and kill Terraform alone: its provider lives on, and mlinfra reports the end."""
    (project.root / "pids.sh").unlink(missing_ok=True)
    project.slow("echo $$ $PPID > ../../../pids.part.sh; mv ../../../pids.part.sh ../../../pids.sh; exec sleep 600\n")
    process = subprocess.Popen([sys.executable, "-c", APPLY, str(project.root)], env=with_own_provider())
    wait_for(project.root / "pids.sh")
    # Terraform writes a changed state at most every 20 seconds; the first write is what this test is about.
    found = subprocess.run(["pgrep", "-f", f"terraform apply .*{folder}"], capture_output=True, text=True, check=True)  # noqa: S607
    for each in (*found.stdout.split(), *(project.root / "pids.sh").read_text().split()):
        with suppress(ProcessLookupError):
            os.kill(int(each), signal.SIGKILL)
    assert process.wait(timeout=300) == 1
    project.slow("exit 0\n")


def recovered(project: Project, found: list[str] | None = None, *, answer: bool = True) -> Recovered:
    def confirm(existing: Sequence[Existing]) -> bool:
        if found is not None:
            found.extend(each.address for each in existing)
        return answer

    return recover("local-first", project.root, Quiet(), confirm=confirm)


def refusal(project: Project) -> str:
    with pytest.raises(OperationError) as refused:
        recovered(project)
    return refused.value.message


def test_a_locked_state_is_refused_with_the_command_that_releases_it(killed: Project) -> None:
    deadline = time.monotonic() + 300
    text = refusal(killed)
    # The killed processes need a moment to end on a busy machine; the provider does not end without mlinfra.
    while "is still running" in text and time.monotonic() < deadline:
        time.sleep(0.5)
        text = refusal(killed)
    assert "The state of local-first is locked" in text
    assert "unlock local-first" in text
    assert len(unlock("local-first", killed.root, confirm=lambda *_: True).released) == 1


def test_declined_nothing_is_imported(killed: Project) -> None:
    found: list[str] = []
    result = recovered(killed, found, answer=False)
    assert result.imported == ()
    assert "aws_iam_role.rec" in found
    assert killed.planned("first")  # the log of the killed apply is kept for the next recovery


def test_everything_that_was_created_is_in_the_state_and_the_rest_is_planned(killed: Project) -> None:
    result = recovered(killed)
    names = {each.address.partition(".")[0].removeprefix("aws_") for each in result.imported}
    assert names == {
        "cloudwatch_log_group",
        "dynamodb_table",
        "ecr_repository",
        "iam_instance_profile",
        "iam_policy",
        "iam_role",
        "iam_role_policy",
        "launch_template",
        "security_group",
        "sns_topic",
        "ssm_parameter",
        "vpc",
    }
    assert [each.address for each in result.foreign] == ["aws_iam_user.rec"]
    assert result.remaining.startswith("2 to add, ")
    assert result.remaining.endswith(", 0 to destroy")


def test_the_next_apply_completes_what_the_killed_one_began(killed: Project) -> None:
    boto3.client("iam").delete_user(UserName="rec-user")
    killed.apply(killed.planned("first"))
    assert killed.plan("first").planned[0].summary == "nothing to change"
    result = recovered(killed)
    assert (result.imported, result.remaining) == ((), "0 to add, 0 to change, 0 to destroy")
