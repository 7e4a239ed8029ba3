"""Gap: SageMaker apps, which moto lacks.

An app runs in a space or for a user profile: JupyterLab, Code Editor and others. A deleted app is still
described, with the status Deleted (in AWS for a day), and its name can be used again. Source: SageMaker API
reference, CreateApp, DescribeApp, DeleteApp, ListApps, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.gaps.sagemaker.domain import require_domain
from mlinfra.local_aws.gaps.sagemaker.space import SPACES
from mlinfra.local_aws.gaps.sagemaker.user_profile import USER_PROFILES
from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, States, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend


class Apps(ResourceKind):
    """The apps of all domains."""

    name = "App"
    key = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
    arn_type = "app"
    states = States(deleted="Deleted")

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse an app without exactly one existing user profile or space."""
        require_domain(response, request)
        if bool(request.get("UserProfileName")) == bool(request.get("SpaceName")):
            message = "Exactly one of UserProfileName and SpaceName must be specified."
            raise refusal(response, "ValidationException", message)
        (SPACES if request.get("SpaceName") else USER_PROFILES).find(response, request)

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The instance of the app."""
        del backend, arn
        smallest = "system" if request["AppType"] == "JupyterServer" else "ml.t3.medium"
        return {"ResourceSpec": {"InstanceType": smallest, **(request.get("ResourceSpec") or {})}}

    def arn_path(self, request: Mapping[str, Any]) -> str:
        """The domain and its user profile or space, the type in lower case, and the name."""
        place = request.get("SpaceName") or request["UserProfileName"]
        return f"{request['DomainId']}/{place}/{request['AppType'].lower()}/{request['AppName']}"


APPS = Apps()


def is_open() -> bool:
    """True if moto has no apps."""
    return not hasattr(SageMakerResponse, "create_app")


def close() -> None:
    """Close the gap: add apps."""
    APPS.add_to_moto()
