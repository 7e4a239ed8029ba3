"""Resources created by hand are adopted, imported and forgotten. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.declarations.loading import load_environments
from mlinfra.operations.terraform.project import synthesize
from mlinfra.operations.terraform.terraform import Terraform
from tests.deploy.console import USER_DATA, Console, make_everything, make_state_place

if TYPE_CHECKING:
    from mlinfra import Environment

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("adopt")]

MLINFRA = Path(sys.executable).with_name("mlinfra")
MAIN = """
import os
from pathlib import Path

from mlinfra import load_environments
from mlinfra.app import MlApp, problems_without_traceback
from mlinfra.stacks.adopted import AdoptedStack

with problems_without_traceback():
    root = Path(__file__).resolve().parent
    app = MlApp(root)
    for environment in load_environments(root, only=os.environ.get("MLINFRA_ENV")):
        if AdoptedStack.is_needed(environment):
            AdoptedStack(app, environment)
    app.synth()
"""


def mlinfra(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MLINFRA, *arguments], cwd=project, capture_output=True, text=True, check=False)


def the_environment(project: Path) -> Environment:
    (declared,) = load_environments(project, only="local", judged=False)
    return declared


@pytest.fixture(scope="module")
def adopting(project: Path, deployable: Path) -> Path:  # noqa: ARG001  the surroundings
    """A project whose only stack is that of what is adopted."""
    (project / "main.py").write_text(MAIN)
    make_state_place(the_environment(project))
    return project


@pytest.fixture(scope="module")
def console(adopting: Path) -> Console:  # noqa: ARG001  it has to be there first
    return make_everything()


@pytest.fixture(scope="module")
def adopted(
    adopting: Path,
    console: Console,  # noqa: ARG001  it has to be there first
) -> subprocess.CompletedProcess[str]:
    """All of it is adopted by its tag; what was said."""
    return mlinfra(adopting, "adopt", "local", "--tag", "origin=console", "--owner", "ana@example.com")


def the_stack(project: Path, executable: Path) -> Terraform:
    stacks = synthesize(project, project / "cdktf.out", environment="local")
    terraform = Terraform(stacks[0].directory, executable)
    terraform.init()
    return terraform


@pytest.fixture(scope="module")
def imported(adopting: Path, deployable: Path, adopted: object) -> dict[str, Any]:  # noqa: ARG001  it comes first
    """The plan that imported all of it, after it was applied."""
    terraform = the_stack(adopting, deployable)
    plan = terraform.directory / "test.plan"
    terraform.plan(plan)
    terraform.apply(plan)
    return terraform.show(plan)


def test_all_resources_are_found_by_their_tag_and_the_plan_changes_nothing(
    adopting: Path, console: Console, adopted: subprocess.CompletedProcess[str]
) -> None:
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert "The plan imports 7 resources and changes nothing." in adopted.stdout
    assert {each.type: each.id for each in the_environment(adopting).adopted} == console.ids()


def test_no_secret_is_recorded_or_shown(adopting: Path, adopted: subprocess.CompletedProcess[str]) -> None:
    written = (adopting / "environments" / "local.adopted.json").read_text()
    for text in (written, adopted.stdout, adopted.stderr):
        assert "hunter2" not in text
        assert hashlib.sha1(USER_DATA.encode(), usedforsecurity=False).hexdigest() not in text


def test_differences_from_the_constructs_are_reported(adopted: subprocess.CompletedProcess[str]) -> None:
    assert "bucket_names={'raw': 'legacy-data'}" in adopted.stdout
    assert "network access PublicInternetOnly would be VpcOnly" in adopted.stdout
    assert "the name 'legacy-ranker' would be recsys-local-ENDPOINT" in adopted.stdout


def test_the_apply_imports_and_changes_nothing(imported: dict[str, Any], console: Console) -> None:
    assert {
        each["type"]: (each["change"]["importing"]["id"], each["change"]["actions"])
        for each in imported["resource_changes"]
    } == {kind: (identifier, ["no-op"]) for kind, identifier in console.ids().items()}


def test_the_second_plan_is_empty(adopting: Path, deployable: Path, imported: object) -> None:  # noqa: ARG001
    terraform = the_stack(adopting, deployable)
    assert not terraform.plan(terraform.directory / "test.plan")


def test_an_adopted_resource_is_not_adopted_again(adopting: Path, imported: object) -> None:  # noqa: ARG001
    ended = mlinfra(adopting, "adopt", "local", "legacy-data", "--owner", "ana@example.com")
    assert ended.returncode == 1
    assert "aws_s3_bucket.legacy-data in the environment 'local'" in ended.stderr


def test_the_audit_shows_imported_resources_as_managed_and_others_as_unmanaged(
    adopting: Path,
    console: Console,
    imported: object,  # noqa: ARG001  it comes first
) -> None:
    boto3.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
    ended = mlinfra(adopting, "audit", "--json", "--region", "us-east-1", "--remember", "local")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    items = {each["id"]: each for each in json.loads(ended.stdout)["items"]}
    ids = [id_ for kind, id_ in console.ids().items() if kind not in {"aws_security_group", "aws_iam_role"}]
    assert {items[each]["classification"] for each in ids} == {"managed"}
    assert {each["kind"] for each in items.values() if each["classification"] == "unmanaged"} == {"bucket", "volume"}
    assert mlinfra(adopting, "audit", "--region", "us-east-1", "--remember", "local").returncode == 0


def test_a_forgotten_resource_is_removed_from_the_state_and_remains_in_aws(
    adopting: Path,
    deployable: Path,
    imported: object,  # noqa: ARG001  it comes first
) -> None:
    address = "aws_s3_bucket.legacy-data"
    ended = mlinfra(adopting, "forget", address, "--stack", "local-adopted", "--reason", "The archive team has it now.")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (entry,) = the_environment(adopting).forgotten
    assert (entry.address, entry.reason) == (address, "The archive team has it now.")
    assert entry.who.startswith("arn:aws:")
    assert address not in {each.address for each in the_environment(adopting).adopted}

    terraform = the_stack(adopting, deployable)
    plan = terraform.directory / "test.plan"
    assert terraform.plan(plan)
    touched = {
        each["address"]: each["change"]["actions"]
        for each in terraform.show(plan)["resource_changes"]
        if each["change"]["actions"] != ["no-op"]
    }
    assert touched == {address: ["forget"]}
    terraform.apply(plan)
    assert address not in terraform.state().resources
    assert boto3.client("s3").get_bucket_versioning(Bucket="legacy-data")["Status"] == "Enabled"


def test_a_resource_that_is_not_in_the_state_cannot_be_forgotten(adopting: Path, imported: object) -> None:  # noqa: ARG001
    ended = mlinfra(
        adopting, "forget", "aws_iam_role.legacy-rol", "--stack", "local-adopted", "--reason", "A slip of the pen."
    )
    assert ended.returncode == 1
    assert "Did you mean aws_iam_role.legacy-role?" in ended.stderr


# From here on, the stack has a second provider, so each Terraform starts its own: attached_terraform.sh.


def test_a_resource_of_another_region_is_adopted(adopting: Path, deployable: Path, imported: object) -> None:  # noqa: ARG001
    ec2 = boto3.client("ec2", region_name="eu-west-1")
    group = ec2.create_security_group(GroupName="elsewhere", Description="Made by hand")["GroupId"]
    arn = f"arn:aws:ec2:eu-west-1:123456789012:security-group/{group}"
    ended = mlinfra(adopting, "adopt", "local", arn, "--owner", "ana@example.com")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "The plan imports 1 resource and changes nothing." in ended.stdout
    terraform = the_stack(adopting, deployable)
    plan = terraform.directory / "test.plan"
    terraform.plan(plan)
    terraform.apply(plan)
    assert terraform.state().resources["aws_security_group.elsewhere"] == group
    assert not terraform.plan(plan)


def test_findings_of_the_audit_are_adopted(adopting: Path, imported: object) -> None:  # noqa: ARG001  it comes first
    made = boto3.client("s3", region_name="eu-west-1").create_bucket(
        Bucket="console-in-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert made
    arguments = ("--region", "eu-west-1", "--no-launchers", "--adopt", "local", "--owner", "ana@example.com")
    ended = mlinfra(adopting, "audit", "console-in-ireland", *arguments)
    assert "eu-west-1: adopt 1 resource into local" in ended.stderr, ended.stdout + ended.stderr
    assert "The plan imports 1 resource and changes nothing." in ended.stdout
    adopted = {each.id: each for each in the_environment(adopting).adopted}
    assert adopted["console-in-ireland"].region == "eu-west-1"
