"""A training queue: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Synth, Template

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("training-queue")]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/two-tower:2.3"
COMMAND = ["sh", "-c", 'torchrun --node-rank "${AWS_BATCH_JOB_NODE_INDEX}" train.py']
OTHER_NODES: dict[str, Any] = {"instance_types": ["p4d.24xlarge", "p4de.24xlarge"], "root_volume_gib": 300}


@dataclass(frozen=True)
class Project:
    """A stack with a network, a data lake and a queue, whose declaration can be changed."""

    synth: Synth
    terraform: StackTerraform

    def declare(self, *, timeout_seconds: int = 86_400, **changes: Any) -> Template:
        """The stack as it is declared with `changes` of the queue."""
        from mlinfra import EncryptionKey, NetworkSettings, Queue, TrainingQueue
        from mlinfra._cdk.aws import subnet, vpc
        from mlinfra.constructs.data_lake.access import DataLakeAccess

        asked: dict[str, Any] = {
            "name": "ranking",
            "owner": "ana@example.com",
            "instance_types": ["p4d.24xlarge"],
            "max_nodes": 4,
            "teams": {"ranking": 2, "search": 1, "interns": 0.3},
            "efa": True,
            "spot_falls_back_to_on_demand": True,
        }
        declared = Queue(**(asked | changes))
        environment = an_environment(name="local", account_id="123456789012", emulated=True, queues=[declared])

        def build(stack: MlStack) -> None:
            network = vpc.Vpc(stack, "vpc", cidr_block="10.70.0.0/16")
            subnets = [
                subnet.Subnet(stack, f"subnet-{zone}", vpc_id=network.id, cidr_block=cidr, availability_zone=zone).id
                for zone, cidr in (("us-east-1a", "10.70.1.0/24"), ("us-east-1b", "10.70.2.0/24"))
            ]
            key = EncryptionKey(stack, "key", name="queue", description="Volumes and logs.", services=["ec2", "logs"])
            settings = NetworkSettings(vpc_id=network.id, private_subnet_ids=subnets, compute_key_arn=key.arn)
            queue = TrainingQueue(stack, "queue", queue=declared, network=settings)
            job = queue.job("two-tower", image=IMAGE, gpus_per_node=2, variables={"LR": "1e-3"})
            if declared.max_nodes > 1:
                queue.job("pretrain", image=IMAGE, command=COMMAND, nodes=4, timeout_seconds=timeout_seconds)
            DataLakeAccess(stack, "lake", key_arn=key.arn).grant_read(job, zones=["features"])

        return self.synth.constructs(build, environment, component="queue")


@pytest.fixture(scope="module")
def project(module_synth: Synth, module_terraform: StackTerraform) -> Project:
    """The project, with its queue deployed."""
    made = Project(module_synth, module_terraform)
    assert set(made.terraform.apply(made.declare()).by_action()) == {"create"}
    return made


def environments() -> dict[str, dict[str, Any]]:
    """The compute environments that Batch has, by the end of their names."""
    found = boto3.client("batch").describe_compute_environments()["computeEnvironments"]
    return {each["tags"]["Name"].removeprefix("recsys-local-ranking-"): each for each in found}


def test_a_second_plan_finds_nothing_to_do(project: Project) -> None:
    project.terraform.plan(project.declare()).assert_empty()


def test_nothing_runs_while_there_are_no_jobs(project: Project) -> None:
    del project
    assert boto3.client("ec2").describe_instances()["Reservations"] == []
    for each in environments().values():
        resources = each["computeResources"]
        assert (resources["minvCpus"], resources["maxvCpus"]) == (0, 4 * 96)
        assert "desiredvCpus" not in resources


def test_environments_are_of_the_kind_that_batch_updates_in_place(project: Project) -> None:
    del project
    for each in environments().values():
        assert each["serviceRole"].endswith("role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")
        assert each["updatePolicy"] == {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 360}


def test_queues_take_the_environments_in_order(project: Project) -> None:
    del project
    arns = {each["computeEnvironmentArn"]: name for name, each in environments().items()}
    queues = boto3.client("batch").describe_job_queues()["jobQueues"]
    orders = {
        each["jobQueueName"].removeprefix("recsys-local-ranking-"): [
            arns[entry["computeEnvironment"]]
            for entry in sorted(each["computeEnvironmentOrder"], key=lambda entry: int(entry["order"]))
        ]
        for each in queues
    }
    assert orders == {"spot": ["spot", "on-demand"], "on-demand": ["on-demand"], "multi-node": ["multi-node"]}


def test_a_shell_command_reaches_batch_as_it_was_written(project: Project) -> None:
    del project
    (definition,) = boto3.client("batch").describe_job_definitions(jobDefinitionName="recsys-local-ranking-pretrain")[
        "jobDefinitions"
    ]
    (nodes,) = definition["nodeProperties"]["nodeRangeProperties"]
    assert nodes["targetNodes"] == "0:3"
    assert nodes["container"]["command"] == COMMAND


def test_a_larger_volume_comes_in_place(project: Project) -> None:
    changed = project.declare(root_volume_gib=300)
    touched = project.terraform.apply(changed).by_action()
    assert set(touched) == {"update"}
    assert {address.partition(".")[0] for address in touched["update"]} == {
        "aws_batch_compute_environment",
        "aws_launch_template",
    }
    assert {each["computeResources"]["launchTemplate"]["version"] for each in environments().values()} == {"2"}
    project.terraform.plan(changed).assert_empty()


def test_other_instance_types_come_in_place(project: Project) -> None:
    changed = project.declare(**OTHER_NODES)
    touched = project.terraform.apply(changed).by_action()
    assert set(touched) == {"update"}
    assert sorted(address.split("_")[-2] for address in touched["update"]) == ["environment", "environment"]
    types = {name: sorted(each["computeResources"]["instanceTypes"]) for name, each in environments().items()}
    assert types == {
        "spot": ["p4d.24xlarge", "p4de.24xlarge"],
        "on-demand": ["p4d.24xlarge", "p4de.24xlarge"],
        "multi-node": ["p4d.24xlarge"],
    }
    project.terraform.plan(changed).assert_empty()


def test_a_replacement_exists_before_the_old_resource_is_deleted(project: Project) -> None:
    touched = project.terraform.plan(project.declare(**OTHER_NODES, name="retrieval")).by_action()
    replaced = {action for action, addresses in touched.items() if any("_environment_" in each for each in addresses)}
    assert "create/delete" in replaced
    assert replaced <= {"create/delete", "update"}


def test_a_changed_job_is_a_new_revision_and_the_old_one_goes(project: Project) -> None:
    changed = project.declare(**OTHER_NODES, timeout_seconds=3600)
    (address,) = project.terraform.apply(changed).by_action()["update"]
    assert "pretrain" in address
    found = boto3.client("batch").describe_job_definitions(
        jobDefinitionName="recsys-local-ranking-pretrain", status="ACTIVE"
    )["jobDefinitions"]
    assert [(each["revision"], each["timeout"]) for each in found] == [(2, {"attemptDurationSeconds": 3600})]


def test_the_weights_come_back_as_they_were_given(project: Project) -> None:
    del project
    arn = boto3.client("batch").list_scheduling_policies()["schedulingPolicies"][0]["arn"]
    (policy,) = boto3.client("batch").describe_scheduling_policies(arns=[arn])["schedulingPolicies"]
    shares = policy["fairsharePolicy"]["shareDistribution"]
    weights = {each["shareIdentifier"]: each["weightFactor"] for each in shares}
    assert weights == {"ranking": 0.5, "search": 1, "interns": 3.3333}


def test_single_nodes_are_enough_while_nodes_of_a_multi_node_job_still_run(project: Project) -> None:
    ec2 = boto3.client("ec2")
    name = "recsys-local-ranking-multi-node"
    # In place of a node of Batch, which the local AWS does not launch.
    (node,) = ec2.run_instances(
        ImageId="ami-12345678",
        InstanceType="p4d.24xlarge",
        MinCount=1,
        MaxCount=1,
        Placement={"GroupName": name},
    )["Instances"]
    changed = project.declare(**OTHER_NODES, max_nodes=1)
    touched = project.terraform.apply(changed).by_action("type")
    assert {"aws_batch_compute_environment", "aws_batch_job_queue"} <= set(touched["delete"])
    assert not {"aws_placement_group", "aws_security_group"} & set(touched["delete"])
    assert {name: each["computeResources"]["maxvCpus"] for name, each in environments().items()} == {
        "spot": 96,
        "on-demand": 96,
    }
    assert [each["GroupName"] for each in ec2.describe_placement_groups()["PlacementGroups"]] == [name]
    project.terraform.plan(changed).assert_empty()
    ec2.terminate_instances(InstanceIds=[node["InstanceId"]])


def test_destroying_it_leaves_nothing(project: Project) -> None:
    stack = project.declare()
    project.terraform.destroy(stack)
    batch = boto3.client("batch")
    assert batch.describe_compute_environments()["computeEnvironments"] == []
    assert batch.describe_job_queues()["jobQueues"] == []
    assert batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"] == []
    assert project.terraform.state(stack).resources == {}
