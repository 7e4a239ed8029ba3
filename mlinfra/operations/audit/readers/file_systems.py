"""File systems: FSx and EFS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.found import Charge, Found, Place, tags_of
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GIB: Final = 1024**3
_STUDIO_TAG: Final = "ManagedByAmazonSageMakerResource"
"""The tag of the home file system of a SageMaker domain, with the ARN of the domain (SageMaker developer guide,
"Manage your EFS storage volume", read 2026-11-29)."""


def _fsx(fsx: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    for page in fsx.get_paginator("describe_file_systems").paginate():
        for each in page["FileSystems"]:
            tags = tags_of(each.get("Tags"))
            yield Found(
                place.region,
                "fsx",
                f"fsx-{each['FileSystemType'].lower()}",
                each["FileSystemId"],
                tags.get("Name", ""),
                each.get("ResourceARN", ""),
                each.get("Lifecycle", "").lower(),
                each.get("CreationTime"),
                tags,
                (_fsx_charge(each),),
            )


def _fsx_charge(each: Mapping[str, Any]) -> Charge:
    size, kind, since = each["StorageCapacity"], each["FileSystemType"], each.get("CreationTime")
    if kind != "LUSTRE":
        return Charge("fsx", f"{kind.lower()}_storage", size, since)
    lustre = each.get("LustreConfiguration", {})
    deployment = lustre.get("DeploymentType", "SCRATCH_1").lower()
    if deployment.startswith("scratch"):
        return Charge("fsx", "lustre_scratch_2", size, since)
    storage = each.get("StorageType", "SSD").lower()
    item = f"lustre_{deployment}_{storage}_{lustre.get('PerUnitStorageThroughput', '')}"
    if lustre.get("DriveCacheType") == "READ":
        item += "_ssd_cache"
    return Charge("fsx", item, size, since)


def _efs(efs: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in efs.get_paginator("describe_file_systems").paginate():
        for each in page["FileSystems"]:
            tags = tags_of(each.get("Tags"))
            domain = tags.get(_STUDIO_TAG, "").rpartition("/")[2]
            yield Found(
                place.region,
                "efs",
                "efs",
                each["FileSystemId"],
                each.get("Name") or tags.get("Name", ""),
                each.get("FileSystemArn", ""),
                each.get("LifeCycleState", ""),
                each.get("CreationTime"),
                tags,
                tuple(_efs_charges(each)),
                part_of=("domain", domain) if domain else None,
                is_unattached=each.get("NumberOfMountTargets") == 0,
                problems=() if each.get("Encrypted") else ("The file system is not encrypted.",),
            )


def _efs_charges(each: Mapping[str, Any]) -> Iterator[Charge]:
    size, since = each.get("SizeInBytes", {}), each.get("CreationTime")
    standard = "storage_one_zone" if each.get("AvailabilityZoneName") else "storage_standard"
    by_item = {standard: "ValueInStandard", "storage_ia": "ValueInIA", "storage_archive": "ValueInArchive"}
    if "ValueInStandard" not in size:
        yield Charge("efs", standard, size.get("Value", 0) / _GIB, since)
        return
    for item, name in by_item.items():
        if item == standard or size.get(name):
            yield Charge("efs", item, (size.get(name) or 0) / _GIB, since)
    if each.get("ThroughputMode") == "provisioned":
        yield Charge("efs", "throughput_provisioned", each.get("ProvisionedThroughputInMibps", 0), since)


READERS: Final = (
    Reader(
        "fsx",
        ("fsx-lustre", "fsx-ontap", "fsx-openzfs", "fsx-windows"),
        ("fsx:DescribeFileSystems",),
        _fsx,
    ),
    Reader("efs", ("efs",), ("elasticfilesystem:DescribeFileSystems",), _efs),
)
"""All readers of file systems."""
