"""Rules of FSx for Lustre: defaults and validation of file systems.

Source: FSx API reference, CreateFileSystem, CreateFileSystemLustreConfiguration and
LustreFileSystemConfiguration, read 2026-11-24.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from mlinfra.local_aws.mechanisms.api_model import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_THROUGHPUTS: Mapping[tuple[str, str], Collection[int]] = {
    ("PERSISTENT_1", "SSD"): (50, 100, 200),
    ("PERSISTENT_1", "HDD"): (12, 40),
    ("PERSISTENT_2", "SSD"): (125, 250, 500, 1000),
}
"""Throughput in MB/s per TiB of storage, by deployment and storage type."""

_HDD_STEPS: Mapping[int, int] = {12: 6000, 40: 1800}
"""Increment of HDD storage in GiB, by throughput in MB/s per TiB."""

_AUTOMATIC_IOPS = ((1200, 1500), (2400, 3000), (9600, 6000), (45600, 12000))
"""Metadata IOPS, by the largest storage capacity in GiB."""

_METADATA_IOPS = (1500, 3000, 6000, *range(12000, 192001, 12000))
_REPOSITORY = ("ImportPath", "ExportPath", "ImportedFileChunkSize", "AutoImportPolicy")


def lustre_configuration(request: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a new file system as described, from the creation request.

    Raises:
        ApiError: FSx refuses the request.
    """
    asked: dict[str, Any] = dict(request.get("LustreConfiguration", {}))
    deployment = asked.setdefault("DeploymentType", "SCRATCH_1")
    storage = request.get("StorageType", "SSD")
    _require_throughput(asked, deployment, storage)
    if storage != "INTELLIGENT_TIERING":
        require_capacity(request.get("StorageCapacity"), asked, storage)
    _require_features(asked, deployment, storage)
    described = {
        "WeeklyMaintenanceStartTime": "1:05:00",
        "MountName": "fsx" if deployment == "SCRATCH_1" else secrets.token_hex(4),
        "CopyTagsToBackups": False,
        "DataCompressionType": "NONE",
        "EfaEnabled": False,
        "LogConfiguration": {"Level": "DISABLED"},
        **{name: value for name, value in asked.items() if name not in _REPOSITORY},
    }
    if deployment.startswith("PERSISTENT"):
        described.setdefault("AutomaticBackupRetentionDays", 0)
    if "ImportPath" in asked:
        repository = {name: asked[name] for name in _REPOSITORY if name in asked}
        defaults = {"Lifecycle": "AVAILABLE", "ImportedFileChunkSize": 1024, "AutoImportPolicy": "NONE"}
        described["DataRepositoryConfiguration"] = defaults | repository
    described.update(_metadata(described, request.get("StorageCapacity", 0)))
    return described


def changed_configuration(
    described: Mapping[str, Any], changes: Mapping[str, Any], storage_capacity: int
) -> dict[str, Any]:
    """The configuration of a file system after an update.

    Args:
        described: the configuration before the update.
        changes: the configuration in the request.
        storage_capacity: GiB after the update.

    Raises:
        ApiError: FSx refuses the request.
    """
    if "MetadataConfiguration" in changes:
        _require_metadata(changes["MetadataConfiguration"], described["DeploymentType"])
    changed = {**described, **changes}
    if "AutoImportPolicy" in changes:
        policy = changed.pop("AutoImportPolicy")
        if "DataRepositoryConfiguration" not in described:
            raise ApiError(code="BadRequest", message="AutoImportPolicy needs a file system with an ImportPath.")
        changed["DataRepositoryConfiguration"] = described["DataRepositoryConfiguration"] | {"AutoImportPolicy": policy}
    return changed | _metadata(changed, storage_capacity)


def default_version(configuration: Mapping[str, Any]) -> str:
    """The Lustre version of a file system created without a version."""
    if configuration["DeploymentType"] != "PERSISTENT_2":
        return "2.10"
    return "2.15" if "MetadataConfiguration" in configuration else "2.12"


def require_capacity(capacity: int | None, configuration: Mapping[str, Any], storage: str) -> None:
    """Refuse a storage capacity in GiB that the deployment type does not support.

    Raises:
        ApiError: BadRequest.
    """
    if capacity is None:
        raise ApiError(code="BadRequest", message="StorageCapacity is required.")
    small: tuple[int, ...] = (1200, 2400)
    step = 3600 if configuration["DeploymentType"] == "SCRATCH_1" else 2400
    if storage == "HDD":
        small, step = (), _HDD_STEPS[configuration["PerUnitStorageThroughput"]]
    if capacity not in small and (capacity < step or capacity % step):
        allowed = ", ".join([*map(str, small), f"or a multiple of {step}"])
        raise ApiError(code="BadRequest", message=f"Invalid storage capacity: {capacity} GiB. Allowed: {allowed}.")


def _require_throughput(asked: Mapping[str, Any], deployment: str, storage: str) -> None:
    throughput = asked.get("PerUnitStorageThroughput")
    if storage == "INTELLIGENT_TIERING":
        if "ThroughputCapacity" not in asked:
            raise ApiError(code="BadRequest", message="ThroughputCapacity is required for Intelligent-Tiering.")
        return
    allowed = _THROUGHPUTS.get((deployment, storage), ())
    if storage == "HDD" and not allowed:
        message = f"StorageType HDD is not supported for deployment type {deployment}."
        raise ApiError(code="BadRequest", message=message)
    if throughput not in (allowed or (None,)):
        takes = ", ".join(map(str, allowed)) or "none"
        message = f"Invalid per unit storage throughput: {throughput}. {deployment} on {storage} takes: {takes}."
        raise ApiError(code="InvalidPerUnitStorageThroughput", message=message)


def _require_features(asked: Mapping[str, Any], deployment: str, storage: str) -> None:
    persistent_2 = deployment == "PERSISTENT_2"
    metadata = asked.get("MetadataConfiguration")
    if metadata:
        _require_metadata(metadata, deployment)
    problems = {
        "EfaEnabled needs PERSISTENT_2 with a MetadataConfiguration": asked.get("EfaEnabled")
        and not (persistent_2 and metadata),
        "Data repositories of PERSISTENT_2 are associations": "ImportPath" in asked and persistent_2,
        "ExportPath needs an ImportPath": "ExportPath" in asked and "ImportPath" not in asked,
        "Backups need a persistent deployment type": asked.get("AutomaticBackupRetentionDays")
        and not deployment.startswith("PERSISTENT"),
        "DriveCacheType is required for, and only for, HDD": ("DriveCacheType" in asked) != (storage == "HDD"),
    }
    _refuse(problems)


def _require_metadata(metadata: Mapping[str, Any], deployment: str) -> None:
    provisioned = metadata["Mode"] == "USER_PROVISIONED"
    problems = {
        "MetadataConfiguration is supported by PERSISTENT_2 only": deployment != "PERSISTENT_2",
        "Iops is required for, and only for, the metadata mode USER_PROVISIONED": provisioned != ("Iops" in metadata),
        "Metadata IOPS are 1500, 3000, 6000, or a multiple of 12000 up to 192000": metadata.get("Iops", 1500)
        not in _METADATA_IOPS,
    }
    _refuse(problems)


def _refuse(problems: Mapping[str, object]) -> None:
    for message, applies in problems.items():
        if applies:
            raise ApiError(code="BadRequest", message=f"{message}.")


def _metadata(configuration: Mapping[str, Any], storage_capacity: int) -> dict[str, Any]:
    metadata = configuration.get("MetadataConfiguration")
    if not metadata or metadata["Mode"] != "AUTOMATIC":
        return {}
    for most, iops in _AUTOMATIC_IOPS:
        if storage_capacity <= most:
            return {"MetadataConfiguration": {"Mode": "AUTOMATIC", "Iops": iops}}
    steps = -(-storage_capacity // 24000)
    return {"MetadataConfiguration": {"Mode": "AUTOMATIC", "Iops": 12000 * steps}}
