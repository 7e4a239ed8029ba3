"""SageMaker client and resources that several tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


ROLE = "arn:aws:iam::123456789012:role/sagemaker"


IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.30.0"


@pytest.fixture(scope="session")
def model(client: Callable[..., Any]) -> str:
    client("sagemaker").create_model(ModelName="llm", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    return "llm"


def on_instances(model: str, name: str = "all", instance_type: str = "ml.g6.xlarge", count: int = 1) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": instance_type,
        "InitialInstanceCount": count,
    }


def define(sagemaker: Any, name: str) -> None:
    endpoint = {"EndpointName": "llm", "LocalPath": "/opt/ml/processing/input"}
    report = {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output"}
    sagemaker.create_data_quality_job_definition(
        JobDefinitionName=name,
        DataQualityAppSpecification={"ImageUri": "image"},
        DataQualityJobInput={"EndpointInput": endpoint},
        DataQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": report}]},
        JobResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
        RoleArn=ROLE,
    )


def create_domain(sagemaker: Any, name: str, **more: Any) -> str:
    settings = {"ExecutionRole": ROLE, **more.pop("DefaultUserSettings", {})}
    created = sagemaker.create_domain(
        DomainName=name, AuthMode="IAM", VpcId="vpc-1", SubnetIds=["subnet-1"], DefaultUserSettings=settings, **more
    )
    domain: str = created["DomainId"]
    return domain
