"""Commands of Systems Manager in the local AWS, without nodes: what is refused, and what stays pending."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.ssm.test_sessions import an_instance

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

PATTERN = "^20[0-9]{6}-[0-9]{6}-[0-9a-f]{4}$"
RUN = "20261130-120000-ab12"


@pytest.fixture
def document(client: Client) -> str:
    """A document with one parameter."""
    name = f"start-run-{uuid.uuid4().hex[:8]}"
    content = {
        "schemaVersion": "2.2",
        "parameters": {"RunId": {"type": "String", "allowedPattern": PATTERN}},
        "mainSteps": [
            {"action": "aws:runShellScript", "name": "start", "inputs": {"runCommand": ["start {{ RunId }}"]}}
        ],
    }
    client("ssm").create_document(Name=name, Content=json.dumps(content), DocumentType="Command", DocumentFormat="JSON")
    return name


def test_a_command_without_nodes_stays_pending_until_it_is_cancelled(client: Client, document: str) -> None:
    ssm, instance = client("ssm"), an_instance(client)
    sent = ssm.send_command(DocumentName=document, InstanceIds=[instance], Parameters={"RunId": [RUN]})["Command"]
    assert (sent["Status"], sent["TargetCount"]) == ("Pending", 1)
    (listed,) = ssm.list_command_invocations(CommandId=sent["CommandId"], Details=True)["CommandInvocations"]
    assert (listed["InstanceId"], listed["Status"]) == (instance, "Pending")
    assert listed["CommandPlugins"][0]["Name"] == "start"
    found = ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=instance)
    assert (found["Status"], found["ResponseCode"], found["StandardOutputContent"]) == ("Pending", -1, "")
    ssm.cancel_command(CommandId=sent["CommandId"])
    assert ssm.list_commands(CommandId=sent["CommandId"])["Commands"][0]["Status"] == "Cancelled"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DocumentName": "unknown-document"}, "InvalidDocument.*unknown-document does not exist"),
        ({"Parameters": {"RunId": ["x; reboot"]}}, "InvalidParameters.*does not match the allowed pattern"),
        ({"Parameters": {}}, "InvalidParameters.*RunId is a required parameter"),
        ({"Parameters": {"RunId": [RUN], "Other": ["x"]}}, "InvalidParameters.*Other"),
        ({"InstanceIds": ["i-0abcdef0123456789"]}, "InvalidInstanceId.*not in a valid state"),
        ({"InstanceIds": []}, "InvalidInstanceId"),
    ],
)
def test_an_invalid_command_is_refused(client: Client, document: str, changes: dict[str, Any], message: str) -> None:
    request = {"DocumentName": document, "InstanceIds": [an_instance(client)], "Parameters": {"RunId": [RUN]}}
    with pytest.raises(ClientError, match=message):
        client("ssm").send_command(**request | changes)


def test_a_command_reaches_the_instances_with_a_tag(client: Client, document: str) -> None:
    chosen, _ = an_instance(client), an_instance(client)
    value = uuid.uuid4().hex
    client("ec2").create_tags(Resources=[chosen], Tags=[{"Key": "Cluster", "Value": value}])
    sent = client("ssm").send_command(
        DocumentName=document, Targets=[{"Key": "tag:Cluster", "Values": [value]}], Parameters={"RunId": [RUN]}
    )["Command"]
    listed = client("ssm").list_command_invocations(CommandId=sent["CommandId"])["CommandInvocations"]
    assert [each["InstanceId"] for each in listed] == [chosen]
