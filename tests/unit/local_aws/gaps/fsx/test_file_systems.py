"""FSx for Lustre file systems."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.fsx.conftest import PERSISTENT, create


def described(fsx: Any, file_system: Any) -> Any:
    (found,) = fsx.describe_file_systems(FileSystemIds=[file_system["FileSystemId"]])["FileSystems"]
    return found


def test_a_file_system_is_created_until_it_is_available(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet)
    assert file_system["Lifecycle"] == "CREATING"
    assert described(fsx, file_system)["Lifecycle"] == "AVAILABLE"
    assert file_system["VpcId"].startswith("vpc-")
    assert len(file_system["NetworkInterfaceIds"]) == 1


def test_a_deleted_file_system_is_deleting_before_it_is_not_found(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet)
    named = {"FileSystemId": file_system["FileSystemId"]}
    assert fsx.delete_file_system(**named)["Lifecycle"] == "DELETING"
    assert described(fsx, file_system)["Lifecycle"] == "DELETING"
    assert error_code(described, fsx, file_system) == "FileSystemNotFound"
    assert error_code(fsx.delete_file_system, **named) == "FileSystemNotFound"


def test_an_update_is_reported_as_an_administrative_action(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet)
    change = {"StorageCapacity": 4800, "LustreConfiguration": {"DataCompressionType": "LZ4"}}
    answer = fsx.update_file_system(FileSystemId=file_system["FileSystemId"], **change)["FileSystem"]
    assert answer["Lifecycle"] == "UPDATING"
    assert answer["AdministrativeActions"][0]["Status"] == "IN_PROGRESS"
    found = described(fsx, file_system)
    assert (found["Lifecycle"], found["StorageCapacity"]) == ("AVAILABLE", 4800)
    assert found["LustreConfiguration"]["DataCompressionType"] == "LZ4"
    assert found["AdministrativeActions"][0]["AdministrativeActionType"] == "FILE_SYSTEM_UPDATE"
    assert found["AdministrativeActions"][0]["Status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("lustre", "expected"),
    [
        pytest.param({"DeploymentType": "SCRATCH_1"}, ("2.10", "fsx"), id="scratch 1"),
        pytest.param({"DeploymentType": "SCRATCH_2"}, ("2.10", None), id="scratch 2"),
        pytest.param(PERSISTENT, ("2.12", None), id="persistent 2"),
        pytest.param({**PERSISTENT, "MetadataConfiguration": {"Mode": "AUTOMATIC"}}, ("2.15", None), id="metadata"),
    ],
)
def test_the_deployment_type_determines_version_and_mount_name(
    fsx: Any, subnet: str, lustre: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    file_system = create(fsx, subnet, **lustre)
    version, mount_name = expected
    assert file_system["FileSystemTypeVersion"] == version
    assert mount_name in {None, file_system["LustreConfiguration"]["MountName"]}


@pytest.mark.parametrize(("capacity", "iops"), [(1200, 1500), (2400, 3000), (9600, 6000), (48000, 24000)])
def test_automatic_metadata_iops_follow_the_capacity(fsx: Any, subnet: str, capacity: int, iops: int) -> None:
    lustre = {**PERSISTENT, "MetadataConfiguration": {"Mode": "AUTOMATIC"}}
    configuration = create(fsx, subnet, capacity, **lustre)["LustreConfiguration"]
    assert configuration["MetadataConfiguration"] == {"Mode": "AUTOMATIC", "Iops": iops}


@pytest.mark.parametrize(
    ("capacity", "lustre", "code"),
    [
        pytest.param(1000, PERSISTENT, "BadRequest", id="capacity"),
        pytest.param(None, PERSISTENT, "BadRequest", id="no capacity"),
        pytest.param(1200, {"DeploymentType": "PERSISTENT_2"}, "InvalidPerUnitStorageThroughput", id="no throughput"),
        pytest.param(
            1200, {"DeploymentType": "SCRATCH_2", "PerUnitStorageThroughput": 200}, "InvalidPerUnitStorageThroughput"
        ),
        pytest.param(1200, {"DeploymentType": "SCRATCH_9"}, "BadRequest", id="deployment type"),
        pytest.param(1200, {**PERSISTENT, "EfaEnabled": True}, "BadRequest", id="EFA without metadata"),
        pytest.param(1200, {**PERSISTENT, "ImportPath": "s3://data"}, "BadRequest", id="import path"),
        pytest.param(
            1200, {**PERSISTENT, "MetadataConfiguration": {"Mode": "USER_PROVISIONED"}}, "BadRequest", id="no iops"
        ),
    ],
)
def test_an_invalid_lustre_configuration_is_refused(
    fsx: Any, subnet: str, capacity: int | None, lustre: dict[str, Any], code: str
) -> None:
    assert error_code(create, fsx, subnet, capacity, **lustre) == code


def test_an_unknown_subnet_is_refused(fsx: Any) -> None:
    assert error_code(create, fsx, "subnet-0123456789abcdef0") == "InvalidNetworkSettings"


def test_a_decrease_of_the_capacity_is_refused(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet, 2400)
    update = {"FileSystemId": file_system["FileSystemId"], "StorageCapacity": 1200}
    assert error_code(fsx.update_file_system, **update) == "BadRequest"


def test_tags_are_kept_added_and_removed(fsx: Any, subnet: str) -> None:
    tags = [{"Key": "Team", "Value": "ml"}]
    arn = fsx.create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[subnet], Tags=tags)[
        "FileSystem"
    ]["ResourceARN"]
    assert fsx.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    fsx.tag_resource(ResourceARN=arn, Tags=[{"Key": "Owner", "Value": "ana"}])
    fsx.untag_resource(ResourceARN=arn, TagKeys=["Team"])
    assert fsx.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "Owner", "Value": "ana"}]
