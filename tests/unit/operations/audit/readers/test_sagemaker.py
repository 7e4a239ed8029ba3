"""Resources of SageMaker in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.audit.readers.reading import ROLE, charges, read, read_one

if TYPE_CHECKING:
    from collections.abc import Callable

TAGS = [{"Key": "Owner", "Value": "ana@example.com"}]


@pytest.fixture
def domain(client: Callable[..., Any]) -> str:
    subnet = client("ec2").describe_subnets()["Subnets"][0]
    made = client("sagemaker").create_domain(
        DomainName="studio",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": ROLE},
        SubnetIds=[subnet["SubnetId"]],
        VpcId=subnet["VpcId"],
        Tags=TAGS,
    )
    return str(made["DomainArn"]).rpartition("/")[2]


def test_a_domain_has_its_tags_and_no_cost(client: Callable[..., Any], domain: str) -> None:
    found = read_one(client, "domain")
    assert (found.id, found.name, found.tags) == (domain, "studio", {"Owner": "ana@example.com"})
    assert found.charges == ()


def test_apps_and_spaces_have_their_users_and_instances(client: Callable[..., Any], domain: str) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": 50}}
    sagemaker.create_space(
        DomainId=domain,
        SpaceName="notes",
        OwnershipSettings={"OwnerUserProfileName": "ana"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={
            "AppType": "JupyterLab",
            "SpaceStorageSettings": storage,
        },
    )
    sagemaker.create_app(
        DomainId=domain,
        SpaceName="notes",
        AppType="JupyterLab",
        AppName="default",
        ResourceSpec={"InstanceType": "ml.g5.xlarge"},
    )
    assert charges(read_one(client, "app")) == []  # it is pending
    space, app = read_one(client, "space"), read_one(client, "app")
    assert (space.id, space.hints) == (f"{domain}/notes", {"user profile": "ana"})
    assert charges(space) == [("sagemaker", "studio_space_storage_gp3", 50)]
    assert app.id == f"{domain}/notes/jupyterlab/default"
    assert app.arn == f"arn:aws:sagemaker:us-east-1:123456789012:app/{domain}/notes/jupyterlab/default"
    assert charges(app) == [("sagemaker", "ml.g5.xlarge", 1)]
    assert app.charges[0].component == "studio"


def test_a_notebook_instance_has_its_volume_and_its_instance(client: Callable[..., Any]) -> None:
    client("sagemaker").create_notebook_instance(
        NotebookInstanceName="notes", InstanceType="ml.p3.2xlarge", RoleArn=ROLE, VolumeSizeInGB=100, Tags=TAGS
    )
    found = read_one(client, "notebook")
    assert charges(found) == [("sagemaker", "notebook_storage", 100), ("sagemaker", "ml.p3.2xlarge", 1)]
    assert found.hints == {"execution role": "ml"}
    assert found.tags == {"Owner": "ana@example.com"}


def test_an_endpoint_has_the_instances_of_its_variants(client: Callable[..., Any]) -> None:
    sagemaker = client("sagemaker")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1"
    sagemaker.create_model(ModelName="ranker", PrimaryContainer={"Image": image}, ExecutionRoleArn=ROLE)
    variants = [
        {"VariantName": "all", "ModelName": "ranker", "InitialInstanceCount": 2, "InstanceType": "ml.g5.xlarge"},
    ]
    sagemaker.create_endpoint_config(EndpointConfigName="ranker", ProductionVariants=variants)
    sagemaker.create_endpoint(EndpointName="ranker", EndpointConfigName="ranker", Tags=TAGS)
    found = read_one(client, "endpoint")
    assert charges(found) == [("sagemaker", "ml.g5.xlarge", 2)]
    assert found.charges[0].component == "hosting"
    assert [dict(each.dimensions) for each in found.metrics] == [{"EndpointName": "ranker", "VariantName": "all"}]


def test_only_running_training_jobs_are_read(client: Callable[..., Any]) -> None:
    sagemaker = client("sagemaker")
    for name in ("running", "ended"):
        sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": "s3://out"},
            ResourceConfig={"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
    listed = sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    found = read(client, "training-job")
    assert {each.name for each in found} == {each["TrainingJobName"] for each in listed}
    for each in found:
        assert charges(each) == [("sagemaker", "ml.p4d.24xlarge", 2)]


def test_a_hyperpod_cluster_has_the_instances_of_its_groups(client: Callable[..., Any]) -> None:
    client("sagemaker").create_cluster(
        ClusterName="pod",
        InstanceGroups=[
            {
                "InstanceCount": 4,
                "InstanceGroupName": "workers",
                "InstanceType": "ml.p5.48xlarge",
                "LifeCycleConfig": {"SourceS3Uri": "s3://sagemaker-scripts", "OnCreate": "start.sh"},
                "ExecutionRole": ROLE,
                "ThreadsPerCore": 1,  # moto requires it
            }
        ],
        Tags=TAGS,
    )
    found = read_one(client, "hyperpod-cluster")
    assert charges(found) == [("sagemaker", "ml.p5.48xlarge", 4)]
    assert found.charges[0].note == "HyperPod nodes are priced as training instances of SageMaker."


def test_an_active_tracking_server_has_the_price_of_its_size(client: Callable[..., Any]) -> None:
    client("sagemaker").create_mlflow_tracking_server(
        TrackingServerName="runs", ArtifactStoreUri="s3://runs", RoleArn=ROLE, TrackingServerSize="Small"
    )
    assert charges(read_one(client, "tracking-server")) == [("sagemaker", "mlflow_tracking_server_small", 1)]
