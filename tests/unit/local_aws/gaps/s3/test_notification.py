"""Event notifications of buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.local_aws.gaps.s3.conftest import code_and_status

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_eventbridge_setting_is_returned_until_it_is_removed(s3: Any) -> None:
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket="data")["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="data")


def test_a_notification_to_an_unknown_destination_is_refused(s3: Any) -> None:
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:none", "Events": ["s3:ObjectCreated:*"]}
    put = s3.put_bucket_notification_configuration
    wanted = {"Bucket": "data", "NotificationConfiguration": {"QueueConfigurations": [queue]}}
    assert code_and_status(put, **wanted)[0] == "InvalidArgument"


def test_a_notification_reaches_its_queue(client: Callable[..., Any], s3: Any) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
    queue = {
        "Id": "arrivals",
        "QueueArn": "arn:aws:sqs:us-east-1:123456789012:arrivals",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "raw/"}]}},
    }
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration={"QueueConfigurations": [queue]})
    assert s3.get_bucket_notification_configuration(Bucket="data")["QueueConfigurations"] == [queue]
    s3.put_object(Bucket="data", Key="raw/a", Body=b"x")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert any("ObjectCreated:Put" in each["Body"] for each in messages)
