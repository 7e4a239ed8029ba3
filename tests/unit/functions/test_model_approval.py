"""Notifications about the approval of a model version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions import model_approval
from mlinfra.functions.contract import Approval, Event, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.functions.cloud import Cloud

GROUP = "recsys-dev-ranker"
VERSION = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/3"


@pytest.fixture
def group(clients: Callable[..., Any], cloud: Cloud) -> Iterator[str]:
    """A group with an owner, and what people hear of it."""
    del cloud
    sagemaker = clients("sagemaker")
    tags = [{"Key": "Owner", "Value": "ana@example.com"}, {"Key": "Team", "Value": "ml"}]
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP, Tags=tags)
    yield GROUP
    sagemaker.delete_model_package_group(ModelPackageGroupName=GROUP)


def an_event(**changes: Any) -> dict[str, Any]:
    detail = {
        "ModelPackageGroupName": GROUP,
        "ModelPackageVersion": 3,
        "ModelPackageArn": VERSION,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": Approval.APPROVED,
    } | changes
    return {"source": Event.SAGEMAKER_SOURCE, "detail-type": Event.MODEL_PACKAGE_CHANGED, "detail": detail}


@pytest.mark.parametrize(
    ("approval", "what"),
    [
        (Approval.PENDING, "is waiting for approval"),
        (Approval.APPROVED, "was approved"),
        (Approval.REJECTED, "was rejected"),
    ],
)
def test_the_owner_is_notified(cloud: Cloud, group: str, approval: str, what: str) -> None:
    answer = model_approval.handler(an_event(ModelApprovalStatus=approval), None)
    assert answer == {"version": VERSION, "approval": approval, "whose": "ana@example.com"}
    (mail,) = cloud.mail()
    assert mail["Subject"] == f"{group} version 3 {what}"
    assert mail["MessageAttributes"]["owner"]["Value"] == "ana@example.com"
    assert VERSION in mail["Message"]
    assert "Reason:" not in mail["Message"]


def test_the_notification_contains_the_reason(cloud: Cloud, group: str) -> None:
    del group
    model_approval.handler(an_event(ApprovalDescription="Better on all slices"), None)
    (mail,) = cloud.mail()
    assert mail["Message"].endswith("Reason: Better on all slices")


def test_notifications_are_logged(cloud: Cloud, group: str, capsys: pytest.CaptureFixture[str]) -> None:
    del cloud, group
    model_approval.handler(an_event(), None)
    line = json.loads(capsys.readouterr().out)
    assert (line["version"], line["approval"], line["whose"]) == (VERSION, Approval.APPROVED, "ana@example.com")


def test_a_group_without_an_owner_is_nobodys(cloud: Cloud, group: str, clients: Callable[..., Any]) -> None:
    arn = clients("sagemaker").describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    clients("sagemaker").delete_tags(ResourceArn=arn, TagKeys=["Owner"])
    assert model_approval.handler(an_event(), None)["whose"] == "unknown"
    (mail,) = cloud.mail()
    assert "Owner: unknown." in mail["Message"]


def test_where_the_owner_cannot_be_found_the_event_is_delivered_again(cloud: Cloud) -> None:
    with pytest.raises(Exception, match=r"ListTags"):
        model_approval.handler(an_event(), None)
    assert cloud.mail() == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"source": "aws.ec2"}, "expected an event 'SageMaker Model Package State Change' from aws.sagemaker"),
        ({**an_event(), "detail": {}}, "the event lacks a valid model version ARN or approval"),
        (an_event(ModelPackageArn="no-arn"), "the event lacks a valid model version ARN or approval"),
        (an_event(ModelApprovalStatus="Maybe"), "'Maybe' is not a known approval status"),
    ],
)
def test_a_wrong_event_is_refused(cloud: Cloud, event: dict[str, Any], message: str) -> None:
    del cloud
    with pytest.raises(ValueError, match=message):
        model_approval.handler(event, None)


def test_without_a_topic_it_refuses_to_run(cloud: Cloud) -> None:
    cloud.set(Variable.TOPIC, None)
    with pytest.raises(ValueError, match="MLINFRA_TOPIC is not set"):
        model_approval.handler(an_event(), None)
