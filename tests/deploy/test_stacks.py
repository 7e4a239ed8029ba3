"""The stacks of an environment: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import getpass
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.declarations.loading import load_environments
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.bootstrap.bootstrapping import bootstrap
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.operations.terraform.project import synthesize
from mlinfra.operations.terraform.remote_state import RemoteState
from mlinfra.operations.terraform.terraform import Terraform, TerraformError
from mlinfra.testing.terraform import apply, plan
from tests.conftest import TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.declarations.environment import Environment

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("stacks")]


class Project:
    """A project whose environment `local` can be declared otherwise."""

    def __init__(self, root: Path, executable: Path) -> None:
        self.root = root
        self._executable = executable

    @property
    def environment(self) -> Environment:
        (environment,) = load_environments(self.root, only="local", today=TODAY)
        return environment

    def declare(self, pattern: str, replacement: str) -> None:
        path = self.root / "environments" / "local.py"
        text, count = re.subn(pattern, replacement, path.read_text(), flags=re.DOTALL)
        assert count == 1
        path.write_text(text)

    def stacks(self, *components: str) -> dict[str, Terraform]:
        """Terraform in stacks as they are declared now, by component. Default: in all."""
        written = synthesize(self.root, self.root / "cdktf.out", environment="local")
        stacks = {each.name.removeprefix("local-"): Terraform(each.directory, self._executable) for each in written}
        chosen = {component: stacks[component] for component in components or stacks}
        for terraform in chosen.values():
            terraform.init()
        return chosen

    def stack(self, component: str) -> Terraform:
        """Terraform in one stack as it is declared now."""
        return self.stacks(component)[component]


@pytest.fixture(scope="module")
def platform(project: Path, deployable: Path) -> Project:
    """The project with its state bootstrapped."""
    made = Project(project, deployable)
    bootstrap(made.environment, made.root, Quiet())
    return made


@pytest.fixture(scope="module")
def deployed(platform: Project) -> dict[str, Terraform]:
    """Every stack of the project, deployed."""
    stacks = platform.stacks()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(apply, (stacks["foundation"], stacks["data"])))
        list(pool.map(apply, (stacks["training"], stacks["studio"], stacks["serving"], stacks["governance"])))
    return stacks


def test_a_second_plan_of_every_stack_finds_nothing_to_do(deployed: dict[str, Terraform]) -> None:
    assert set(deployed) == {"state", "foundation", "data", "training", "serving", "studio", "governance"}
    for terraform in deployed.values():
        plan(terraform).assert_empty()


def test_running_instances_name_their_owner(deployed: dict[str, Terraform]) -> None:
    del deployed
    answer = boto3.client("ec2").describe_instances(Filters=[{"Name": "tag:Experiment", "Values": ["two-tower-v2"]}])
    instances = [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
    assert len(instances) == 2
    for instance in instances:
        tags = {each["Key"]: each["Value"] for each in instance["Tags"]}
        assert (tags["Owner"], tags["Expires"], tags["AutoStop"]) == ("ana@example.com", "2026-12-24", "true")


def test_state_lies_in_the_bucket_and_nowhere_else(platform: Project, deployed: dict[str, Terraform]) -> None:
    bucket = platform.environment.names.state_bucket
    keys = {each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys == {f"recsys/local/us-east-1/{component}/terraform.tfstate" for component in deployed}
    # Terraform's note of which backend it uses has the same ending, below .terraform.
    left = [path for path in platform.root.rglob("*.tfstate*") if ".terraform" not in path.parts]
    assert left == []


def test_state_is_encrypted_with_the_key_of_the_environment(platform: Project, deployed: dict[str, Terraform]) -> None:
    del deployed
    environment = platform.environment
    head = boto3.client("s3").head_object(
        Bucket=environment.names.state_bucket, Key=environment.names.state_key("data")
    )
    assert head["ServerSideEncryption"] == "aws:kms"


def test_a_change_is_made_in_place(platform: Project, deployed: dict[str, Terraform]) -> None:
    del deployed
    platform.declare(r'size="small",\s+nodes=2', 'size="small", nodes=2, root_volume_gib=300, spend_limit_usd=0.5')
    training = platform.stack("training")
    touched = apply(training).by_action()
    assert sorted(address.partition(".")[0] for address in touched["update"]) == [
        "aws_autoscaling_group",
        "aws_launch_template",
    ]
    assert set(touched) <= {"update", "no-op"}
    plan(training).assert_empty()


def test_a_stopped_cluster_is_not_started_again(platform: Project, deployed: dict[str, Terraform]) -> None:
    del deployed
    autoscaling = boto3.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName="recsys-local-two-tower-v2", DesiredCapacity=0)
    plan(platform.stack("training")).assert_empty()


def test_two_applies_at_once_are_refused_with_who_holds_the_lock(
    platform: Project, deployed: dict[str, Terraform]
) -> None:
    del deployed
    # New rules for a bucket take the provider a minute to see as settled: long enough to come in between.
    platform.declare(r"emulated=True,", 'emulated=True,\n    created_by="another-hand",')
    data = platform.stack("data")
    state = RemoteState(account_of(platform.environment), platform.environment, "data")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(apply, data)
        deadline = time.monotonic() + 300
        while not state.locks() and not first.done() and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(TerraformError) as refused:
            apply(data)
        first.result()
    assert "Error acquiring the state lock" in refused.value.details
    assert re.search(rf"Who:\s+{getpass.getuser()}@", refused.value.details)
    assert state.locks() == []
    plan(data).assert_empty()


def test_an_experiment_that_is_removed_takes_its_cluster_and_none_of_its_data(
    platform: Project, deployed: dict[str, Terraform]
) -> None:
    del deployed
    bucket = platform.environment.names.bucket("models")
    boto3.client("s3").put_object(Bucket=bucket, Key="two-tower-v2/weights", Body=b"x")
    platform.declare(r"experiments=\[.*?\n    \],", "experiments=[],")
    training = platform.stack("training")
    touched = apply(training).by_action()
    assert all("two-tower-v2" in address for address in touched["delete"])
    assert set(touched) <= {"delete", "no-op", "update"}
    # What stops clusters and starts runs stays, and only has the tag that was changed before.
    assert all(address.partition(".")[2].startswith(("shutdown_", "start_run_")) for address in touched["update"])
    assert not any("two-tower-v2" in address for address in training.state().resources)
    assert boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert boto3.client("s3").get_object(Bucket=bucket, Key="two-tower-v2/weights")["Body"].read() == b"x"


def test_everything_but_the_state_can_be_destroyed(platform: Project, deployed: dict[str, Terraform]) -> None:
    del deployed
    stacks = platform.stacks("data", "foundation", "state")
    boto3.client("s3").put_object(Bucket=platform.environment.names.bucket("raw"), Key="events/1", Body=b"x")
    for component in ("data", "foundation"):
        apply(stacks[component], destroy=True)
        assert stacks[component].state().resources == {}
    with pytest.raises(TerraformError, match=r"lifecycle.prevent_destroy|Instance cannot be destroyed"):
        plan(stacks["state"], destroy=True)
