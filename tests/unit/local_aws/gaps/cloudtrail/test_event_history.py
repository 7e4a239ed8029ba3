"""Lookups in the event history of CloudTrail."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3

from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

HOUR = timedelta(hours=1)


def events_of(cloudtrail: Any, resource: str) -> list[tuple[str, str]]:
    found = cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": resource}], MaxResults=50
    )["Events"]
    return [(each["EventName"], json.loads(each["CloudTrailEvent"])["userIdentity"]["arn"]) for each in found]


def test_events_name_the_resource_and_the_principal_the_newest_first(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    ec2.describe_volumes(VolumeIds=[volume])
    ec2.delete_volume(VolumeId=volume)
    administrator = "arn:aws:iam::123456789012:user/administrator"
    assert events_of(client("cloudtrail"), volume) == [("DeleteVolume", administrator), ("CreateVolume", administrator)]
    assert events_of(client("cloudtrail"), volume[:-1]) == []
    assert events_of(client("cloudtrail", "eu-west-1"), volume) == []


def test_the_principal_of_a_session_has_its_name(client: Callable[..., Any], local_aws: LocalAws) -> None:
    trust = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
    role = client("iam").create_role(RoleName="Ml", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    keys = client("sts").assume_role(RoleArn=role, RoleSessionName="ana@example.com")["Credentials"]
    ec2 = boto3.client(
        "ec2",
        region_name="us-east-1",
        endpoint_url=local_aws.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    assert events_of(client("cloudtrail"), volume) == [
        ("CreateVolume", "arn:aws:sts::123456789012:assumed-role/Ml/ana@example.com")
    ]


def test_failed_requests_are_not_recorded(client: Callable[..., Any]) -> None:
    assert error_code(client("ec2").delete_volume, VolumeId="vol-0123456789abcdef0") == "InvalidVolume.NotFound"
    assert events_of(client("cloudtrail"), "vol-0123456789abcdef0") == []


def test_requests_of_services_with_parsed_bodies_are_recorded(client: Callable[..., Any]) -> None:
    client("dynamodb").create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert [name for name, _ in events_of(client("cloudtrail"), "records")] == ["CreateTable"]


def test_events_outside_of_the_times_are_not_found(client: Callable[..., Any]) -> None:
    volume = client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    now = datetime.now(timezone.utc)
    lookup = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": volume}]}
    found = [
        client("cloudtrail").lookup_events(**lookup, StartTime=now + start, EndTime=now + end)["Events"]
        for start, end in ((-HOUR, HOUR), (-2 * HOUR, -HOUR), (HOUR, 2 * HOUR))
    ]
    assert [len(each) for each in found] == [1, 0, 0]
