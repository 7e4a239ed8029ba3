"""Gap: SageMaker domains.

moto does not return the id of a new domain, cannot update a domain, uses its name in ids that AWS generates,
and has no file system for home directories. In AWS, a domain has an EFS file system, which is kept when the
domain is deleted unless the request says Delete, and a domain with user profiles, spaces or apps cannot be
deleted.

Not covered: the mount targets and the security groups for NFS that SageMaker creates in the VPC.

Source: SageMaker API reference, CreateDomain, DescribeDomain, UpdateDomain, DeleteDomain, ListDomains, and
developer guide, "Delete an Amazon SageMaker AI domain", read 2026-11-24.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto.efs.models import efs_backends
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, refusal, users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

    from mlinfra.local_aws.mechanisms.sagemaker_resources import Resource

# Members of an update that are merged: settings within them that are not named are kept.
_MERGED = {
    "DefaultUserSettings": "DefaultUserSettings",
    "DefaultSpaceSettings": "DefaultSpaceSettings",
    "DomainSettingsForUpdate": "DomainSettings",
    "RStudioServerProDomainSettingsForUpdate": "RStudioServerProDomainSettings",
}


class Domains(ResourceKind):
    """The domains of an account and region."""

    name = "Domain"
    key = ("DomainId",)
    arn_type = "domain"

    def identifiers(self, backend: SageMakerModelBackend, request: Mapping[str, Any]) -> dict[str, Any]:
        """A generated id."""
        del backend, request
        return {"DomainId": f"d-{uuid.uuid4().hex[:12]}"}

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a second domain of the same name."""
        name = request["DomainName"]
        if any(each.description["DomainName"] == name for each in self.live(response.sagemaker_backend)):
            message = f"Resource Already Exists: Domain with name {name} already exists. Choose a different name."
            raise refusal(response, "ResourceInUse", message)

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The addresses and the file system of the domain."""
        domain = request["DomainId"]
        given: dict[str, Any] = {
            "Url": f"https://{domain}.studio.{backend.region_name}.sagemaker.aws",
            "AppNetworkAccessType": request.get("AppNetworkAccessType") or "PublicInternetOnly",
            "TagPropagation": request.get("TagPropagation") or "DISABLED",
        }
        if request.get("KmsKeyId"):
            given["HomeEfsFileSystemKmsKeyId"] = request["KmsKeyId"]
        if request.get("HomeEfsFileSystemCreation") != "Disabled":
            given["HomeEfsFileSystemId"] = _home_file_system(backend, arn, request.get("KmsKeyId"))
        if request["AuthMode"] == "SSO":
            application = f"apl-{uuid.uuid4().hex[:16]}"
            given["SingleSignOnManagedApplicationInstanceId"] = application
            given["SingleSignOnApplicationArn"] = (
                f"arn:{backend.partition}:sso::{backend.account_id}:application/sagemaker/{application}"
            )
        return given

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Merge the settings that the update names."""
        description.update(_merged(description, request))

    def check_deletion(self, response: SageMakerResponse, resource: Resource) -> None:
        """Refuse to delete a domain that contains user profiles, spaces or apps."""
        domain = resource.description["DomainId"]
        types = ("app", "space", "user-profile")
        contents = users(response.sagemaker_backend, types, lambda each: each["DomainId"] == domain)
        if contents:
            message = f"Unable to delete Domain {domain}: it has {contents}."
            raise refusal(response, "ResourceInUse", message)

    def deleted(self, backend: SageMakerModelBackend, resource: Resource, request: Mapping[str, Any]) -> None:
        """Delete the home directories if the request says so."""
        policy = (request.get("RetentionPolicy") or {}).get("HomeEfsFileSystem", "Retain")
        file_system = resource.description.get("HomeEfsFileSystemId")
        efs = efs_backends[backend.account_id][backend.region_name]
        if policy == "Delete" and file_system in efs.file_systems_by_id:
            efs.delete_file_system(file_system)


DOMAINS = Domains()


def is_open() -> bool:
    """True if moto cannot update a domain."""
    return not hasattr(SageMakerResponse, "update_domain")


def close() -> None:
    """Close the gap: replace moto's domains."""
    DOMAINS.add_to_moto()


def require_domain(response: SageMakerResponse, request: Mapping[str, Any]) -> None:
    """Refuse the creation of a resource in a domain that does not exist.

    Raises:
        SagemakerClientError: the domain does not exist.
    """
    if request["DomainId"] not in response.sagemaker_backend.domains:
        DOMAINS.find(response, request)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for member, value in new.items():
        name = _MERGED.get(member, member)
        is_merged = member in _MERGED and isinstance(old.get(name), dict)
        result[name] = {**old[name], **_merged(old[name], value)} if is_merged else value
    return result


def _home_file_system(backend: SageMakerModelBackend, arn: str, kms_key: str | None) -> str:
    # moto accepts None for members with a default, contrary to its annotations.
    create: Any = efs_backends[backend.account_id][backend.region_name].create_file_system
    file_system = create(
        creation_token=arn,
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=kms_key,
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=None,
        availability_zone_name=None,
        backup=False,
        tags=[{"Key": "ManagedByAmazonSageMakerResource", "Value": arn}],
    )
    return str(file_system.file_system_id)
