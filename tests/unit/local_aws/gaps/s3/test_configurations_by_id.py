"""Metrics, analytics, inventory and tiering configurations of buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.local_aws.gaps.s3.conftest import ask, code_and_status

if TYPE_CHECKING:
    from mlinfra.local_aws.server import LocalAws


def test_a_metrics_configuration_without_an_id_creates_no_bucket(mlinfra_local_aws: LocalAws, s3: Any) -> None:
    status, _ = ask(mlinfra_local_aws, "PUT", "/other?metrics")
    assert status == 404
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["data"]


def test_a_new_bucket_has_no_configuration_of_a_deleted_one_of_the_same_name(s3: Any) -> None:
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


def test_an_unknown_configuration_is_not_found(s3: Any) -> None:
    for get in (
        s3.get_bucket_metrics_configuration,
        s3.get_bucket_analytics_configuration,
        s3.get_bucket_inventory_configuration,
        s3.get_bucket_intelligent_tiering_configuration,
        s3.delete_bucket_metrics_configuration,
    ):
        assert code_and_status(get, Bucket="data", Id="none") == ("NoSuchConfiguration", 404)
    assert code_and_status(s3.get_bucket_lifecycle_configuration, Bucket="data") == (
        "NoSuchLifecycleConfiguration",
        404,
    )
    code = "ReplicationConfigurationNotFoundError"
    assert code_and_status(s3.get_bucket_replication, Bucket="data") == (code, 404)


def test_a_configuration_of_an_unknown_bucket_is_not_found(s3: Any) -> None:
    assert code_and_status(s3.get_bucket_metrics_configuration, Bucket="none", Id="all") == ("NoSuchBucket", 404)


def test_an_inventory_keeps_its_object_versions(s3: Any) -> None:
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


def test_an_invalid_enumeration_value_is_malformed(s3: Any) -> None:
    tiering = {"Id": "raw", "Status": "Paused", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
    put = s3.put_bucket_intelligent_tiering_configuration
    assert code_and_status(put, Bucket="data", Id="raw", IntelligentTieringConfiguration=tiering) == (
        "MalformedXML",
        400,
    )


def test_too_few_days_for_an_access_tier_are_refused(s3: Any) -> None:
    tiering = {"Id": "raw", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "DEEP_ARCHIVE_ACCESS"}]}
    put = s3.put_bucket_intelligent_tiering_configuration
    assert (
        code_and_status(put, Bucket="data", Id="raw", IntelligentTieringConfiguration=tiering)[0] == "InvalidArgument"
    )
