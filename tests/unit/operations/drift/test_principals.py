"""Answers of CloudTrail, as its API writes them: also those that a local AWS does not give."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import boto3
from botocore.stub import Stubber

from mlinfra.operations.aws.account import AwsAccount
from mlinfra.operations.drift.principals import LOOKUPS, Principals

ANA = "arn:aws:sts::111111111111:assumed-role/Admin/ana"
CI = "arn:aws:sts::111111111111:assumed-role/ci/run-7"


@dataclass
class Session:
    """A session whose CloudTrail gives the answers that were put in, and no others."""

    answers: list[dict[str, Any] | str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)

    def client(self, service: str, region_name: str, config: Any) -> Any:
        del config
        self.regions.append(region_name)
        client = boto3.client(service, region_name=region_name, aws_access_key_id="a", aws_secret_access_key="b")  # noqa: S106
        stub = Stubber(client)
        for each in self.answers:
            if isinstance(each, str):
                stub.add_client_error("lookup_events", each, "not allowed")
            else:
                stub.add_response("lookup_events", each)
        self.answers = []
        stub.activate()
        return client


def event(name: str, hour: int, *, principal: str = ANA, agent: str = "console.amazonaws.com", **more: Any) -> Any:
    record = {"userIdentity": {"arn": principal}, "userAgent": agent} | more.pop("record", {})
    return {
        "EventId": f"{name}-{hour}",
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": datetime(2026, 11, 24, hour, tzinfo=timezone.utc),
        "CloudTrailEvent": json.dumps(record),
    } | more


def asked(*answers: dict[str, Any] | str, type_: str = "aws_s3_bucket", names: tuple[str, ...] = ("lake",)) -> str:
    account = AwsAccount(Session(list(answers)), "111111111111", ANA)  # type: ignore[arg-type]
    return str(Principals(account, "eu-west-1").who_changed(type_, names))


def test_the_newest_writes_by_others_than_terraform_are_named() -> None:
    events = [
        event("GetBucketVersioning", 12, ReadOnly="true"),
        event("PutBucketVersioning", 11),
        event("PutBucketTagging", 10, record={"errorCode": "AccessDenied"}),
        event("PutBucketTagging", 9, principal=CI, agent="APN/1.0 HashiCorp/1.0 Terraform/1.11.4"),
    ]
    assert asked({"Events": events}) == f"{ANA}, PutBucketVersioning, 2026-11-24 11:00 UTC"


def test_the_next_name_is_asked_for_where_the_first_is_unknown() -> None:
    found = asked({"Events": []}, {"Events": [event("DeleteTopic", 8)]}, names=("arn", "jobs"))
    assert found == f"{ANA}, DeleteTopic, 2026-11-24 08:00 UTC"


def test_an_event_of_an_aws_service_names_the_service() -> None:
    by_service = event("UpdateAutoScalingGroup", 8, record={"userIdentity": {"invokedBy": "batch.amazonaws.com"}})
    assert asked({"Events": [by_service]}).startswith("batch.amazonaws.com, UpdateAutoScalingGroup")


def test_an_unknown_principal_is_reported_with_the_reason() -> None:
    assert asked({"Events": []}) == "unknown: CloudTrail has no event of the resource within 90 days"
    assert asked(names=()) == "unknown: the resource has no name for a lookup"


def test_events_by_terraform_alone_leave_the_principal_unknown() -> None:
    own = event("PutBucketTagging", 9, principal=CI, agent="APN/1.0 HashiCorp/1.0 Terraform/1.11.4")
    assert asked({"Events": [own]}) == (
        f"unknown: CloudTrail has only events by Terraform, the last by {CI}, PutBucketTagging, 2026-11-24 09:00 UTC"
    )


def test_missing_permissions_for_cloudtrail_hide_no_drift() -> None:
    assert asked("AccessDeniedException").startswith("unknown: the request to CloudTrail failed (")


def test_events_of_iam_are_read_in_the_region_that_records_them() -> None:
    session = Session([{"Events": []}])
    account = AwsAccount(session, "111111111111", ANA)  # type: ignore[arg-type]
    Principals(account, "eu-west-1").who_changed("aws_iam_role", ("nodes",))
    assert session.regions == ["us-east-1"]


def test_a_resource_is_looked_up_once_and_lookups_are_limited() -> None:
    session = Session([{"Events": []}])
    principals = Principals(AwsAccount(session, "111111111111", ANA), "eu-west-1")  # type: ignore[arg-type]
    assert principals.who_changed("aws_vpc", ("a",)) is principals.who_changed("aws_vpc", ("a",))
    for number in range(LOOKUPS):
        session.answers = [{"Events": []}]
        last = principals.who_changed("aws_vpc", (f"vpc-{number}",))
    assert str(last) == f"unknown: skipped, because a run is limited to {LOOKUPS} lookups"


def test_a_failure_of_cloudtrail_is_not_retried_and_is_reported_in_one_line() -> None:
    session = Session(["InternalError"])
    principals = Principals(AwsAccount(session, "111111111111", ANA), "eu-west-1")  # type: ignore[arg-type]
    first = principals.who_changed("aws_s3_bucket", ("lake",))
    assert str(first).startswith("unknown: the request to CloudTrail failed (An error occurred (InternalError)")
    assert principals.who_changed("aws_sns_topic", ("jobs",)) is first
    assert session.regions == ["eu-west-1"]
