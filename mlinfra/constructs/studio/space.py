"""Spaces of Studio, with their initial settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import sagemaker_space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra._cdk.aws import sagemaker_user_profile
    from mlinfra.declarations import Space


class StudioSpace(Construct):
    """A private or shared space. People can change it later, and an apply keeps their changes."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        space: Space,
        owner: sagemaker_user_profile.SagemakerUserProfile,
        instance_type: str,
        storage_gib: int,
        tags: Mapping[str, str],
    ) -> None:
        """Declare the space.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            space: its declaration.
            owner: the user profile of its owner.
            instance_type: the initial instance type of its app.
            storage_gib: the initial size of its volume, in GiB.
            tags: its tags, in addition to the stack's.
        """
        super().__init__(scope, id)
        self._space = sagemaker_space.SagemakerSpace(
            self,
            "space",
            domain_id=owner.domain_id,
            space_name=space.name,
            ownership_settings=sagemaker_space.SagemakerSpaceOwnershipSettings(
                owner_user_profile_name=owner.user_profile_name
            ),
            space_sharing_settings=sagemaker_space.SagemakerSpaceSpaceSharingSettings(
                sharing_type="Shared" if space.shared else "Private"
            ),
            space_settings=sagemaker_space.SagemakerSpaceSpaceSettings(
                app_type=space.app,
                space_storage_settings=sagemaker_space.SagemakerSpaceSpaceSettingsSpaceStorageSettings(
                    ebs_storage_settings=sagemaker_space.SagemakerSpaceSpaceSettingsSpaceStorageSettingsEbsStorageSettings(
                        ebs_volume_size_in_gb=storage_gib
                    )
                ),
                **_app_settings(space, instance_type),
            ),
            tags=dict(tags),
            # People choose another instance type or a larger volume in Studio; the next apply would take it back, and
            # cannot: volumes only grow.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["space_settings"]),
        )

    @property
    def space(self) -> sagemaker_space.SagemakerSpace:
        """The space itself."""
        return self._space


def _app_settings(space: Space, instance_type: str) -> dict[str, Any]:
    if space.app == "CodeEditor":
        return {
            "code_editor_app_settings": sagemaker_space.SagemakerSpaceSpaceSettingsCodeEditorAppSettings(
                default_resource_spec=sagemaker_space.SagemakerSpaceSpaceSettingsCodeEditorAppSettingsDefaultResourceSpec(
                    instance_type=instance_type
                )
            )
        }
    return {
        "jupyter_lab_app_settings": sagemaker_space.SagemakerSpaceSpaceSettingsJupyterLabAppSettings(
            default_resource_spec=sagemaker_space.SagemakerSpaceSpaceSettingsJupyterLabAppSettingsDefaultResourceSpec(
                instance_type=instance_type
            )
        )
    }
