"""SageMaker feature groups."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.conftest import refusal
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE


def create_features(sagemaker: Any, name: str, **more: Any) -> str:
    created = sagemaker.create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="customer",
        EventTimeFeatureName="seen_at",
        FeatureDefinitions=[
            {"FeatureName": "customer", "FeatureType": "String"},
            {"FeatureName": "seen_at", "FeatureType": "Fractional"},
        ],
        **more,
    )
    return str(created["FeatureGroupArn"])


def test_an_online_feature_group_is_created_without_an_offline_store(sagemaker: Any) -> None:
    create_features(sagemaker, "online", OnlineStoreConfig={"EnableOnlineStore": True})
    described = [sagemaker.describe_feature_group(FeatureGroupName="online") for _ in range(2)]
    assert [each["FeatureGroupStatus"] for each in described] == ["Creating", "Created"]
    assert "OfflineStoreConfig" not in described[1]
    assert described[1]["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}


def test_an_offline_feature_group_returns_the_location_of_its_records(sagemaker: Any) -> None:
    store = {"S3StorageConfig": {"S3Uri": "s3://bucket/features/"}}
    arn = create_features(sagemaker, "Offline", OfflineStoreConfig=store, RoleArn=ROLE)
    described = sagemaker.describe_feature_group(FeatureGroupName=arn)
    offline = described["OfflineStoreConfig"]
    assert arn.endswith(":feature-group/offline")
    assert described["FeatureGroupName"] == "Offline"
    assert offline["S3StorageConfig"]["ResolvedOutputS3Uri"].startswith("s3://bucket/features/123456789012/")
    assert offline["DataCatalogConfig"]["Database"] == "sagemaker_featurestore"
    assert described["OfflineStoreStatus"] == {"Status": "Active"}


def test_an_update_adds_features_to_a_feature_group(sagemaker: Any) -> None:
    create_features(sagemaker, "grows", OnlineStoreConfig={"EnableOnlineStore": True})
    sagemaker.update_feature_group(
        FeatureGroupName="grows",
        FeatureAdditions=[{"FeatureName": "orders", "FeatureType": "Integral"}],
        OnlineStoreConfig={"TtlDuration": {"Unit": "Days", "Value": 7}},
    )
    described = sagemaker.describe_feature_group(FeatureGroupName="grows")
    assert [each["FeatureName"] for each in described["FeatureDefinitions"]] == ["customer", "seen_at", "orders"]
    assert described["OnlineStoreConfig"]["EnableOnlineStore"] is True
    assert described["LastUpdateStatus"] == {"Status": "Successful"}


def test_a_feature_group_without_a_store_is_refused(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="At least one of OnlineStoreConfig and OfflineStoreConfig"):
        create_features(sagemaker, "nowhere")


def test_a_deleted_feature_group_is_deleting_before_it_is_not_found(sagemaker: Any) -> None:
    group = {"FeatureGroupName": "leaves"}
    create_features(sagemaker, "leaves", OnlineStoreConfig={"EnableOnlineStore": True})
    sagemaker.delete_feature_group(**group)
    (listed,) = sagemaker.list_feature_groups(NameContains="leaves")["FeatureGroupSummaries"]
    assert listed["FeatureGroupStatus"] == "Deleting"
    assert refusal(sagemaker.describe_feature_group, **group)["Code"] == "ResourceNotFound"
