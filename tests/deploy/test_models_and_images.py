"""Models, features, tracking and images: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra import FeatureGroup, RegisteredModel, Tracking
from mlinfra.functions.contract import Approval, Event
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Synth, Template

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("models-and-images")]

FEATURES = {"item_id": "String", "seen_at": "Fractional", "clicks": "Integral"}
GROUP = "recsys-local-item-clicks"


@dataclass(frozen=True)
class Project:
    """A stack with all four, whose declaration can be changed."""

    synth: Synth
    terraform: StackTerraform

    def declare(self, *, protect: bool = False, features: dict[str, str] | None = None) -> Template:
        """The stack as it is declared."""
        from mlinfra import Alerts, EncryptionKey
        from mlinfra.constructs.data_lake.access import DataLakeAccess
        from mlinfra.constructs.ml_assets.experiment_tracking import ExperimentTracking
        from mlinfra.constructs.ml_assets.feature_store import FeatureStore
        from mlinfra.constructs.ml_assets.image_repository import ImageRepository
        from mlinfra.constructs.ml_assets.model_registry import ModelRegistry

        group: dict[str, Any] = {
            "name": "item-clicks",
            "owner": "li@example.com",
            "features": features or FEATURES,
            "record_identifier": "item_id",
            "event_time": "seen_at",
            "online": True,
        }
        environment = an_environment(
            name="local",
            account_id="123456789012",
            emulated=True,
            protect_data=protect,
            alert_emails=["ml@example.com"],
            image_repositories=["two-tower"],
            models=[RegisteredModel(name="ranker", owner="ana@example.com", description="In which order.")],
            feature_groups=[FeatureGroup(**group)],
            tracking=Tracking(automatic_model_registration=True),
            trusted_account_ids=["222222222222"],
        )

        def build(stack: MlStack) -> None:
            key = EncryptionKey(stack, "key", name="models", description="Images and records.")
            lake = DataLakeAccess(stack, "lake", key_arn=key.arn)
            Alerts(stack, "alerts")
            ImageRepository(stack, "two-tower", name="two-tower", key_arn=key.arn)
            registry = ModelRegistry(stack, "registry")
            tracking = ExperimentTracking(stack, "tracking", data_lake=lake)
            store = FeatureStore(stack, "features", data_lake=lake)
            registry.grant_register(store)
            store.grant_read(tracking)

        return self.synth.constructs(build, environment, component="models")


@pytest.fixture(scope="module")
def project(module_synth: Synth, module_terraform: StackTerraform) -> Project:
    """The project, deployed."""
    made = Project(module_synth, module_terraform)
    assert set(made.terraform.apply(made.declare()).by_action()) == {"create"}
    return made


def test_a_second_plan_finds_nothing_to_do(project: Project) -> None:
    project.terraform.plan(project.declare()).assert_empty()


def test_images_are_scanned_and_their_tags_stay(project: Project) -> None:
    del project
    (repository,) = boto3.client("ecr").describe_repositories()["repositories"]
    assert repository["repositoryName"] == "recsys-local/two-tower"
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_the_owner_hears_of_an_approval(project: Project) -> None:
    del project
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url = sqs.create_queue(QueueName="people")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(
        TopicArn="arn:aws:sns:us-east-1:123456789012:recsys-local-alerts",
        Protocol="sqs",
        Endpoint=queue,
        Attributes={"FilterPolicy": json.dumps({"owner": ["ana@example.com"]})},
    )
    version = "arn:aws:sagemaker:us-east-1:123456789012:model-package/recsys-local-ranker/3"
    detail = {
        "ModelPackageGroupName": "recsys-local-ranker",
        "ModelPackageVersion": 3,
        "ModelPackageArn": version,
        "ModelApprovalStatus": Approval.APPROVED,
        "ApprovalDescription": "Better on all slices",
    }
    entry = {"Source": Event.SAGEMAKER_SOURCE, "DetailType": Event.MODEL_PACKAGE_CHANGED, "Detail": json.dumps(detail)}
    boto3.client("events").put_events(Entries=[entry])
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"] == "recsys-local-ranker version 3 was approved"
    assert body["Message"].splitlines()[2:] == [
        "Owner: ana@example.com.",
        f"Version: {version}",
        "Reason: Better on all slices",
    ]


def test_another_feature_would_be_another_group_which_protection_refuses(project: Project) -> None:
    more = {**FEATURES, "shown": "Integral"}
    planned = project.terraform.plan(project.declare(features=more))
    assert planned.by_action("type") == {"delete/create": ["aws_sagemaker_feature_group"]}
    with pytest.raises(Exception, match="prevent_destroy"):
        project.terraform.plan(project.declare(features=more, protect=True))


def test_a_feature_that_was_added_first_can_be_declared(project: Project) -> None:
    added = {"FeatureName": "shown", "FeatureType": "Integral"}
    boto3.client("sagemaker").update_feature_group(FeatureGroupName=GROUP, FeatureAdditions=[added])
    project.terraform.plan(project.declare(features={**FEATURES, "shown": "Integral"})).assert_empty()


def test_destroying_it_leaves_nothing(project: Project) -> None:
    stack = project.declare(features={**FEATURES, "shown": "Integral"})
    project.terraform.destroy(stack)
    assert project.terraform.state(stack).resources == {}
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert sagemaker.list_feature_groups()["FeatureGroupSummaries"] == []
    assert sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"] == []
    assert boto3.client("ecr").describe_repositories()["repositories"] == []
