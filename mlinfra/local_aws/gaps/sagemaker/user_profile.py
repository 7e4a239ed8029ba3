"""Gap: SageMaker user profiles, which moto lacks.

A user profile represents one person in a domain, with a user id in the domain's file system. It cannot be
deleted while it owns apps or spaces. Source: SageMaker API reference, CreateUserProfile, DescribeUserProfile,
UpdateUserProfile, DeleteUserProfile, ListUserProfiles, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.gaps.sagemaker.domain import require_domain
from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, refusal, users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

    from mlinfra.local_aws.mechanisms.sagemaker_resources import Resource

_FIRST_USER_ID = 200005


class UserProfiles(ResourceKind):
    """The user profiles of all domains."""

    name = "UserProfile"
    key = ("DomainId", "UserProfileName")
    arn_type = "user-profile"

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a user profile in an unknown domain."""
        require_domain(response, request)

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The user id that owns the home directory."""
        del request, arn
        return {"HomeEfsFileSystemUid": str(_FIRST_USER_ID + len(self.resources(backend)))}

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Replace the settings that the update names."""
        settings = {**(description.get("UserSettings") or {}), **(request.get("UserSettings") or {})}
        description["UserSettings"] = settings

    def check_deletion(self, response: SageMakerResponse, resource: Resource) -> None:
        """Refuse to delete a user profile that has apps or spaces."""
        domain, name = resource.description["DomainId"], resource.description["UserProfileName"]
        owned = users(
            response.sagemaker_backend,
            ("app", "space"),
            lambda each: each["DomainId"] == domain and _owner(each) == name,
        )
        if owned:
            message = f"Unable to delete UserProfile {name}: it has {owned}."
            raise refusal(response, "ResourceInUse", message)


USER_PROFILES = UserProfiles()


def is_open() -> bool:
    """True if moto has no user profiles."""
    return not hasattr(SageMakerResponse, "create_user_profile")


def close() -> None:
    """Close the gap: add user profiles."""
    USER_PROFILES.add_to_moto()


def _owner(description: Mapping[str, Any]) -> object:
    return description.get("UserProfileName") or (description.get("OwnershipSettings") or {}).get(
        "OwnerUserProfileName"
    )
