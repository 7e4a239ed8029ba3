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
from tests.unit.local_aws.gaps.conftest import deploy, written

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
    function: str
    """The ARN of a function of the user."""
    parameter: str
    """The parameter that the function writes."""
    machine: str
    """The ARN of a state machine of the user."""

    def declare(self, *, protect: bool = False, features: dict[str, str] | None = None) -> Template:
        """The stack as it is declared."""
        from mlinfra import Alerts, EncryptionKey
        from mlinfra._cdk.aws import sqs_queue
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
            registry.on_approval(self.function)
            registry.on_approval(self.machine)
            registry.on_approval(sqs_queue.SqsQueue(stack, "releases", name="releases"))
            tracking = ExperimentTracking(stack, "tracking", data_lake=lake)
            store = FeatureStore(stack, "features", data_lake=lake)
            registry.grant_register(store)
            store.grant_read(tracking)

        return self.synth.constructs(build, environment, component="models")


@pytest.fixture(scope="module")
def project(module_synth: Synth, module_terraform: StackTerraform) -> Project:
    """The project, deployed."""
    _, function, parameter = deploy(boto3.client, "release.py")
    machine = boto3.client("stepfunctions").create_state_machine(
        name="release",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/release",
    )["stateMachineArn"]
    made = Project(module_synth, module_terraform, function, parameter, machine)
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


def changed(version: str, approval: str) -> dict[str, str]:
    """The event of a version whose approval has changed."""
    detail = {
        "ModelPackageGroupName": "recsys-local-ranker",
        "ModelPackageVersion": int(version.rpartition("/")[2]),
        "ModelPackageArn": version,
        "ModelApprovalStatus": approval,
        "ApprovalDescription": "Better on all slices",
    }
    return {"Source": Event.SAGEMAKER_SOURCE, "DetailType": Event.MODEL_PACKAGE_CHANGED, "Detail": json.dumps(detail)}


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
    entry = changed(version, Approval.APPROVED)
    boto3.client("events").put_events(Entries=[entry])
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"] == "recsys-local-ranker version 3 was approved"
    assert body["Message"].splitlines()[2:] == [
        "Owner: ana@example.com.",
        f"Version: {version}",
        "Reason: Better on all slices",
    ]


def test_an_approval_reaches_the_function_the_state_machine_and_the_queue_of_the_user(project: Project) -> None:
    version = "arn:aws:sagemaker:us-east-1:123456789012:model-package/recsys-local-ranker/4"
    events = [changed(version, each) for each in (Approval.REJECTED, Approval.APPROVED)]
    assert boto3.client("events").put_events(Entries=events)["FailedEntryCount"] == 0
    wanted = json.loads(events[1]["Detail"])

    assert f"'ModelApprovalStatus': '{Approval.APPROVED}'" in written(boto3.client, project.parameter)
    states, sqs = boto3.client("stepfunctions"), boto3.client("sqs")
    executions = states.list_executions(stateMachineArn=project.machine)["executions"]
    inputs = [states.describe_execution(executionArn=each["executionArn"])["input"] for each in executions]
    assert wanted in [json.loads(each)["detail"] for each in inputs]
    url = sqs.get_queue_url(QueueName="releases")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)["Messages"]
    received = [json.loads(each["Body"])["detail"] for each in messages]
    assert wanted in received
    assert {each["ModelApprovalStatus"] for each in received} == {Approval.APPROVED}


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
