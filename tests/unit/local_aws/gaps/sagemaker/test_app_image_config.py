"""SageMaker app image configurations."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import refusal


def test_an_app_image_configuration_is_created_and_deleted_immediately(sagemaker: Any) -> None:
    config = {"AppImageConfigName": "kernels"}
    sagemaker.create_app_image_config(**config, JupyterLabAppImageConfig={})
    assert refusal(sagemaker.create_app_image_config, **config)["Code"] == "ResourceInUse"
    changed = {"FileSystemConfig": {"MountPath": "/home/people"}}
    sagemaker.update_app_image_config(**config, JupyterLabAppImageConfig=changed)
    assert sagemaker.describe_app_image_config(**config)["JupyterLabAppImageConfig"] == changed
    sagemaker.delete_app_image_config(**config)
    assert refusal(sagemaker.describe_app_image_config, **config)["Code"] == "ResourceNotFound"
