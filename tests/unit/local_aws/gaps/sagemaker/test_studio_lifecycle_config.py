"""Lifecycle configurations of SageMaker Studio."""

from __future__ import annotations

import base64
from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import create_domain


def test_a_lifecycle_configuration_referenced_by_a_domain_is_not_deleted(sagemaker: Any) -> None:
    content = base64.b64encode(b"echo started").decode()
    arn = sagemaker.create_studio_lifecycle_config(
        StudioLifecycleConfigName="named",
        StudioLifecycleConfigAppType="JupyterLab",
        StudioLifecycleConfigContent=content,
    )["StudioLifecycleConfigArn"]
    create_domain(sagemaker, "names", DefaultUserSettings={"JupyterLabAppSettings": {"LifecycleConfigArns": [arn]}})
    assert error_code(sagemaker.delete_studio_lifecycle_config, StudioLifecycleConfigName="named") == "ResourceInUse"


def test_lifecycle_configurations_are_listed_by_the_type_of_app(sagemaker: Any) -> None:
    for app_type in ("JupyterLab", "CodeEditor"):
        sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName=f"for-{app_type}",
            StudioLifecycleConfigAppType=app_type,
            StudioLifecycleConfigContent="ZQ==",
        )
    listed = sagemaker.list_studio_lifecycle_configs(AppTypeEquals="CodeEditor", NameContains="for")
    (found,) = listed["StudioLifecycleConfigs"]
    assert found["StudioLifecycleConfigName"] == "for-CodeEditor"
    sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName="for-CodeEditor")
    code = error_code(sagemaker.describe_studio_lifecycle_config, StudioLifecycleConfigName="for-CodeEditor")
    assert code == "ResourceNotFound"
