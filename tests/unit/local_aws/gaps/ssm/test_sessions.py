"""Sessions of Session Manager in the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws import image_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]


def an_instance(client: Client) -> str:
    image = image_ids(client("ec2"))[0]
    made = client("ec2").run_instances(ImageId=image, InstanceType="g5.xlarge", MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def test_a_session_with_a_running_instance(client: Client) -> None:
    started = client("ssm").start_session(
        Target=an_instance(client), DocumentName="AWS-StartSSHSession", Parameters={"portNumber": ["22"]}
    )
    assert started["StreamUrl"].startswith("wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/")
    assert started["TokenValue"]
    ended = client("ssm").terminate_session(SessionId=started["SessionId"])
    assert ended["SessionId"] == started["SessionId"]


def test_an_instance_that_is_not_running_or_in_another_region_is_not_connected(client: Client) -> None:
    instance = an_instance(client)
    client("ec2").stop_instances(InstanceIds=[instance])
    for region, target in (("us-east-1", instance), ("us-east-1", "i-0abcdef0123456789"), ("eu-west-1", instance)):
        with pytest.raises(ClientError, match="TargetNotConnected"):
            client("ssm", region).start_session(Target=target)


def test_an_unknown_document_is_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="InvalidDocument"):
        client("ssm").start_session(Target=an_instance(client), DocumentName="Own-Shell")
