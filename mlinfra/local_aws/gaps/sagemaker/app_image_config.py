"""Gap: SageMaker app image configurations, which moto lacks.

A configuration describes how an app uses a container image: its kernels and its file system. Source:
SageMaker API reference, CreateAppImageConfig, DescribeAppImageConfig, UpdateAppImageConfig,
DeleteAppImageConfig, ListAppImageConfigs, read 2026-11-24.
"""

from __future__ import annotations

from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind


class AppImageConfigs(ResourceKind):
    """The app image configurations of an account and region."""

    name = "AppImageConfig"
    key = ("AppImageConfigName",)
    arn_type = "app-image-config"
    status = None


APP_IMAGE_CONFIGS = AppImageConfigs()


def is_open() -> bool:
    """True if moto has no app image configurations."""
    return not hasattr(SageMakerResponse, "create_app_image_config")


def close() -> None:
    """Close the gap: add app image configurations."""
    APP_IMAGE_CONFIGS.add_to_moto()
