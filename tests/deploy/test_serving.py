"""Endpoints: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra import Asynchronous, BlueGreen, Endpoint, RealTime, Variant, WithoutRollback
from mlinfra.errors import OperationError
from tests.conftest import an_environment

if TYPE_CHECKING:
    from typing_extensions import Self

    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Synth, Template

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("serving")]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/recsys-ranker"
RANKER = "recsys-local-ranker"
MODEL, CONFIGURATION, ENDPOINT = "aws_sagemaker_model", "aws_sagemaker_endpoint_configuration", "aws_sagemaker_endpoint"
SCALING = {"aws_appautoscaling_policy", "aws_appautoscaling_target"}
ALARM = "aws_cloudwatch_metric_alarm"
REPAIRED = {"image": f"{IMAGE}:3.3", "model_data": "ranker/9/model.tar.gz"}
FAILING = {"image": f"{IMAGE}:3.4", "model_data": "ranker/10/model.tar.gz"}
NEXT = {"image": f"{IMAGE}:3.2", "model_data": "ranker/8/model.tar.gz"}


@dataclass(frozen=True)
class Project:
    """A stack with a network and two endpoints, one of which can be changed."""

    synth: Synth
    terraform: StackTerraform

    def declare(
        self,
        *,
        instance_type: str = "ml.g5.xlarge",
        without_rollback: WithoutRollback | None = None,
        **changes: Any,
    ) -> Template:
        """The stack as it is declared with `changes` of the ranker's main variant."""
        from mlinfra import EncryptionKey, NetworkSettings, ServingEndpoint
        from mlinfra._cdk.aws import subnet, vpc
        from mlinfra.constructs.data_lake.access import DataLakeAccess

        main = {"image": f"{IMAGE}:3.1", "model_data": "ranker/7/model.tar.gz", "weight": 9} | changes
        owner = "ana@example.com"
        ranker = Endpoint(
            name="ranker",
            owner=owner,
            hosting=RealTime(instance_type=instance_type, instances=2, max_instances=4, invocations_per_instance=600),
            variants=[Variant(**main), Variant(name="challenger", image=f"{IMAGE}:3.1", model_data="ranker/9/")],
            deployment=BlueGreen(traffic="canary", without_rollback=without_rollback),
            capture_percent=10,
        )
        documents = Endpoint(
            name="documents",
            owner=owner,
            hosting=Asynchronous(instance_type="ml.m7i.xlarge", max_instances=2, requests_at_a_time=4),
            variants=[Variant(image=f"{IMAGE}:3.1", variables={"WORKERS": "2"})],
        )
        environment = an_environment(
            name="local", account_id="123456789012", emulated=True, endpoints=[ranker, documents]
        )

        def build(stack: MlStack) -> None:
            network = vpc.Vpc(stack, "vpc", cidr_block="10.80.0.0/16")
            private = subnet.Subnet(stack, "subnet", vpc_id=network.id, cidr_block="10.80.1.0/24")
            key = EncryptionKey(stack, "key", name="serving", description="Volumes and logs.", services=["ec2", "logs"])
            lake = DataLakeAccess(stack, "lake", key_arn=key.arn)
            settings = NetworkSettings(vpc_id=network.id, private_subnet_ids=[private.id], compute_key_arn=key.arn)
            for endpoint in environment.endpoints:
                ServingEndpoint(stack, endpoint.name, endpoint=endpoint, data_lake=lake, network=settings)

        return self.synth.constructs(build, environment, component="serving")

    def apply(self, **changes: Any) -> dict[str, list[str]]:
        """Apply the stack with `changes`. Returns the types that were changed, by action."""
        return self.terraform.apply(self.declare(**changes)).by_action("type")


@pytest.fixture(scope="module")
def project(module_synth: Synth, module_terraform: StackTerraform) -> Project:
    """The project, with its endpoints deployed."""
    made = Project(module_synth, module_terraform)
    assert set(made.apply()) == {"create"}
    return made


def endpoint(name: str = RANKER) -> dict[str, Any]:
    """An endpoint as SageMaker describes it."""
    described: dict[str, Any] = boto3.client("sagemaker").describe_endpoint(EndpointName=name)
    return described


def configuration(name: str) -> dict[str, Any]:
    """An endpoint configuration as SageMaker describes it."""
    described: dict[str, Any] = boto3.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)
    return described


def test_the_update_is_a_canary_that_both_alarms_of_each_variant_bring_back(project: Project) -> None:
    del project
    deployment = endpoint()["LastDeploymentConfig"]
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]) == ("CANARY", {"Type": "CAPACITY_PERCENT", "Value": 10})
    names = [each["AlarmName"] for each in deployment["AutoRollbackConfiguration"]["Alarms"]]
    present = endpoint()["EndpointConfigName"]
    assert sorted(names) == [
        f"{present}-{what}-{variant}" for what in ("errors", "latency") for variant in ("challenger", "main")
    ]
    known = boto3.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert len(known) == 4
    assert all({"Name": "EndpointConfigName", "Value": present} in each["Dimensions"] for each in known)


def test_asynchronous_instances_may_go_to_none_and_come_back(project: Project) -> None:
    del project
    scaling = boto3.client("application-autoscaling")
    resource = "endpoint/recsys-local-documents/variant/main"
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 2)
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource)["ScalingPolicies"]
    (wake,) = [each for each in policies if each["PolicyType"] == "StepScaling"]
    (alarm,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=["recsys-local-documents-wake"])["MetricAlarms"]
    assert alarm["AlarmActions"] == [wake["PolicyARN"]]


def test_a_new_model_never_takes_the_endpoint_down(project: Project) -> None:
    """The plan's own order: what is new is there before the endpoint moves, and what is old goes after it.

    Nothing else is touched: what was deployed first came back as it was declared.
    """
    before = endpoint()
    touched = project.apply(**NEXT)
    assert touched == {"create/delete": [*[ALARM] * 4, CONFIGURATION, MODEL], "update": [ENDPOINT]}
    after = endpoint()
    assert (after["EndpointStatus"], after["CreationTime"]) == ("InService", before["CreationTime"])
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    images = {each["VariantName"]: each["DeployedImages"][0]["SpecifiedImage"] for each in after["ProductionVariants"]}
    assert images == {"main": NEXT["image"], "challenger": f"{IMAGE}:3.1"}
    with pytest.raises(boto3.client("sagemaker").exceptions.ClientError, match="Could not find"):
        configuration(before["EndpointConfigName"])


def fire(*, name: str) -> None:
    """Set the state of an alarm to ALARM, as CloudWatch does after an evaluation."""
    boto3.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")


def alarm_names() -> set[str]:
    """The names of all alarms that belong to configurations of the ranker."""
    found = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=RANKER)["MetricAlarms"]
    return {each["AlarmName"] for each in found if any(d["Name"] == "EndpointConfigName" for d in each["Dimensions"])}


def test_a_failing_old_fleet_does_not_roll_back_the_deployment_that_repairs_it(project: Project) -> None:
    """All alarms on the old fleet fire, with and without the name of its configuration."""
    before = endpoint()["EndpointConfigName"]
    for name in (f"{before}-errors-main", f"{before}-latency-main", f"{RANKER}-errors-main", f"{RANKER}-latency-main"):
        fire(name=name)
    project.apply(**REPAIRED)
    after = endpoint()
    assert (after["EndpointStatus"], after["EndpointConfigName"] == before) == ("InService", False)
    assert alarm_names() == {
        f"{after['EndpointConfigName']}-{what}-{variant}"
        for what in ("errors", "latency")
        for variant in ("challenger", "main")
    }


class Firing(threading.Thread):
    """Fires the alarm on errors of each new configuration of the ranker, as a fleet that fails requests does."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._old = alarm_names()
        self._ended = threading.Event()

    def run(self) -> None:
        """Fire until the end."""
        deleted = boto3.client("cloudwatch").exceptions.ResourceNotFound
        while not self._ended.wait(0.01):
            for name in alarm_names() - self._old:
                if name.endswith("-errors-main"):
                    with contextlib.suppress(deleted):
                        fire(name=name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def test_a_failing_new_fleet_is_rolled_back_and_can_be_deployed_forward_by_a_record(project: Project) -> None:
    before = endpoint()["EndpointConfigName"]
    with Firing():
        failing = project.declare(**FAILING)
        with pytest.raises(OperationError):
            project.terraform.apply(failing)
        boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=RANKER)
        assert endpoint()["EndpointConfigName"] == before
        assert configuration(before)["EndpointConfigName"] == before
        assert project.terraform.plan(failing).by_action("type")["update"] == [ENDPOINT]

        record = WithoutRollback(version=FAILING["image"], reason="The version before fails more requests.")
        project.apply(**FAILING, without_rollback=record)
    after = endpoint()
    assert (after["EndpointStatus"], after["EndpointConfigName"] == before) == ("InService", False)
    assert "AutoRollbackConfiguration" not in after["LastDeploymentConfig"]
    (alarm,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=[f"{RANKER}-errors-main"])["MetricAlarms"]
    assert "was deployed without rollback: The version before fails more requests." in alarm["AlarmDescription"]

    project.apply(**NEXT)
    assert len(endpoint()["LastDeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]) == 4


def test_another_instance_type_takes_scaling_off_before_the_endpoint_moves_and_puts_it_back(project: Project) -> None:
    changed = project.declare(**NEXT, instance_type="ml.g6.xlarge")
    touched = project.terraform.apply(changed).by_action("type")
    assert (touched["create/delete"], touched["update"]) == ([*[ALARM] * 4, CONFIGURATION], [ENDPOINT])
    assert set(touched["delete/create"]) == SCALING
    (variant, _) = configuration(endpoint()["EndpointConfigName"])["ProductionVariants"]
    assert variant["InstanceType"] == "ml.g6.xlarge"
    found = boto3.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    assert len([each for each in found["ScalingPolicies"] if RANKER in each["ResourceId"]]) == 2
    project.terraform.plan(changed).assert_empty()


def test_an_endpoint_that_was_deleted_for_its_idleness_is_seen_by_the_next_plan(project: Project) -> None:
    boto3.client("sagemaker").delete_endpoint(EndpointName=RANKER)
    boto3.client("sagemaker").list_endpoints()  # moto removes it after it was listed as deleting
    planned = project.terraform.plan(project.declare(**NEXT, instance_type="ml.g6.xlarge"))
    assert planned.by_action("type") == {"create": [ENDPOINT]}


def test_destroying_them_leaves_nothing(project: Project) -> None:
    stack = project.declare(**NEXT, instance_type="ml.g6.xlarge")
    project.terraform.destroy(stack)
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    assert project.terraform.state(stack).resources == {}
