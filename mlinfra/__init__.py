"""Infrastructure for machine learning teams on AWS, as Python classes.

The public names, each imported on first use: a program that only reads environments never loads cdktf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra import lazy_names

if TYPE_CHECKING:
    # For type checkers: the same names as in _EXPORTS, re-exported by `as`.
    from mlinfra._cdk import TerraformOutput as TerraformOutput
    from mlinfra.app import (
        MlApp as MlApp,
        problems_without_traceback as problems_without_traceback,
        warn_about_expired_experiments as warn_about_expired_experiments,
    )
    from mlinfra.constructs.account import (
        AdoptedResource as AdoptedResource,
        CiRoles as CiRoles,
        ConsoleLockdown as ConsoleLockdown,
        Network as Network,
        PermissionsBoundary as PermissionsBoundary,
    )
    from mlinfra.constructs.data_lake import (
        DataCatalog as DataCatalog,
        DataLake as DataLake,
        Lifecycle as Lifecycle,
        ObjectLock as ObjectLock,
        Replication as Replication,
    )
    from mlinfra.constructs.governance import (
        AcceleratorDenial as AcceleratorDenial,
        Budget as Budget,
        CostAllocationTags as CostAllocationTags,
        CostAnomalyAlert as CostAnomalyAlert,
        CostExport as CostExport,
        Dashboard as Dashboard,
        SlackNotifications as SlackNotifications,
    )
    from mlinfra.constructs.ml_assets import (
        ExperimentTracking as ExperimentTracking,
        FeatureStore as FeatureStore,
        ImageRepository as ImageRepository,
        ModelRegistry as ModelRegistry,
    )
    from mlinfra.constructs.parts import (
        Alerts as Alerts,
        EncryptionKey as EncryptionKey,
        NetworkSettings as NetworkSettings,
    )
    from mlinfra.constructs.serving import ServingEndpoint as ServingEndpoint, UnusedEndpoints as UnusedEndpoints
    from mlinfra.constructs.shutdown import Shutdown as Shutdown
    from mlinfra.constructs.studio import Studio as Studio
    from mlinfra.constructs.training import (
        RunDocument as RunDocument,
        TrainingCluster as TrainingCluster,
        TrainingQueue as TrainingQueue,
    )
    from mlinfra.declarations import (
        AcceleratorStop as AcceleratorStop,
        Adopted as Adopted,
        AnomalyAlert as AnomalyAlert,
        Asynchronous as Asynchronous,
        BlueGreen as BlueGreen,
        CapacityBlock as CapacityBlock,
        CapacityReservation as CapacityReservation,
        CostAssumptions as CostAssumptions,
        CostExportSettings as CostExportSettings,
        DataLakeSettings as DataLakeSettings,
        Endpoint as Endpoint,
        Environment as Environment,
        Experiment as Experiment,
        FeatureGroup as FeatureGroup,
        Forgotten as Forgotten,
        Governance as Governance,
        Image as Image,
        Lustre as Lustre,
        OnDemand as OnDemand,
        Person as Person,
        Pipeline as Pipeline,
        Queue as Queue,
        QuietHours as QuietHours,
        RealTime as RealTime,
        RegisteredModel as RegisteredModel,
        Serverless as Serverless,
        SlackChannel as SlackChannel,
        Space as Space,
        SpendBudget as SpendBudget,
        SpendLimits as SpendLimits,
        Spot as Spot,
        StudioSettings as StudioSettings,
        TagRules as TagRules,
        Team as Team,
        Tracking as Tracking,
        TrainingJobs as TrainingJobs,
        Variant as Variant,
        WithoutRollback as WithoutRollback,
        load_environments as load_environments,
    )
    from mlinfra.errors import DeclarationError as DeclarationError
    from mlinfra.platform import Platform as Platform
    from mlinfra.stack import MlStack as MlStack, acknowledge as acknowledge
    from mlinfra.stacks.state import StateStack as StateStack

_EXPORTS = {
    "mlinfra._cdk": ("TerraformOutput",),
    "mlinfra.app": ("MlApp", "problems_without_traceback", "warn_about_expired_experiments"),
    "mlinfra.constructs.account": (
        "AdoptedResource",
        "CiRoles",
        "ConsoleLockdown",
        "Network",
        "PermissionsBoundary",
    ),
    "mlinfra.constructs.data_lake": ("DataCatalog", "DataLake", "Lifecycle", "ObjectLock", "Replication"),
    "mlinfra.constructs.governance": (
        "AcceleratorDenial",
        "Budget",
        "CostAllocationTags",
        "CostAnomalyAlert",
        "CostExport",
        "Dashboard",
        "SlackNotifications",
    ),
    "mlinfra.constructs.ml_assets": ("ExperimentTracking", "FeatureStore", "ImageRepository", "ModelRegistry"),
    "mlinfra.constructs.parts": ("Alerts", "EncryptionKey", "NetworkSettings"),
    "mlinfra.constructs.serving": ("UnusedEndpoints", "ServingEndpoint"),
    "mlinfra.constructs.shutdown": ("Shutdown",),
    "mlinfra.constructs.studio": ("Studio",),
    "mlinfra.constructs.training": ("RunDocument", "TrainingCluster", "TrainingQueue"),
    "mlinfra.declarations": (
        "AcceleratorStop",
        "Adopted",
        "AnomalyAlert",
        "Asynchronous",
        "BlueGreen",
        "CapacityBlock",
        "CapacityReservation",
        "CostAssumptions",
        "CostExportSettings",
        "DataLakeSettings",
        "Endpoint",
        "Environment",
        "Experiment",
        "FeatureGroup",
        "Forgotten",
        "Governance",
        "Image",
        "Lustre",
        "OnDemand",
        "Person",
        "Pipeline",
        "Queue",
        "QuietHours",
        "RealTime",
        "RegisteredModel",
        "Serverless",
        "SlackChannel",
        "Space",
        "SpendBudget",
        "SpendLimits",
        "Spot",
        "StudioSettings",
        "TagRules",
        "Team",
        "Tracking",
        "TrainingJobs",
        "Variant",
        "WithoutRollback",
        "load_environments",
    ),
    "mlinfra.errors": ("DeclarationError",),
    "mlinfra.platform": ("Platform",),
    "mlinfra.stack": ("MlStack", "acknowledge"),
    "mlinfra.stacks.state": ("StateStack",),
}
"""The public names by the module that they are imported from."""

__all__ = [name for names in _EXPORTS.values() for name in names]

if not TYPE_CHECKING:  # type checkers would accept any name
    __getattr__ = lazy_names.imports(__name__, _EXPORTS)
