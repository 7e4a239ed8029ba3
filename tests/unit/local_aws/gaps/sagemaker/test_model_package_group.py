"""SageMaker model package groups."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.local_aws.conftest import refusal


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


def test_a_policy_with_invalid_json_is_refused(sagemaker: Any) -> None:
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
