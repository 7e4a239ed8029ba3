"""What SageMaker keeps by name: model packages' groups, features, images, repositories, MLflow servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "arn:aws:iam::123456789012:role/registries"


@pytest.fixture
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


def refusal(call: Callable[..., Any], **request: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error: dict[str, str] = caught.value.response["Error"]
    return error


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


def test_a_model_package_group_has_a_policy_until_it_is_deleted(sagemaker: Any) -> None:
    group = {"ModelPackageGroupName": "churn"}
    error = refusal(sagemaker.put_model_package_group_policy, **group, ResourcePolicy="{}")
    assert error["Message"].startswith("Cannot find Model Package Group")
    sagemaker.create_model_package_group(**group)
    assert refusal(sagemaker.get_model_package_group_policy, **group)["Message"].startswith(
        "Cannot find resource policy"
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    sagemaker.put_model_package_group_policy(**group, ResourcePolicy=policy)
    assert sagemaker.get_model_package_group_policy(**group)["ResourcePolicy"] == policy
    sagemaker.delete_model_package_group_policy(**group)
    assert refusal(sagemaker.delete_model_package_group_policy, **group)["Code"] == "ValidationException"


def test_a_policy_that_is_not_json_is_refused(sagemaker: Any) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="plain")
    request = {"ModelPackageGroupName": "plain", "ResourcePolicy": "anybody"}
    assert refusal(sagemaker.put_model_package_group_policy, **request)["Code"] == "ValidationException"


def test_a_model_package_group_that_holds_packages_is_not_deleted(sagemaker: Any) -> None:
    group = {"ModelPackageGroupName": "full"}
    sagemaker.create_model_package_group(**group)
    assert "already exists" in refusal(sagemaker.create_model_package_group, **group)["Message"]
    sagemaker.create_model_package(**group, ModelPackageDescription="one")
    assert refusal(sagemaker.delete_model_package_group, **group)["Code"] == "ConflictException"


def test_a_deleted_model_package_group_does_not_exist(sagemaker: Any) -> None:
    group = {"ModelPackageGroupName": "deleted"}
    sagemaker.create_model_package_group(**group)
    sagemaker.delete_model_package_group(**group)
    for call in (sagemaker.describe_model_package_group, sagemaker.delete_model_package_group):
        assert "does not exist" in refusal(call, **group)["Message"]


def test_a_feature_group_online_only_is_created(sagemaker: Any) -> None:
    create_features(sagemaker, "online", OnlineStoreConfig={"EnableOnlineStore": True})
    described = [sagemaker.describe_feature_group(FeatureGroupName="online") for _ in range(2)]
    assert [each["FeatureGroupStatus"] for each in described] == ["Creating", "Created"]
    assert "OfflineStoreConfig" not in described[1]
    assert described[1]["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}


def test_a_feature_group_offline_says_where_its_records_are(sagemaker: Any) -> None:
    store = {"S3StorageConfig": {"S3Uri": "s3://bucket/features/"}}
    arn = create_features(sagemaker, "Offline", OfflineStoreConfig=store, RoleArn=ROLE)
    described = sagemaker.describe_feature_group(FeatureGroupName=arn)
    offline = described["OfflineStoreConfig"]
    assert arn.endswith(":feature-group/offline")
    assert described["FeatureGroupName"] == "Offline"
    assert offline["S3StorageConfig"]["ResolvedOutputS3Uri"].startswith("s3://bucket/features/123456789012/")
    assert offline["DataCatalogConfig"]["Database"] == "sagemaker_featurestore"
    assert described["OfflineStoreStatus"] == {"Status": "Active"}


def test_a_feature_group_grows(sagemaker: Any) -> None:
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


def test_a_tracking_server_starts_and_stops(sagemaker: Any) -> None:
    server = {"TrackingServerName": "team"}
    sagemaker.create_mlflow_tracking_server(**server, ArtifactStoreUri="s3://bucket/mlflow", RoleArn=ROLE)
    described = sagemaker.describe_mlflow_tracking_server(**server)
    assert (described["TrackingServerStatus"], described["TrackingServerSize"]) == ("Creating", "Small")
    assert refusal(sagemaker.start_mlflow_tracking_server, **server)["Code"] == "ConflictException"
    sagemaker.stop_mlflow_tracking_server(**server)
    stopping = [sagemaker.describe_mlflow_tracking_server(**server) for _ in range(2)]
    assert [each["TrackingServerStatus"] for each in stopping] == ["Stopping", "Stopped"]
    assert stopping[1]["IsActive"] == "Inactive"
    (listed,) = sagemaker.list_mlflow_tracking_servers(TrackingServerStatus="Stopped")["TrackingServerSummaries"]
    assert listed["TrackingServerName"] == "team"
    sagemaker.delete_mlflow_tracking_server(**server)
    assert sagemaker.describe_mlflow_tracking_server(**server)["TrackingServerStatus"] == "Deleting"
    assert refusal(sagemaker.describe_mlflow_tracking_server, **server)["Code"] == "ResourceNotFound"


def test_the_versions_of_an_image_count_up_and_have_aliases(sagemaker: Any) -> None:
    image = {"ImageName": "training"}
    sagemaker.create_image(**image, RoleArn=ROLE)
    for number in (1, 2):
        sagemaker.create_image_version(**image, BaseImage=f"repository:{number}", Aliases=[f"v{number}"])
    assert sagemaker.describe_image_version(**image)["Version"] == 2
    assert sagemaker.describe_image_version(**image, Alias="v1")["BaseImage"] == "repository:1"
    sagemaker.update_image_version(**image, Version=1, AliasesToAdd=["old"], AliasesToDelete=["v1"])
    assert sagemaker.list_aliases(**image)["SageMakerImageVersionAliases"] == ["old", "v2"]
    sagemaker.delete_image_version(**image, Version=2)
    assert sagemaker.describe_image_version(**image, Version=2)["ImageVersionStatus"] == "DELETING"
    assert refusal(sagemaker.describe_image_version, **image, Version=2)["Code"] == "ResourceNotFound"
    sagemaker.create_image_version(**image, BaseImage="repository:3")
    newest_first = sagemaker.list_image_versions(**image, SortBy="VERSION")["ImageVersions"]
    assert [each["Version"] for each in newest_first] == [3, 1]


def test_an_image_goes_with_its_versions(sagemaker: Any) -> None:
    image = {"ImageName": "short-lived"}
    assert refusal(sagemaker.create_image_version, **image, BaseImage="repository:1")["Code"] == "ResourceNotFound"
    sagemaker.create_image(**image, RoleArn=ROLE, Description="Going")
    sagemaker.create_image_version(**image, BaseImage="repository:1")
    sagemaker.update_image(**image, DeleteProperties=["Description"], DisplayName="Gone")
    described = sagemaker.describe_image(**image)
    assert (described["ImageStatus"], described["DisplayName"]) == ("UPDATING", "Gone")
    assert "Description" not in described
    sagemaker.delete_image(**image)
    assert refusal(sagemaker.describe_image_version, **image)["Code"] == "ResourceNotFound"


def test_an_app_image_configuration_is_there_at_once_and_gone_at_once(sagemaker: Any) -> None:
    config = {"AppImageConfigName": "kernels"}
    sagemaker.create_app_image_config(**config, JupyterLabAppImageConfig={})
    assert refusal(sagemaker.create_app_image_config, **config)["Code"] == "ResourceInUse"
    changed = {"FileSystemConfig": {"MountPath": "/home/people"}}
    sagemaker.update_app_image_config(**config, JupyterLabAppImageConfig=changed)
    assert sagemaker.describe_app_image_config(**config)["JupyterLabAppImageConfig"] == changed
    sagemaker.delete_app_image_config(**config)
    assert refusal(sagemaker.describe_app_image_config, **config)["Code"] == "ResourceNotFound"


def test_a_code_repository_keeps_its_address_when_its_secret_changes(sagemaker: Any) -> None:
    repository = {"CodeRepositoryName": "models"}
    address = "https://github.com/example/models.git"
    sagemaker.create_code_repository(**repository, GitConfig={"RepositoryUrl": address})
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonSageMaker-git"  # noqa: S105
    sagemaker.update_code_repository(**repository, GitConfig={"SecretArn": secret})
    described = sagemaker.describe_code_repository(**repository)
    assert described["GitConfig"] == {"RepositoryUrl": address, "SecretArn": secret}
    sagemaker.delete_code_repository(**repository)
    error = refusal(sagemaker.describe_code_repository, **repository)
    assert error["Message"].startswith("Cannot find CodeRepository")
