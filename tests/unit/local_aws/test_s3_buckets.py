"""Configurations of buckets, and what must never happen to a bucket."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

    Client = Callable[[str], Any]


@pytest.fixture
def s3(client: Client) -> Any:
    """S3 with one bucket, and nothing of the tests before."""
    s3 = client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        versions = s3.list_object_versions(Bucket=bucket["Name"])
        for each in versions.get("Versions", []) + versions.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket["Name"], Key=each["Key"], VersionId=each["VersionId"])
        s3.delete_bucket(Bucket=bucket["Name"])
    s3.create_bucket(Bucket="data")
    return s3


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def ask(local_aws: LocalAws, method: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", local_aws.port, timeout=10)
    try:
        connection.request(method, path, headers={"Content-Length": "0"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("sub_resource", ["metadataTable", "metadataConfiguration", "versioning", "logging", "acl"])
def test_deleting_a_sub_resource_never_deletes_the_bucket(
    running_local_aws: LocalAws, s3: Any, sub_resource: str
) -> None:
    status, _ = ask(running_local_aws, "DELETE", f"/data?{sub_resource}")
    assert status in {405, 501}
    s3.head_bucket(Bucket="data")


def test_setting_an_unknown_sub_resource_never_creates_a_bucket(running_local_aws: LocalAws, s3: Any) -> None:
    status, body = ask(running_local_aws, "PUT", "/other?abac")
    assert (status, "NotImplemented" in body) == (501, True)
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["data"]


def test_a_metrics_configuration_without_an_id_is_no_bucket(running_local_aws: LocalAws, s3: Any) -> None:
    status, _ = ask(running_local_aws, "PUT", "/other?metrics")
    assert status == 404
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["data"]


def test_a_bucket_that_is_made_again_has_no_configuration_of_its_predecessor(s3: Any) -> None:
    s3.put_bucket_metrics_configuration(Bucket="data", Id="all", MetricsConfiguration={"Id": "all"})
    s3.delete_bucket(Bucket="data")
    s3.create_bucket(Bucket="data")
    assert "MetricsConfigurationList" not in s3.list_bucket_metrics_configurations(Bucket="data")


def test_more_than_a_hundred_configurations_are_listed_in_pages(s3: Any) -> None:
    names = [f"metric-{number:03}" for number in range(120)]
    for name in names:
        s3.put_bucket_metrics_configuration(Bucket="data", Id=name, MetricsConfiguration={"Id": name})
    first = s3.list_bucket_metrics_configurations(Bucket="data")
    assert (len(first["MetricsConfigurationList"]), first["IsTruncated"]) == (100, True)
    rest = s3.list_bucket_metrics_configurations(Bucket="data", ContinuationToken=first["NextContinuationToken"])
    assert [each["Id"] for each in rest["MetricsConfigurationList"]] == names[100:]
    assert rest["IsTruncated"] is False


def test_a_configuration_that_is_not_there_is_not_found(s3: Any) -> None:
    for get in (
        s3.get_bucket_metrics_configuration,
        s3.get_bucket_analytics_configuration,
        s3.get_bucket_inventory_configuration,
        s3.get_bucket_intelligent_tiering_configuration,
        s3.delete_bucket_metrics_configuration,
    ):
        assert refusal(get, Bucket="data", Id="none") == ("NoSuchConfiguration", 404)
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket="data") == ("NoSuchLifecycleConfiguration", 404)
    code = "ReplicationConfigurationNotFoundError"
    assert refusal(s3.get_bucket_replication, Bucket="data") == (code, 404)


def test_a_configuration_of_a_bucket_that_is_not_there_is_not_found(s3: Any) -> None:
    assert refusal(s3.get_bucket_metrics_configuration, Bucket="none", Id="all") == ("NoSuchBucket", 404)


def test_an_inventory_keeps_which_versions_it_lists(s3: Any) -> None:
    inventory = {
        "Id": "daily",
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::logs", "Format": "Parquet"}},
        "OptionalFields": ["Size", "StorageClass"],
    }
    s3.put_bucket_inventory_configuration(Bucket="data", Id="daily", InventoryConfiguration=inventory)
    answer = s3.get_bucket_inventory_configuration(Bucket="data", Id="daily")
    assert answer["InventoryConfiguration"] == inventory
    s3.delete_bucket_inventory_configuration(Bucket="data", Id="daily")
    assert "InventoryConfigurationList" not in s3.list_bucket_inventory_configurations(Bucket="data")


def test_a_value_that_the_api_does_not_have_is_malformed(s3: Any) -> None:
    tiering = {"Id": "raw", "Status": "Paused", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
    put = s3.put_bucket_intelligent_tiering_configuration
    assert refusal(put, Bucket="data", Id="raw", IntelligentTieringConfiguration=tiering) == ("MalformedXML", 400)


def test_an_access_tier_has_a_fewest_number_of_days(s3: Any) -> None:
    tiering = {"Id": "raw", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "DEEP_ARCHIVE_ACCESS"}]}
    put = s3.put_bucket_intelligent_tiering_configuration
    assert refusal(put, Bucket="data", Id="raw", IntelligentTieringConfiguration=tiering)[0] == "InvalidArgument"


def test_the_owner_of_a_bucket_pays_for_requests_until_told_otherwise(s3: Any) -> None:
    assert s3.get_bucket_request_payment(Bucket="data")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="data", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="data")["Payer"] == "Requester"


EVERYTHING: dict[str, Any] = {"Filter": {}}


def put_rules(s3: Any, rules: list[dict[str, Any]], **more: Any) -> Any:
    configuration = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
    return s3.put_bucket_lifecycle_configuration(Bucket="data", LifecycleConfiguration=configuration, **more)


def test_a_lifecycle_is_given_back_as_it_was_put(s3: Any) -> None:
    rules = [
        {
            "ID": "large",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "raw/", "ObjectSizeGreaterThan": 1, "Tags": [{"Key": "a", "Value": "b"}]}},
            "Transitions": [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}],
        },
        {
            "ID": "versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
        },
    ]
    put_rules(s3, rules, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    answer = s3.get_bucket_lifecycle_configuration(Bucket="data")
    assert answer["Rules"] == rules
    assert answer["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def test_a_lifecycle_rule_without_an_id_is_given_one(s3: Any) -> None:
    put_rules(s3, [{**EVERYTHING, "Expiration": {"Days": 1}}])
    answer = s3.get_bucket_lifecycle_configuration(Bucket="data")
    assert answer["Rules"][0]["ID"]
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"


BY_TAG = {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        pytest.param([EVERYTHING], "InvalidRequest", id="nothing to do"),
        pytest.param([{"Expiration": {"Days": 1}}], "MalformedXML", id="no filter"),
        pytest.param([{**EVERYTHING, "Prefix": "", "Expiration": {"Days": 1}}], "MalformedXML", id="two filters"),
        pytest.param(
            [{"Filter": {"And": {"Prefix": "a"}}, "Expiration": {"Days": 1}}], "MalformedXML", id="joins one condition"
        ),
        pytest.param([{"ID": "a", **EVERYTHING, "Expiration": {"Days": 1}}] * 2, "InvalidArgument", id="one id twice"),
        pytest.param([{**EVERYTHING, "Expiration": {"Days": 0}}], "InvalidArgument", id="no days"),
        pytest.param(
            [{**EVERYTHING, "Transitions": [{"Days": 7, "StorageClass": "STANDARD_IA"}]}],
            "InvalidArgument",
            id="infrequent access too early",
        ),
        pytest.param(
            [
                {
                    **EVERYTHING,
                    "Transitions": [
                        {"Days": 30, "StorageClass": "STANDARD_IA"},
                        {"Days": 59, "StorageClass": "GLACIER"},
                    ],
                }
            ],
            "InvalidArgument",
            id="archived too early after infrequent access",
        ),
        pytest.param(
            [{**EVERYTHING, "Transitions": [{"Days": 9, "StorageClass": "GLACIER"}], "Expiration": {"Days": 9}}],
            "InvalidArgument",
            id="expires before it transitions",
        ),
        pytest.param(
            [{**EVERYTHING, "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}}],
            "InvalidArgument",
            id="too many newer versions",
        ),
        pytest.param(
            [{**BY_TAG, "Expiration": {"ExpiredObjectDeleteMarker": True}}], "InvalidRequest", id="markers by tag"
        ),
        pytest.param(
            [{**BY_TAG, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}],
            "InvalidRequest",
            id="uploads by tag",
        ),
    ],
)
def test_a_lifecycle_that_contradicts_itself_is_refused(s3: Any, rules: list[dict[str, Any]], code: str) -> None:
    assert refusal(put_rules, s3=s3, rules=rules)[0] == code
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket="data")[0] == "NoSuchLifecycleConfiguration"


def test_a_lifecycle_that_is_deleted_is_gone(s3: Any) -> None:
    put_rules(s3, [{**EVERYTHING, "Expiration": {"Days": 1}}])
    s3.delete_bucket_lifecycle(Bucket="data")
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket="data")[0] == "NoSuchLifecycleConfiguration"


def test_events_go_to_eventbridge_until_told_otherwise(s3: Any) -> None:
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket="data")["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="data")


def test_a_notification_needs_a_destination_that_exists(s3: Any) -> None:
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:none", "Events": ["s3:ObjectCreated:*"]}
    put = s3.put_bucket_notification_configuration
    wanted = {"Bucket": "data", "NotificationConfiguration": {"QueueConfigurations": [queue]}}
    assert refusal(put, **wanted)[0] == "InvalidArgument"


def test_a_notification_reaches_its_queue(client: Client, s3: Any) -> None:
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


@pytest.fixture
def locked(s3: Any) -> Any:
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return s3


def retention(**default: Any) -> dict[str, Any]:
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **default}}}


def test_a_default_retention_can_be_changed_when_there_are_objects(locked: Any) -> None:
    locked.put_object(Bucket="locked", Key="a", Body=b"x")
    locked.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=retention(Days=2))
    found = locked.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
    assert found == retention(Days=2)


def test_a_default_retention_has_days_or_years(locked: Any) -> None:
    put = locked.put_object_lock_configuration
    for both_or_none in (retention(), retention(Days=1, Years=1)):
        assert refusal(put, Bucket="locked", ObjectLockConfiguration=both_or_none) == ("MalformedXML", 400)


def test_only_a_bucket_with_object_lock_has_its_configuration(locked: Any) -> None:
    get = locked.get_object_lock_configuration
    assert get(Bucket="locked")["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    assert refusal(get, Bucket="data") == ("ObjectLockConfigurationNotFoundError", 404)
    put = locked.put_object_lock_configuration
    assert refusal(put, Bucket="data", ObjectLockConfiguration=retention(Days=1))[0] == "InvalidBucketState"


def replication(**rule: Any) -> dict[str, Any]:
    whole = {
        "ID": "all",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": "raw/"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::copy", "StorageClass": "STANDARD_IA"},
    }
    whole.update(rule)
    rules = [{name: value for name, value in whole.items() if value is not None}]
    return {"Role": "arn:aws:iam::123456789012:role/replication", "Rules": rules}


@pytest.fixture
def versioned(s3: Any) -> Any:
    s3.create_bucket(Bucket="copy")
    for bucket in ("data", "copy"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_a_replication_is_given_back_as_it_was_put(versioned: Any) -> None:
    wanted = replication(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}})
    versioned.put_bucket_replication(Bucket="data", ReplicationConfiguration=wanted)
    assert versioned.get_bucket_replication(Bucket="data")["ReplicationConfiguration"] == wanted
    versioned.delete_bucket_replication(Bucket="data")
    assert refusal(versioned.get_bucket_replication, Bucket="data")[1] == 404


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"Priority": None}, id="no priority"),
        pytest.param({"DeleteMarkerReplication": None}, id="nothing said of delete markers"),
        pytest.param({"Destination": {"Bucket": "arn:aws:s3:::none"}}, id="no such destination"),
        pytest.param({**BY_TAG, "DeleteMarkerReplication": {"Status": "Enabled"}}, id="delete markers have no tags"),
    ],
)
def test_a_replication_that_s3_cannot_do_is_refused(versioned: Any, rule: dict[str, Any]) -> None:
    put = versioned.put_bucket_replication
    assert refusal(put, Bucket="data", ReplicationConfiguration=replication(**rule)) == ("InvalidRequest", 400)


def test_a_replication_needs_versions_at_both_ends(versioned: Any) -> None:
    put = versioned.put_bucket_replication
    for bucket in ("copy", "data"):
        versioned.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        assert refusal(put, Bucket="data", ReplicationConfiguration=replication())[0] == "InvalidRequest"


def logging_to(s3: Any, **statement: Any) -> dict[str, Any]:
    s3.create_bucket(Bucket="logs")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": ["arn:aws:s3:::logs/access/*"],
    }
    everyone = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::logs"}
    policy = {"Version": "2012-10-17", "Statement": [everyone, {**allow, **statement}]}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    key_format = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    return {"TargetBucket": "logs", "TargetPrefix": "access/", "TargetObjectKeyFormat": key_format}


def test_logging_keeps_the_format_of_its_keys(s3: Any) -> None:
    wanted = logging_to(s3)
    s3.put_bucket_logging(Bucket="data", BucketLoggingStatus={"LoggingEnabled": wanted})
    assert s3.get_bucket_logging(Bucket="data")["LoggingEnabled"] == wanted
    s3.put_bucket_logging(Bucket="data", BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="data")


def test_logging_needs_a_target_that_lets_it_write(s3: Any) -> None:
    wanted = {"LoggingEnabled": logging_to(s3, Resource="arn:aws:s3:::logs/elsewhere/*")}
    assert refusal(s3.put_bucket_logging, Bucket="data", BucketLoggingStatus=wanted)[0] == (
        "InvalidTargetBucketForLogging"
    )


def test_a_policy_can_refuse_other_accounts_and_anonymous_requests(running_local_aws: LocalAws, s3: Any) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"1")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
        "Condition": {
            "StringNotEquals": {"aws:PrincipalAccount": "123456789012"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    s3.put_bucket_policy(Bucket="data", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"1"
    assert ask(running_local_aws, "GET", "/data/a")[0] == 403
