"""FSx client, subnet and Lustre file systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PERSISTENT = {"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 250}


@pytest.fixture
def fsx(client: Callable[..., Any]) -> Any:
    return client("fsx")


@pytest.fixture(scope="session")
def subnet(client: Callable[..., Any]) -> str:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.41.0.0/16")["Vpc"]["VpcId"]
    created: str = ec2.create_subnet(VpcId=vpc, CidrBlock="10.41.0.0/24")["Subnet"]["SubnetId"]
    return created


def create(fsx: Any, subnet: str, capacity: int | None = 1200, storage: str | None = None, **lustre: Any) -> Any:
    request: dict[str, Any] = {"FileSystemType": "LUSTRE", "SubnetIds": [subnet]}
    if capacity is not None:
        request["StorageCapacity"] = capacity
    if storage:
        request["StorageType"] = storage
    return fsx.create_file_system(**request, LustreConfiguration=lustre or PERSISTENT)["FileSystem"]
