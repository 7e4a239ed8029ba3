"""Gap: SageMaker Studio lifecycle configurations, which moto lacks.

A configuration is a script that runs when an app starts. It cannot be deleted while a domain or a user
profile references it. Source: SageMaker API reference, CreateStudioLifecycleConfig,
DescribeStudioLifecycleConfig, DeleteStudioLifecycleConfig, ListStudioLifecycleConfigs, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, refusal, users

if TYPE_CHECKING:
    from mlinfra.local_aws.mechanisms.sagemaker_resources import Resource


class StudioLifecycleConfigs(ResourceKind):
    """The Studio lifecycle configurations of an account and region."""

    name = "StudioLifecycleConfig"
    key = ("StudioLifecycleConfigName",)
    arn_type = "studio-lifecycle-config"
    status = None
    filters: ClassVar[dict[str, str]] = {"AppTypeEquals": "StudioLifecycleConfigAppType"}

    def check_deletion(self, response: SageMakerResponse, resource: Resource) -> None:
        """Refuse to delete a configuration that settings reference."""
        naming = users(response.sagemaker_backend, ("domain", "user-profile"), lambda each: _names(each, resource.arn))
        if naming:
            message = f"Unable to delete {resource.arn}: it is in use by {naming}."
            raise refusal(response, "ResourceInUse", message)


STUDIO_LIFECYCLE_CONFIGS = StudioLifecycleConfigs()


def is_open() -> bool:
    """True if moto has no Studio lifecycle configurations."""
    return not hasattr(SageMakerResponse, "create_studio_lifecycle_config")


def close() -> None:
    """Close the gap: add Studio lifecycle configurations."""
    STUDIO_LIFECYCLE_CONFIGS.add_to_moto()


def _names(value: object, arn: str) -> bool:
    """True if `value` contains `arn` at any depth."""
    if isinstance(value, dict):
        return any(_names(each, arn) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, arn) for each in value)
    return value == arn
