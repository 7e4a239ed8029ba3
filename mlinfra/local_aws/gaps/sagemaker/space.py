"""Gap: SageMaker spaces, which moto lacks.

Apps of a domain run in a space, which is private to a user profile or shared. A space cannot be deleted while
it has apps. Source: SageMaker API reference, CreateSpace, DescribeSpace, UpdateSpace, DeleteSpace,
ListSpaces, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.gaps.sagemaker.domain import require_domain
from mlinfra.local_aws.gaps.sagemaker.user_profile import USER_PROFILES
from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, refusal, users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

    from mlinfra.local_aws.mechanisms.sagemaker_resources import Resource

_FIRST_USER_ID = 300005


class Spaces(ResourceKind):
    """The spaces of all domains."""

    name = "Space"
    key = ("DomainId", "SpaceName")
    arn_type = "space"

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a space in an unknown domain or of an unknown owner."""
        require_domain(response, request)
        if request.get("OwnershipSettings"):
            owner = request["OwnershipSettings"]["OwnerUserProfileName"]
            USER_PROFILES.find(response, {"DomainId": request["DomainId"], "UserProfileName": owner})

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The URL, and the user id that owns the home directory."""
        del arn
        address = f"https://{request['DomainId']}.studio.{backend.region_name}.sagemaker.aws"
        return {
            "HomeEfsFileSystemUid": str(_FIRST_USER_ID + len(self.resources(backend))),
            "Url": f"{address}/spaces/{request['SpaceName']}",
            **_summaries(request),
        }

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Replace the settings that the update names."""
        settings = {**(description.get("SpaceSettings") or {}), **(request.get("SpaceSettings") or {})}
        description.update(request)
        if settings:
            description["SpaceSettings"] = settings
        description.update(_summaries(description))

    def check_deletion(self, response: SageMakerResponse, resource: Resource) -> None:
        """Refuse to delete a space that has apps."""
        domain, name = resource.description["DomainId"], resource.description["SpaceName"]
        apps = users(
            response.sagemaker_backend,
            ("app",),
            lambda each: each["DomainId"] == domain and each.get("SpaceName") == name,
        )
        if apps:
            message = f"Unable to delete Space {name}: it has {apps}."
            raise refusal(response, "ResourceInUse", message)


def _summaries(description: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a space in ListSpaces, which has only some of them."""
    settings = description.get("SpaceSettings") or {}
    shown = {name: settings[name] for name in ("AppType", "SpaceStorageSettings") if settings.get(name)}
    owner = description.get("OwnershipSettings")
    return {"SpaceSettingsSummary": shown} | ({"OwnershipSettingsSummary": dict(owner)} if owner else {})


SPACES = Spaces()


def is_open() -> bool:
    """True if moto has no spaces."""
    return not hasattr(SageMakerResponse, "create_space")


def close() -> None:
    """Close the gap: add spaces."""
    SPACES.add_to_moto()
