"""Associations of FSx for Lustre file systems with buckets."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.fsx.conftest import create


def associate(fsx: Any, file_system: Any, path: str = "/data", bucket: str = "s3://data") -> Any:
    named = {"FileSystemId": file_system["FileSystemId"], "FileSystemPath": path, "DataRepositoryPath": bucket}
    return fsx.create_data_repository_association(**named)["Association"]


def association(fsx: Any, created: Any) -> Any:
    (found,) = fsx.describe_data_repository_associations(AssociationIds=[created["AssociationId"]])["Associations"]
    return found


def test_an_association_passes_through_its_states(fsx: Any, subnet: str) -> None:
    created = associate(fsx, create(fsx, subnet))
    assert created["Lifecycle"] == "CREATING"
    assert association(fsx, created)["Lifecycle"] == "AVAILABLE"
    policy = {"AutoImportPolicy": {"Events": ["NEW"]}}
    fsx.update_data_repository_association(AssociationId=created["AssociationId"], S3=policy)
    assert association(fsx, created)["S3"] == policy
    fsx.delete_data_repository_association(AssociationId=created["AssociationId"])
    assert association(fsx, created)["Lifecycle"] == "DELETING"
    assert error_code(association, fsx, created) == "DataRepositoryAssociationNotFound"


def test_associations_of_a_file_system_do_not_overlap(fsx: Any, subnet: str) -> None:
    file_system = create(fsx, subnet)
    associate(fsx, file_system)
    assert error_code(associate, fsx, file_system, "/data/raw", "s3://other") == "BadRequest"
    assert error_code(associate, fsx, file_system, "/other", "s3://data/raw") == "BadRequest"


def test_associations_require_a_supported_file_system(fsx: Any, subnet: str) -> None:
    assert error_code(associate, fsx, create(fsx, subnet, DeploymentType="SCRATCH_1")) == "UnsupportedOperation"
    assert error_code(associate, fsx, {"FileSystemId": "fs-01234567"}) == "FileSystemNotFound"


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
    assert error_code(fsx.describe_data_repository_associations, NextToken="none!") == "BadRequest"
