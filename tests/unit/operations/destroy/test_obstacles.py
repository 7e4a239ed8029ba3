"""Running work and remaining data that prevent a destruction, in a local AWS."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Tag
from mlinfra.operations.aws import account_of
from mlinfra.operations.destroy.obstacles import obstacles
from mlinfra.operations.destroy.planned import Doomed
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.operations.destroy import Obstacle

    Client = Callable[..., Any]

ENVIRONMENT = an_environment(name="local", account_id="123456789012", emulated=True)
ASSUMED = '{"Version": "2012-10-17", "Statement": []}'


def found(*doomed: Doomed, in_use: bool = False) -> tuple[Obstacle, ...]:
    return obstacles(doomed, ENVIRONMENT, account_of(ENVIRONMENT), in_use=in_use)


def doomed(kind: str, **values: Any) -> Doomed:
    return Doomed("local-x", f"{kind}.x", kind, values)


def texts(*each: Doomed, in_use: bool = False) -> list[str]:
    return [obstacle.text for obstacle in found(*each, in_use=in_use)]


class TestBuckets:
    def test_objects_and_delete_markers_of_a_bucket_without_force_destroy(self, client: Client) -> None:
        s3 = client("s3")
        s3.create_bucket(Bucket="lake")
        bucket = doomed("aws_s3_bucket", bucket="lake", force_destroy=False)
        assert texts(bucket) == []
        s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="lake", Key="a")
        assert texts(bucket) == ["the bucket lake contains objects, and S3 deletes empty buckets only"]
        version = s3.list_object_versions(Bucket="lake")["Versions"][0]["VersionId"]
        s3.delete_object(Bucket="lake", Key="a")
        s3.delete_object(Bucket="lake", Key="a", VersionId=version)
        assert not s3.list_object_versions(Bucket="lake").get("Versions")
        assert len(texts(bucket)) == 1
        assert texts(doomed("aws_s3_bucket", bucket="lake", force_destroy=True)) == []

    def test_a_bucket_that_is_already_deleted(self, client: Client) -> None:
        del client
        assert texts(doomed("aws_s3_bucket", bucket="gone", force_destroy=False)) == []


class TestRepositories:
    def test_images_of_a_repository_without_force_delete(self, client: Client) -> None:
        ecr = client("ecr")
        ecr.create_repository(repositoryName="train")
        repository = doomed("aws_ecr_repository", name="train", force_delete=False)
        assert texts(repository) == []
        manifest = (
            '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", '
            '"config": {"digest": "sha256:1"}, "layers": []}'
        )
        ecr.put_image(repositoryName="train", imageManifest=manifest, imageTag="1")
        assert texts(repository) == ["the repository train contains images, and ECR deletes empty repositories only"]
        assert texts(doomed("aws_ecr_repository", name="train", force_delete=True)) == []
        assert texts(doomed("aws_ecr_repository", name="gone", force_delete=False)) == []


class TestModels:
    def test_versions_of_a_model(self, client: Client) -> None:
        sagemaker = client("sagemaker")
        sagemaker.create_model_package_group(ModelPackageGroupName="ranker", ModelPackageGroupDescription="A ranker.")
        group = doomed("aws_sagemaker_model_package_group", model_package_group_name="ranker")
        assert texts(group) == []
        sagemaker.create_model_package(ModelPackageGroupName="ranker", ModelPackageDescription="One.")
        assert texts(group) == ["the group ranker contains model versions, and SageMaker deletes empty groups only"]


class TestEndpoints:
    @pytest.fixture
    def endpoint(self, client: Client) -> Doomed:
        sagemaker = client("sagemaker")
        sagemaker.create_model(
            ModelName="m",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/serving",
            PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/m:1"},
        )
        variant = {
            "VariantName": "v",
            "ModelName": "m",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="ranker", EndpointConfigName="c")
        return doomed("aws_sagemaker_endpoint", name="ranker")

    def test_requests_in_the_last_hour(self, client: Client, endpoint: Doomed) -> None:
        assert texts(endpoint) == []
        self.invoke(client, minutes_ago=10)
        assert texts(endpoint) == ["the endpoint ranker is in use: Invocations shows requests in the last hour"]
        assert texts(endpoint, in_use=True) == []

    def invoke(self, client: Client, *, minutes_ago: int) -> None:
        names = {"EndpointName": "ranker", "VariantName": "v"}
        client("cloudwatch").put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {
                    "MetricName": "Invocations",
                    "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
                    "Timestamp": datetime.now(timezone.utc) - timedelta(minutes=minutes_ago),
                    "Value": 3.0,
                }
            ],
        )


class TestClusters:
    NAME = f"{ENVIRONMENT.names.prefix}-two-tower"

    def make(self, client: Client, nodes: int) -> Doomed:
        ec2 = client("ec2")
        image = ec2.describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base OSS*"]}])["Images"][0]
        ec2.create_launch_template(
            LaunchTemplateName="nodes",
            LaunchTemplateData={"ImageId": image["ImageId"], "InstanceType": "g5.xlarge"},
        )
        tags = {Tag.AUTO_STOP: "true", Tag.EXPERIMENT: "two-tower", Tag.OWNER: "ana@example.com"}
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=self.NAME,
            LaunchTemplate={"LaunchTemplateName": "nodes", "Version": "$Latest"},
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=nodes,
            VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
            Tags=[
                {
                    "Key": key,
                    "Value": value,
                    "PropagateAtLaunch": True,
                    "ResourceId": self.NAME,
                    "ResourceType": "auto-scaling-group",
                }
                for key, value in tags.items()
            ],
        )
        return doomed("aws_autoscaling_group", name=self.NAME)

    def test_a_cluster_of_unknown_activity_counts_as_busy(self, client: Client) -> None:
        group = self.make(client, nodes=1)
        (obstacle,) = found(group)
        assert obstacle.text.startswith(f"the cluster {self.NAME} may be in use: ")
        assert obstacle.remedy.endswith("clusters stop local two-tower --force")

    def test_a_cluster_without_nodes(self, client: Client) -> None:
        assert texts(self.make(client, nodes=0)) == []


class TestStudio:
    @pytest.fixture
    def domain(self, client: Client) -> str:
        subnet = client("ec2").describe_subnets()["Subnets"][0]
        settings = {"ExecutionRole": "arn:aws:iam::123456789012:role/studio"}
        sagemaker = client("sagemaker")
        client("iam").create_role(RoleName="studio", AssumeRolePolicyDocument=ASSUMED)
        made = sagemaker.create_domain(
            DomainName="studio",
            AuthMode="IAM",
            DefaultUserSettings=settings,
            DefaultSpaceSettings=settings,
            SubnetIds=[subnet["SubnetId"]],
            VpcId=subnet["VpcId"],
        )
        domain = str(made["DomainArn"].rpartition("/")[2])
        sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
        return domain

    def test_spaces_and_apps_of_people(self, client: Client, domain: str) -> None:
        sagemaker = client("sagemaker")
        assert texts(doomed("aws_sagemaker_domain", id=domain)) == []
        sagemaker.create_space(
            DomainId=domain,
            SpaceName="own",
            OwnershipSettings={"OwnerUserProfileName": "ana"},
            SpaceSharingSettings={"SharingType": "Private"},
            SpaceSettings={"AppType": "JupyterLab"},
        )
        sagemaker.create_app(DomainId=domain, SpaceName="own", AppType="JupyterLab", AppName="default")
        assert texts(doomed("aws_sagemaker_domain", id=domain)) == [
            "the app JupyterLab of own runs in the studio",
            "the space own with its volume was created in the studio",
        ]
        # A space that is destroyed too does not prevent it, but its running app does.
        space = doomed("aws_sagemaker_space", domain_id=domain, space_name="own")
        assert texts(doomed("aws_sagemaker_domain", id=domain), space) == [
            "the app JupyterLab of own runs in the studio"
        ]


class TestWorkgroups:
    def test_queries_of_a_workgroup(self, client: Client) -> None:
        athena = client("athena")
        athena.create_work_group(Name="lake", Configuration={})
        group = doomed("aws_athena_workgroup", name="lake", force_destroy=False)
        assert texts(group) == []
        athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1", WorkGroup="lake")
        assert texts(group) == ["the workgroup lake contains queries, and Athena deletes empty workgroups only"]
        assert texts(doomed("aws_athena_workgroup", name="lake", force_destroy=True)) == []
