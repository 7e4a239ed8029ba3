"""Settings of Studio apps for a domain and its user profiles: instance types, idle shutdown and visible apps.

A domain and a user profile have the same settings, in classes with different names. A user profile's settings of an
app replace all those of the domain, so both are complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlinfra.catalog import studio_instance_types
from mlinfra.declarations import SHORTEST_IDLE_MINUTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from mlinfra.declarations import StudioApp, StudioSettings

# Studio Classic, which has no idle shutdown, and apps with additional costs: Canvas sessions, RStudio licences.
HIDDEN_APPS = (
    "Canvas",
    "DetailedProfiler",
    "JupyterServer",
    "KernelGateway",
    "RSessionGateway",
    "RStudioServerPro",
    "TensorBoard",
)


@dataclass(frozen=True, kw_only=True)
class UserSettings:
    """The settings of apps, for the members of a team or as the domain's default."""

    settings: StudioSettings
    role_arn: str
    security_group_id: str
    instance_type: str
    """The initial instance type of apps."""

    instance_types: Sequence[str]
    """The visible instance types."""

    scripts: Mapping[StudioApp, str] = field(default_factory=lambda: MappingProxyType({}))
    """The ARNs of lifecycle configurations, by app."""

    def of(self, module: ModuleType, prefix: str) -> Any:  # noqa: ANN401  a class of `module`
        """The settings as a block of a resource.

        Args:
            module: the resource's module, such as `sagemaker_domain`.
            prefix: what the names of its classes begin with, such as `SagemakerDomainDefaultUserSettings`.
        """
        portal = getattr(module, f"{prefix}StudioWebPortalSettings")
        hidden = [each for each in studio_instance_types() if each not in self.instance_types]
        return getattr(module, prefix)(
            execution_role=self.role_arn,
            security_groups=[self.security_group_id],
            default_landing_uri="studio::",
            studio_web_portal="ENABLED",
            studio_web_portal_settings=portal(hidden_app_types=list(HIDDEN_APPS), hidden_instance_types=hidden),
            jupyter_lab_app_settings=self._app(module, f"{prefix}JupyterLabAppSettings", "JupyterLab"),
            code_editor_app_settings=self._app(module, f"{prefix}CodeEditorAppSettings", "CodeEditor"),
            space_storage_settings=self._storage(module, f"{prefix}SpaceStorageSettings"),
        )

    def of_spaces(self, module: ModuleType, prefix: str) -> Any:  # noqa: ANN401  a class of `module`
        """The settings of shared spaces as a block of a domain, which has fewer of them.

        Args:
            module: the domain's module.
            prefix: what the names of its classes begin with.
        """
        return getattr(module, prefix)(
            execution_role=self.role_arn,
            security_groups=[self.security_group_id],
            jupyter_lab_app_settings=self._app(module, f"{prefix}JupyterLabAppSettings", "JupyterLab"),
            space_storage_settings=self._storage(module, f"{prefix}SpaceStorageSettings"),
        )

    def _app(self, module: ModuleType, prefix: str, app: StudioApp) -> Any:  # noqa: ANN401
        spec = getattr(module, f"{prefix}DefaultResourceSpec")
        management = getattr(module, f"{prefix}AppLifecycleManagement")
        idle = getattr(module, f"{prefix}AppLifecycleManagementIdleSettings")
        script = self.scripts.get(app)
        return getattr(module, prefix)(
            default_resource_spec=spec(instance_type=self.instance_type, lifecycle_config_arn=script),
            lifecycle_config_arns=[script] if script else None,
            app_lifecycle_management=management(
                idle_settings=idle(
                    lifecycle_management="ENABLED",
                    # All three together: AWS provider 5.100 sends 0 for what is left out, which the API refuses.
                    idle_timeout_in_minutes=self.settings.idle_minutes,
                    min_idle_timeout_in_minutes=SHORTEST_IDLE_MINUTES,
                    max_idle_timeout_in_minutes=self.settings.max_idle_minutes,
                )
            ),
        )

    def _storage(self, module: ModuleType, prefix: str) -> Any:  # noqa: ANN401
        volume = getattr(module, f"{prefix}DefaultEbsStorageSettings")
        return getattr(module, prefix)(
            default_ebs_storage_settings=volume(
                default_ebs_volume_size_in_gb=self.settings.default_space_storage_gib,
                maximum_ebs_volume_size_in_gb=self.settings.max_space_storage_gib,
            )
        )
