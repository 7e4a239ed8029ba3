"""SageMaker models, endpoint configurations, endpoints, and how endpoints scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/inference"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.30.0"


@pytest.fixture
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def model(client: Client) -> str:
    client("sagemaker").create_model(ModelName="llm", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    return "llm"


def on_instances(model: str, name: str = "all", instance_type: str = "ml.g6.xlarge", count: int = 1) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": instance_type,
        "InitialInstanceCount": count,
    }


def create_endpoint(sagemaker: Any, name: str, variant: dict[str, Any], **more: Any) -> None:
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, **more)


def refusal(call: Callable[..., Any], **request: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error: dict[str, str] = caught.value.response["Error"]
    return error


def test_a_model_is_described_without_what_it_has_not(sagemaker: Any) -> None:
    sagemaker.create_model(
        ModelName="small",
        ExecutionRoleArn=ROLE,
        Containers=[{"Image": IMAGE}, {"Image": IMAGE}],
        InferenceExecutionConfig={"Mode": "Serial"},
        EnableNetworkIsolation=True,
    )
    described = sagemaker.describe_model(ModelName="small")
    assert not {"PrimaryContainer", "VpcConfig"} & described.keys()
    assert described["InferenceExecutionConfig"] == {"Mode": "Serial"}
    assert described["EnableNetworkIsolation"] is True


def test_a_second_model_of_a_name_is_refused(sagemaker: Any, model: str) -> None:
    error = refusal(sagemaker.create_model, ModelName=model, ExecutionRoleArn=ROLE)
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("Cannot create already existing model")


def test_models_are_listed_page_by_page(sagemaker: Any) -> None:
    for number in range(3):
        sagemaker.create_model(ModelName=f"listed-{number}", ExecutionRoleArn=ROLE)
    pages = sagemaker.get_paginator("list_models").paginate(
        NameContains="listed", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [[each["ModelName"] for each in page["Models"]] for page in pages] == [
        ["listed-0", "listed-1"],
        ["listed-2"],
    ]


@pytest.mark.parametrize("instance_type", ["ml.g5.48xlarge", "ml.g6.xlarge", "ml.g6e.2xlarge", "ml.p5.48xlarge"])
def test_an_endpoint_configuration_takes_todays_instance_types(sagemaker: Any, model: str, instance_type: str) -> None:
    name = instance_type.replace(".", "-")
    variant = on_instances(model, instance_type=instance_type)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    (found,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    assert found == variant


def test_an_instance_type_that_sagemaker_has_not_is_refused(sagemaker: Any, model: str) -> None:
    variant = on_instances(model, instance_type="ml.g99.xlarge")
    error = refusal(sagemaker.create_endpoint_config, EndpointConfigName="never", ProductionVariants=[variant])
    assert error["Code"] == "ValidationException"
    assert "'productionVariants.1.member.instanceType'" in error["Message"]


def test_an_endpoint_configuration_is_described_as_asked_for(sagemaker: Any, model: str) -> None:
    asked = {
        "ProductionVariants": [on_instances(model)],
        "ShadowProductionVariants": [on_instances(model, "shadow")],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://bucket/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "KmsKeyId": "alias/endpoints",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="everything", **asked)
    described = sagemaker.describe_endpoint_config(EndpointConfigName="everything")
    assert {name: described[name] for name in asked} == asked
    assert "AsyncInferenceConfig" not in described


def test_an_endpoint_configuration_may_serve_inference_components(sagemaker: Any) -> None:
    variant = {"VariantName": "all", "InstanceType": "ml.g5.12xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="components", ProductionVariants=[variant], ExecutionRoleArn=ROLE
    )
    assert sagemaker.describe_endpoint_config(EndpointConfigName="components")["ExecutionRoleArn"] == ROLE


@pytest.mark.parametrize("member", ["ProductionVariants", "ShadowProductionVariants"])
def test_a_variant_of_no_model_is_refused(sagemaker: Any, model: str, member: str) -> None:
    variants = {"ProductionVariants": [on_instances(model)], member: [on_instances("nowhere", "other")]}
    error = refusal(sagemaker.create_endpoint_config, EndpointConfigName="no-model", **variants)
    assert error["Message"].startswith("Could not find model")


def test_two_variants_of_one_name_are_refused(sagemaker: Any, model: str) -> None:
    variants = [on_instances(model), on_instances(model)]
    error = refusal(sagemaker.create_endpoint_config, EndpointConfigName="twins", ProductionVariants=variants)
    assert "unique" in error["Message"]


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


def test_an_update_moves_an_endpoint_to_another_configuration(sagemaker: Any, model: str) -> None:
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


def test_an_update_may_retain_how_many_instances_there_are(sagemaker: Any, model: str) -> None:
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


def test_a_deleted_endpoint_is_deleting_before_it_is_gone(sagemaker: Any, model: str) -> None:
    create_endpoint(sagemaker, "deleted", on_instances(model))
    sagemaker.delete_endpoint(EndpointName="deleted")
    assert sagemaker.describe_endpoint(EndpointName="deleted")["EndpointStatus"] == "Deleting"
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="deleted", WaiterConfig={"Delay": 0})


def test_the_scalable_target_of_a_variant_keeps_its_tags(client: Client) -> None:
    scaling = client("application-autoscaling")
    variant = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/llm/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    registered = scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=4, Tags={"Team": "ml"})
    arn = registered["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"Owner": "ana"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Owner": "ana"}
    again = refusal(scaling.register_scalable_target, **variant, MaxCapacity=8, Tags={"Team": "ml"})
    assert again["Code"] == "ValidationException"
    many = {f"key-{number}": "" for number in range(50)}
    assert refusal(scaling.tag_resource, ResourceARN=arn, Tags=many)["Code"] == "TooManyTagsException"
    scaling.deregister_scalable_target(**variant)
    assert refusal(scaling.list_tags_for_resource, ResourceARN=arn)["Code"] == "ResourceNotFoundException"


def test_what_scales_keeps_its_instance_type_until_it_is_deregistered(
    client: Client, sagemaker: Any, model: str
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
