"""Attributes of SQS queues."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


ARN = "arn:aws:sqs:us-east-1:123456789012:attributes"


@pytest.fixture
def sqs(client: Callable[..., Any]) -> Any:
    return client("sqs")


@pytest.fixture
def queue(sqs: Any) -> str:
    sqs.create_queue(QueueName="attributes-dead")
    url: str = sqs.create_queue(QueueName="attributes")["QueueUrl"]
    return url


def attributes(sqs: Any, queue: str) -> Any:
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def test_a_queue_keeps_its_policy_when_another_attribute_is_set(sqs: Any, queue: str) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": ARN}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "60"})
    assert attributes(sqs, queue)["Policy"] == policy
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert not attributes(sqs, queue).get("Policy")


def test_redrive_policies_are_compact_json(sqs: Any, queue: str) -> None:
    redrive = {"deadLetterTargetArn": f"{ARN}-dead", "maxReceiveCount": 3}
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [ARN]}
    given = {"RedrivePolicy": json.dumps(redrive, indent=1), "RedriveAllowPolicy": json.dumps(allow, indent=1)}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=given)
    found = attributes(sqs, queue)
    assert found["RedrivePolicy"] == f'{{"deadLetterTargetArn":"{ARN}-dead","maxReceiveCount":3}}'
    assert found["RedriveAllowPolicy"] == f'{{"redrivePermission":"byQueue","sourceQueueArns":["{ARN}"]}}'


def test_a_queue_without_a_redrive_allow_policy_does_not_return_the_attribute(sqs: Any) -> None:
    sqs.set_queue_attributes(
        QueueUrl=sqs.create_queue(QueueName="plain")["QueueUrl"], Attributes={"RedriveAllowPolicy": ""}
    )
    url = sqs.get_queue_url(QueueName="plain")["QueueUrl"]
    assert "RedriveAllowPolicy" not in attributes(sqs, url)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param({"redrivePermission": "some"}, id="permission"),
        pytest.param({"redrivePermission": "byQueue"}, id="no sources"),
        pytest.param({"redrivePermission": "denyAll", "sourceQueueArns": [ARN]}, id="sources of none"),
        pytest.param({"redrivePermission": "byQueue", "sourceQueueArns": [ARN] * 11}, id="too many sources"),
    ],
)
def test_an_invalid_redrive_allow_policy_is_refused(sqs: Any, queue: str, policy: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="RedriveAllowPolicy is invalid"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": json.dumps(policy)})
