"""Compute environments, queues and job definitions of Batch as GPU training uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "batch-queues"
LIMIT = {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "state": "RUNNABLE", "action": "CANCEL"}
CONTAINER = {
    "image": "two-tower:2.3",
    "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "1024"}],
}


@pytest.fixture(scope="module")
def batch(client: Callable[..., Any]) -> Any:
    return client("batch")


@pytest.fixture(scope="module")
def resources(client: Callable[..., Any]) -> dict[str, Any]:
    """Compute resources without security groups."""
    ec2, iam = client("ec2"), client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.44.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.44.0.0/24")["Subnet"]["SubnetId"]
    return {
        "type": "EC2",
        "minvCpus": 0,
        "maxvCpus": 32,
        "instanceTypes": ["g5.8xlarge"],
        "instanceRole": iam.create_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]["Arn"],
        "subnets": [subnet],
    }


@pytest.fixture(scope="module")
def group(client: Callable[..., Any], resources: dict[str, Any]) -> str:
    ec2 = client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=resources["subnets"])["Subnets"]
    made: str = ec2.create_security_group(GroupName=NAME, Description=NAME, VpcId=subnet["VpcId"])["GroupId"]
    return made


@pytest.fixture(scope="module")
def with_interfaces(client: Callable[..., Any], group: str) -> dict[str, str]:
    """A launch template whose interface has the security group."""
    interface = {"DeviceIndex": 0, "InterfaceType": "efa", "Groups": [group]}
    client("ec2").create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData={"NetworkInterfaces": [interface]})
    return {"launchTemplateName": NAME, "version": "$Latest"}


@pytest.fixture(scope="module")
def environment(batch: Any, resources: dict[str, Any], group: str) -> str:
    """The ARN of an environment that names no role."""
    arn: str = batch.create_compute_environment(
        computeEnvironmentName=NAME, type="MANAGED", computeResources=resources | {"securityGroupIds": [group]}
    )["computeEnvironmentArn"]
    return arn


def described(batch: Any, arn: str) -> dict[str, Any]:
    (found,) = batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"]
    environment: dict[str, Any] = found
    return environment


def test_an_environment_without_a_role_takes_the_service_linked_one(batch: Any, environment: str) -> None:
    role = described(batch, environment)["serviceRole"]
    assert role.endswith(":role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")


def test_a_second_one_takes_the_same(batch: Any, environment: str, resources: dict[str, Any], group: str) -> None:
    second = batch.create_compute_environment(
        computeEnvironmentName=f"{NAME}-second",
        type="MANAGED",
        computeResources=resources | {"securityGroupIds": [group]},
    )["computeEnvironmentArn"]
    assert described(batch, second)["serviceRole"] == described(batch, environment)["serviceRole"]


def test_security_groups_may_stand_in_the_launch_template(
    batch: Any, resources: dict[str, Any], with_interfaces: dict[str, str]
) -> None:
    arn = batch.create_compute_environment(
        computeEnvironmentName=f"{NAME}-interfaces",
        type="MANAGED",
        computeResources=resources | {"launchTemplate": with_interfaces},
    )["computeEnvironmentArn"]
    assert "securityGroupIds" not in described(batch, arn)["computeResources"]
    batch.update_compute_environment(computeEnvironment=arn, computeResources={"maxvCpus": 64})
    assert described(batch, arn)["computeResources"]["maxvCpus"] == 64


def test_nodes_of_such_an_environment_have_the_groups(
    batch: Any, client: Callable[..., Any], resources: dict[str, Any], with_interfaces: dict[str, str], group: str
) -> None:
    batch.create_compute_environment(
        computeEnvironmentName=f"{NAME}-running",
        type="MANAGED",
        computeResources=resources | {"launchTemplate": with_interfaces, "minvCpus": 32},
    )
    answer = client("ec2").describe_instances(Filters=[{"Name": "subnet-id", "Values": resources["subnets"]}])
    (instance,) = [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]


def test_security_groups_in_both_are_refused(
    batch: Any, resources: dict[str, Any], with_interfaces: dict[str, str], group: str
) -> None:
    both = resources | {"launchTemplate": with_interfaces, "securityGroupIds": [group]}
    with pytest.raises(ClientError, match="exclusively allowed"):
        batch.create_compute_environment(computeEnvironmentName=f"{NAME}-both", type="MANAGED", computeResources=both)


def test_security_groups_in_neither_are_refused(batch: Any, resources: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="Security groups are required"):
        batch.create_compute_environment(
            computeEnvironmentName=f"{NAME}-neither", type="MANAGED", computeResources=resources
        )


def test_the_update_policy_is_kept(batch: Any, environment: str) -> None:
    assert "updatePolicy" not in described(batch, environment)
    batch.update_compute_environment(computeEnvironment=environment, updatePolicy={"jobExecutionTimeoutMinutes": 360})
    kept = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 360}
    assert described(batch, environment)["updatePolicy"] == kept
    batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
    assert described(batch, environment)["updatePolicy"] == kept


def test_a_queue_keeps_what_it_does_with_jobs_that_wait(batch: Any, environment: str) -> None:
    order = [{"order": 1, "computeEnvironment": environment}]
    limits = [LIMIT | {"maxTimeSeconds": 3600}]
    batch.create_job_queue(
        jobQueueName=NAME, priority=1, state="ENABLED", computeEnvironmentOrder=order, jobStateTimeLimitActions=limits
    )
    (queue,) = batch.describe_job_queues(jobQueues=[NAME])["jobQueues"]
    assert queue["jobStateTimeLimitActions"] == limits
    batch.update_job_queue(jobQueue=NAME, priority=2)
    (queue,) = batch.describe_job_queues(jobQueues=[NAME])["jobQueues"]
    assert (queue["priority"], queue["jobStateTimeLimitActions"]) == (2, limits)
    batch.update_job_queue(jobQueue=queue["jobQueueArn"], jobStateTimeLimitActions=[])
    (queue,) = batch.describe_job_queues(jobQueues=[NAME])["jobQueues"]
    assert queue["jobStateTimeLimitActions"] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"maxTimeSeconds": 599}, "between 600 and 86400"),
        ({"maxTimeSeconds": 86_401}, "between 600 and 86400"),
        ({"maxTimeSeconds": 600, "action": "TERMINATE"}, "only supported action is CANCEL"),
    ],
)
def test_a_limit_that_batch_does_not_offer_is_refused(
    batch: Any, environment: str, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ClientError, match=complaint):
        batch.create_job_queue(
            jobQueueName=f"{NAME}-refused",
            priority=1,
            state="ENABLED",
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
            jobStateTimeLimitActions=[LIMIT | change],
        )
    assert batch.describe_job_queues(jobQueues=[f"{NAME}-refused"])["jobQueues"] == []


def test_a_definition_gives_back_its_nodes_and_its_priority(batch: Any) -> None:
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:", "container": CONTAINER}]}
    arn = batch.register_job_definition(
        jobDefinitionName=NAME, type="multinode", nodeProperties=nodes, schedulingPriority=7
    )["jobDefinitionArn"]
    (definition,) = batch.describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"]
    assert definition["schedulingPriority"] == 7
    (properties,) = definition["nodeProperties"]["nodeRangeProperties"]
    assert properties["container"].items() >= CONTAINER.items()
    assert properties["container"]["environment"] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mainNode": 2}, "mainNode must be fewer"),
        ({"nodeRangeProperties": [{"targetNodes": "0:0", "container": CONTAINER}]}, "account for all nodes"),
        ({"nodeRangeProperties": [{"targetNodes": "0:1", "container": {}}]}, "must contain image"),
    ],
)
def test_nodes_that_batch_does_not_take_are_refused(batch: Any, change: dict[str, Any], complaint: str) -> None:
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:1", "container": CONTAINER}]}
    with pytest.raises(ClientError, match=complaint):
        batch.register_job_definition(
            jobDefinitionName=f"{NAME}-refused", type="multinode", nodeProperties=nodes | change
        )


def test_a_multi_node_definition_without_nodes_is_refused(batch: Any) -> None:
    with pytest.raises(ClientError, match="nodeProperties must be provided"):
        batch.register_job_definition(jobDefinitionName=f"{NAME}-refused", type="multinode")


def test_a_priority_beyond_what_batch_has_is_refused(batch: Any) -> None:
    with pytest.raises(ClientError, match="between 0 and 9999"):
        batch.register_job_definition(
            jobDefinitionName=f"{NAME}-refused",
            type="container",
            containerProperties=CONTAINER,
            schedulingPriority=10_000,
        )
