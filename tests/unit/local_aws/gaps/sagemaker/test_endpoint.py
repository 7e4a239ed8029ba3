"""SageMaker endpoints."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.conftest import refusal
from tests.unit.local_aws.gaps.sagemaker.conftest import IMAGE, on_instances

if TYPE_CHECKING:
    from collections.abc import Callable


def create_endpoint(sagemaker: Any, name: str, variant: dict[str, Any], **more: Any) -> None:
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, **more)


def test_an_endpoint_is_creating_before_it_is_in_service(sagemaker: Any, model: str) -> None:
    create_endpoint(sagemaker, "created", on_instances(model, count=2))
    described = [sagemaker.describe_endpoint(EndpointName="created") for _ in range(2)]
    assert [each["EndpointStatus"] for each in described] == ["Creating", "InService"]
    (variant,) = described[1]["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredWeight"]) == (2, 1.0)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert "DataCaptureConfig" not in described[1]


def test_a_serverless_endpoint_has_no_instances(sagemaker: Any, model: str) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    create_endpoint(sagemaker, "serverless", {"VariantName": "all", "ModelName": model, "ServerlessConfig": serverless})
    (variant,) = sagemaker.describe_endpoint(EndpointName="serverless")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == serverless
    assert "CurrentInstanceCount" not in variant


ROLLBACK = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


@pytest.fixture
def cloudwatch(client: Callable[..., Any]) -> Any:
    """CloudWatch with the alarm `errors`, which does not fire."""
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", MetricName="errors"
    )
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="test")
    return cloudwatch


@pytest.fixture
def reading(client: Callable[..., Any], sagemaker: Any, cloudwatch: Any) -> str:
    """A model with a role that may read the alarm `errors`."""
    del cloudwatch
    iam, name = client("iam"), "reads-alarms"
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
        statement = {
            "Effect": "Allow",
            "Action": "cloudwatch:DescribeAlarms",
            "Resource": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:err*",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document)
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role["Arn"], PrimaryContainer={"Image": IMAGE})
    return name


def test_an_update_moves_an_endpoint_to_another_configuration(sagemaker: Any, reading: str) -> None:
    model = reading
    create_endpoint(sagemaker, "moved", on_instances(model))
    sagemaker.create_endpoint_config(
        EndpointConfigName="moved-to", ProductionVariants=[on_instances(model, instance_type="ml.p5.48xlarge")]
    )
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    sagemaker.update_endpoint(EndpointName="moved", EndpointConfigName="moved-to", DeploymentConfig=deployment)
    described = sagemaker.describe_endpoint(EndpointName="moved")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "moved-to")
    assert described["LastDeploymentConfig"] == deployment
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="moved", WaiterConfig={"Delay": 0})


def statuses(sagemaker: Any, name: str) -> list[tuple[str, str]]:
    """Statuses and configurations of an endpoint, until it is in service."""
    seen = []
    while not seen or seen[-1][0] != "InService":
        described = sagemaker.describe_endpoint(EndpointName=name)
        seen.append((described["EndpointStatus"], described["EndpointConfigName"]))
    return seen


@pytest.mark.parametrize("fires", [True, False])
def test_an_update_is_rolled_back_if_an_alarm_fires(
    sagemaker: Any, cloudwatch: Any, reading: str, *, fires: bool
) -> None:
    old = f"rolled-back-{fires}".lower()
    create_endpoint(sagemaker, old, on_instances(reading, count=2), DeploymentConfig=ROLLBACK)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM" if fires else "OK", StateReason="test")
    assert statuses(sagemaker, old)[-1] == ("InService", old), "a new endpoint is not rolled back"
    new = f"{old}-to"
    sagemaker.create_endpoint_config(EndpointConfigName=new, ProductionVariants=[on_instances(reading)])
    sagemaker.update_endpoint(EndpointName=old, EndpointConfigName=new, DeploymentConfig=ROLLBACK)
    moved = [("Updating", new), ("InService", new)]
    assert statuses(sagemaker, old) == (
        [("Updating", new), ("RollingBack", old), ("InService", old)] if fires else [("Updating", new), *moved]
    )
    (variant,) = sagemaker.describe_endpoint(EndpointName=old)["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == (2 if fires else 1)
    sagemaker.update_endpoint(EndpointName=old, EndpointConfigName=new)
    assert statuses(sagemaker, old) == moved, "without alarms, an update is not rolled back"


def test_rollback_alarms_that_the_role_may_not_read_are_refused(sagemaker: Any, cloudwatch: Any, model: str) -> None:
    del cloudwatch
    sagemaker.create_endpoint_config(EndpointConfigName="unreadable", ProductionVariants=[on_instances(model)])
    request = {"EndpointName": "unreadable", "EndpointConfigName": "unreadable", "DeploymentConfig": ROLLBACK}
    error = refusal(sagemaker.create_endpoint, **request)
    assert error["Message"] == (
        'The role "arn:aws:iam::123456789012:role/sagemaker" is not authorized to perform cloudwatch:DescribeAlarms on '
        '"arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors".'
    )
    sagemaker.create_endpoint(EndpointName="unreadable", EndpointConfigName="unreadable")
    assert refusal(sagemaker.update_endpoint, **request) == error


def test_rollback_alarms_that_do_not_exist_are_refused(sagemaker: Any, reading: str) -> None:
    unknown = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "unknown"}]}}
    sagemaker.create_endpoint_config(EndpointConfigName="unknown", ProductionVariants=[on_instances(reading)])
    error = refusal(
        sagemaker.create_endpoint, EndpointName="unknown", EndpointConfigName="unknown", DeploymentConfig=unknown
    )
    assert error["Message"] == 'Could not find the alarm "unknown" of AutoRollbackConfiguration in this account.'


def test_an_update_can_retain_the_number_of_instances(sagemaker: Any, model: str) -> None:
    create_endpoint(sagemaker, "scaled", on_instances(model, count=1))
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="scaled", DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 7}]
    )
    sagemaker.create_endpoint_config(EndpointConfigName="scaled-2", ProductionVariants=[on_instances(model)])
    sagemaker.update_endpoint(EndpointName="scaled", EndpointConfigName="scaled-2", RetainAllVariantProperties=True)
    (variant,) = sagemaker.describe_endpoint(EndpointName="scaled")["ProductionVariants"]
    assert (variant["DesiredInstanceCount"], variant["DesiredWeight"]) == (7, 1.0)
    sagemaker.update_endpoint(EndpointName="scaled", EndpointConfigName="scaled")
    (variant,) = sagemaker.describe_endpoint(EndpointName="scaled")["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 1


def test_an_endpoint_that_does_not_exist_is_not_found(sagemaker: Any, model: str) -> None:
    assert refusal(sagemaker.describe_endpoint, EndpointName="nowhere")["Message"].startswith("Could not find endpoint")
    create_endpoint(sagemaker, "here", on_instances(model))
    error = refusal(sagemaker.update_endpoint, EndpointName="here", EndpointConfigName="nowhere")
    assert error["Message"].startswith("Could not find endpoint configuration")
    error = refusal(sagemaker.create_endpoint, EndpointName="here", EndpointConfigName="here")
    assert error["Message"].startswith("Cannot create already existing endpoint")


def test_a_deleted_endpoint_is_deleting_before_it_is_not_found(sagemaker: Any, model: str) -> None:
    create_endpoint(sagemaker, "deleted", on_instances(model))
    sagemaker.delete_endpoint(EndpointName="deleted")
    assert sagemaker.describe_endpoint(EndpointName="deleted")["EndpointStatus"] == "Deleting"
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="deleted", WaiterConfig={"Delay": 0})


def test_a_scalable_target_keeps_its_instance_type_until_it_is_deregistered(
    client: Callable[..., Any], sagemaker: Any, model: str
) -> None:
    create_endpoint(sagemaker, "scaling", on_instances(model))
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/scaling/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    autoscaling = client("application-autoscaling")
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    larger = on_instances(model, instance_type="ml.g6.12xlarge")
    sagemaker.create_endpoint_config(EndpointConfigName="larger", ProductionVariants=[larger])
    move = {"EndpointName": "scaling", "EndpointConfigName": "larger"}
    error = refusal(sagemaker.update_endpoint, **move)
    assert error["Message"] == (
        'The variant "all" is a scalable target: deregister it before its instance type changes.'
    )
    autoscaling.deregister_scalable_target(**target)
    sagemaker.update_endpoint(**move)
    assert sagemaker.describe_endpoint(EndpointName="scaling")["EndpointConfigName"] == "larger"
