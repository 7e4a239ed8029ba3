"""Gap: associations of an FSx for Lustre file system with a bucket.

moto has none. In AWS, an association maps a path of the file system to a prefix, which must not overlap with
another association of the file system. The deployment types PERSISTENT_2 and SCRATCH_2 support them. Source:
FSx API reference, CreateDataRepositoryAssociation, DescribeDataRepositoryAssociations,
UpdateDataRepositoryAssociation and DeleteDataRepositoryAssociation, read 2026-11-24.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.fsx.responses import FSxResponse

from mlinfra.local_aws.gaps.fsx.file_systems import existing_file_system
from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept
from mlinfra.local_aws.mechanisms.pages import requested_page

if TYPE_CHECKING:
    from collections.abc import Callable

    Association = dict[str, Any]

_PAGE = 25
_NEXT = {"CREATING": "AVAILABLE", "UPDATING": "AVAILABLE", "DELETING": "DELETED", "AVAILABLE": "AVAILABLE"}
_FILTERS: dict[str, Callable[[Association], str]] = {
    "file-system-id": lambda association: association["FileSystemId"],
    "data-repository-type": lambda _association: "S3",
}


def is_open() -> bool:
    """True if moto has no associations."""
    return not hasattr(FSxResponse, "create_data_repository_association")


def close() -> None:
    """Close the gap: add the operations on associations."""
    add_operations(
        FSxResponse,
        create_data_repository_association,
        describe_data_repository_associations,
        update_data_repository_association,
        delete_data_repository_association,
    )


def create_data_repository_association(self: FSxResponse) -> ActionResult:
    """Map a path of a file system to a prefix of a bucket."""
    request = checked_request(self, "CreateDataRepositoryAssociation", code="BadRequest")
    file_system = existing_file_system(self.fsx_backend, request["FileSystemId"])
    deployment = (file_system.lustre_configuration or {}).get("DeploymentType")
    if deployment not in {"SCRATCH_2", "PERSISTENT_1", "PERSISTENT_2"}:
        message = f"Data repository associations are not supported by deployment type {deployment}."
        raise ApiError(code="UnsupportedOperation", message=message)
    if not request["DataRepositoryPath"].startswith("s3://"):
        raise ApiError(code="BadRequest", message="DataRepositoryPath must start with s3://.")
    _require_apart(self, request)
    identifier = f"dra-{secrets.token_hex(8)}0"
    arn = f"arn:aws:fsx:{self.region}:{self.current_account}:association/{request['FileSystemId']}/{identifier}"
    tags = request.pop("Tags", [])
    request.pop("ClientRequestToken", None)
    association = {
        "AssociationId": identifier,
        "ResourceARN": arn,
        "Lifecycle": "CREATING",
        "CreationTime": utcnow(),
        "BatchImportMetaDataOnCreate": False,
        "ImportedFileChunkSize": 1024,
        **request,
    }
    _associations(self)[identifier] = association
    self.fsx_backend.tagger.tag_resource(arn, tags)
    return ActionResult({"Association": _described(self, association)})


def describe_data_repository_associations(self: FSxResponse) -> ActionResult:
    """Describe some or all associations, in pages."""
    request = checked_request(self, "DescribeDataRepositoryAssociations", code="BadRequest")
    wanted = request.get("AssociationIds", [])
    found = [_existing(self, each) for each in wanted] if wanted else list(_associations(self).values())
    for each in request.get("Filters", []):
        value_of = _FILTERS.get(each["Name"])
        found = [association for association in found if value_of and value_of(association) in each["Values"]]
    some, token = requested_page(request, found, default_size=_PAGE, code="BadRequest")
    return ActionResult({"Associations": [_described(self, each) for each in some], "NextToken": token})


def update_data_repository_association(self: FSxResponse) -> ActionResult:
    """Change the automatic imports and exports of an association."""
    request = checked_request(self, "UpdateDataRepositoryAssociation", code="BadRequest")
    association = _existing(self, request["AssociationId"])
    changed: Association = {name: request[name] for name in ("ImportedFileChunkSize", "S3") if name in request}
    association.update(changed, Lifecycle="UPDATING")
    return ActionResult({"Association": _described(self, association)})


def delete_data_repository_association(self: FSxResponse) -> ActionResult:
    """Delete an association, without changes in the bucket."""
    request = checked_request(self, "DeleteDataRepositoryAssociation", code="BadRequest")
    association = _existing(self, request["AssociationId"])
    association["Lifecycle"] = "DELETING"
    deletes_data = request.get("DeleteDataInFileSystem", False)
    answer = {"AssociationId": association["AssociationId"], "DeleteDataInFileSystem": deletes_data}
    return ActionResult({**answer, "Lifecycle": "DELETING"})


def _described(response: FSxResponse, association: Association) -> Association:
    """An association as described, whose state then changes to the next."""
    tags = response.fsx_backend.list_tags_for_resource(association["ResourceARN"])
    answer = {**association, "Tags": tags}
    association["Lifecycle"] = _NEXT[association["Lifecycle"]]
    return answer


def _existing(response: FSxResponse, identifier: str) -> Association:
    found = _associations(response)
    if identifier not in found:
        message = f"Data repository association '{identifier}' does not exist."
        raise ApiError(code="DataRepositoryAssociationNotFound", message=message)
    return found[identifier]


def _associations(response: FSxResponse) -> dict[str, Association]:
    """The existing associations, without those of deleted file systems."""
    backend = response.fsx_backend
    associations: dict[str, Association] = kept(backend, "data repository associations", dict)
    for identifier, each in list(associations.items()):
        if each["Lifecycle"] == "DELETED" or each["FileSystemId"] not in backend.file_systems:
            del associations[identifier]
    return associations


def _require_apart(response: FSxResponse, request: dict[str, Any]) -> None:
    for other in _associations(response).values():
        if other["FileSystemId"] != request["FileSystemId"]:
            continue
        for member in ("FileSystemPath", "DataRepositoryPath"):
            one, two = (f"{each.get(member, '/').rstrip('/')}/" for each in (request, other))
            if one.startswith(two) or two.startswith(one):
                message = f"{member} overlaps that of {other['AssociationId']}."
                raise ApiError(code="BadRequest", message=message)
