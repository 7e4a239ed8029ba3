"""File systems of FSx for Lustre and their associations with buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

PERSISTENT = {"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 250}


@pytest.fixture
def fsx(client: Client) -> Any:
    return client("fsx")


@pytest.fixture(scope="module")
def subnet(client: Client) -> str:
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


def described(fsx: Any, file_system: Any) -> Any:
    (found,) = fsx.describe_file_systems(FileSystemIds=[file_system["FileSystemId"]])["FileSystems"]
    return found


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return str(caught.value.response["Error"]["Code"])


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
    assert refusal(described, fsx, file_system) == "FileSystemNotFound"
    assert refusal(fsx.delete_file_system, **named) == "FileSystemNotFound"


def test_an_update_is_shown_as_an_administrative_action(fsx: Any, subnet: str) -> None:
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
def test_the_deployment_type_decides_on_version_and_mount_name(
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
def test_what_lustre_cannot_do_is_refused(
    fsx: Any, subnet: str, capacity: int | None, lustre: dict[str, Any], code: str
) -> None:
    assert refusal(create, fsx, subnet, capacity, **lustre) == code


def test_a_subnet_that_is_not_there_is_refused(fsx: Any) -> None:
    assert refusal(create, fsx, "subnet-0123456789abcdef0") == "InvalidNetworkSettings"


def test_a_capacity_can_only_grow(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet, 2400)
    update = {"FileSystemId": file_system["FileSystemId"], "StorageCapacity": 1200}
    assert refusal(fsx.update_file_system, **update) == "BadRequest"


def test_tags_are_kept_added_and_removed(fsx: Any, subnet: str) -> None:
    tags = [{"Key": "Team", "Value": "ml"}]
    arn = fsx.create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[subnet], Tags=tags)[
        "FileSystem"
    ]["ResourceARN"]
    assert fsx.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    fsx.tag_resource(ResourceARN=arn, Tags=[{"Key": "Owner", "Value": "ana"}])
    fsx.untag_resource(ResourceARN=arn, TagKeys=["Team"])
    assert fsx.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "Owner", "Value": "ana"}]


def associate(fsx: Any, file_system: Any, path: str = "/data", bucket: str = "s3://data") -> Any:
    named = {"FileSystemId": file_system["FileSystemId"], "FileSystemPath": path, "DataRepositoryPath": bucket}
    return fsx.create_data_repository_association(**named)["Association"]


def association(fsx: Any, created: Any) -> Any:
    (found,) = fsx.describe_data_repository_associations(AssociationIds=[created["AssociationId"]])["Associations"]
    return found


def test_an_association_goes_through_its_states(fsx: Any, subnet: str) -> None:
    created = associate(fsx, create(fsx, subnet))
    assert created["Lifecycle"] == "CREATING"
    assert association(fsx, created)["Lifecycle"] == "AVAILABLE"
    policy = {"AutoImportPolicy": {"Events": ["NEW"]}}
    fsx.update_data_repository_association(AssociationId=created["AssociationId"], S3=policy)
    assert association(fsx, created)["S3"] == policy
    fsx.delete_data_repository_association(AssociationId=created["AssociationId"])
    assert association(fsx, created)["Lifecycle"] == "DELETING"
    assert refusal(association, fsx, created) == "DataRepositoryAssociationNotFound"


def test_associations_of_a_file_system_do_not_overlap(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet)
    associate(fsx, file_system)
    assert refusal(associate, fsx, file_system, "/data/raw", "s3://other") == "BadRequest"
    assert refusal(associate, fsx, file_system, "/other", "s3://data/raw") == "BadRequest"


def test_associations_need_a_file_system_that_can_have_them(fsx: Any, subnet: str) -> None:
    assert refusal(associate, fsx, create(fsx, subnet, DeploymentType="SCRATCH_1")) == "UnsupportedOperation"
    assert refusal(associate, fsx, {"FileSystemId": "fs-01234567"}) == "FileSystemNotFound"


def test_associations_are_listed_in_pages_by_file_system(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet)
    for number in range(3):
        associate(fsx, file_system, f"/{number}", f"s3://bucket-{number}")
    of_it = [{"Name": "file-system-id", "Values": [file_system["FileSystemId"]]}]
    first = fsx.describe_data_repository_associations(Filters=of_it, MaxResults=2)
    rest = fsx.describe_data_repository_associations(Filters=of_it, MaxResults=2, NextToken=first["NextToken"])
    paths = [each["FileSystemPath"] for each in first["Associations"] + rest["Associations"]]
    assert paths == ["/0", "/1", "/2"]
    assert "NextToken" not in rest
    assert refusal(fsx.describe_data_repository_associations, NextToken="none!") == "BadRequest"
