"""File systems in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.catalog import service_rate
from tests.unit.operations.audit.readers.reading import charges, read_one

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("lustre", "item"),
    [
        ({"DeploymentType": "SCRATCH_2"}, "lustre_scratch_2"),
        ({"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 250}, "lustre_persistent_2_ssd_250"),
    ],
)
def test_a_lustre_file_system_has_the_item_of_its_deployment(
    client: Callable[..., Any], lustre: dict[str, Any], item: str
) -> None:
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=[subnet],
        LustreConfiguration=lustre,
        Tags=[{"Key": "Name", "Value": "scratch"}],
    )
    found = read_one(client, "fsx-lustre")
    assert (found.name, charges(found)) == ("scratch", [("fsx", item, 1200)])
    assert service_rate("fsx", item, "us-east-1") is not None


def test_an_efs_file_system_without_mount_targets_is_unattached(client: Callable[..., Any]) -> None:
    efs = client("efs")
    efs.create_file_system(CreationToken="home", Encrypted=False)
    found = read_one(client, "efs")
    assert found.is_unattached
    assert found.problems == ("The file system is not encrypted.",)
    assert charges(found)[0][1] == "storage_standard"
    assert service_rate("efs", "storage_standard", "us-east-1") is not None


def test_the_home_file_system_of_a_domain_is_counted_with_the_domain(client: Callable[..., Any]) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:domain/d-abc"
    client("efs").create_file_system(
        CreationToken="home", Tags=[{"Key": "ManagedByAmazonSageMakerResource", "Value": arn}]
    )
    assert read_one(client, "efs").part_of == ("domain", "d-abc")
