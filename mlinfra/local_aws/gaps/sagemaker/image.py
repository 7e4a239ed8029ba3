"""Gap: SageMaker images and their versions, which moto lacks.

An image is a name for container images. Its versions are numbered from 1, may have aliases, and are deleted
with it. Source: SageMaker API reference, CreateImage, DescribeImage, UpdateImage, DeleteImage, ListImages,
CreateImageVersion, DescribeImageVersion, UpdateImageVersion, DeleteImageVersion, ListImageVersions,
ListAliases, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_listing import listed
from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, States, answer_operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

    from mlinfra.local_aws.mechanisms.sagemaker_resources import Resource

_STATES = States("CREATING", "CREATED", "UPDATING", "CREATED", "DELETING")


class Images(ResourceKind):
    """The images of an account and region."""

    name = "Image"
    key = ("ImageName",)
    arn_type = "image"
    status = "ImageStatus"
    states = _STATES
    order = "Descending"

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The display name. Default: the name."""
        del backend, arn
        return {"DisplayName": request.get("DisplayName") or request["ImageName"]}

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Replace the settings that the update names, and delete the properties it lists."""
        description.update({name: value for name, value in request.items() if name != "DeleteProperties"})
        for member in request.get("DeleteProperties") or []:
            description.pop(member, None)

    def deleted(self, backend: SageMakerModelBackend, resource: Resource, request: Mapping[str, Any]) -> None:
        """Delete the versions of the image."""
        del request
        versions = IMAGE_VERSIONS.resources(backend)
        for key in [key for key in versions if key[0] == resource.description["ImageName"]]:
            del versions[key]


class ImageVersions(ResourceKind):
    """The versions of all images. A request names a version by number or alias; the default is the newest."""

    name = "ImageVersion"
    key = ("ImageName", "Version")
    arn_type = "image-version"
    status = "ImageVersionStatus"
    # An update completes immediately: it has no status.
    states = States("CREATING", "CREATED", "CREATED", "CREATED", "DELETING")
    order = "Descending"

    def identifiers(self, backend: SageMakerModelBackend, request: Mapping[str, Any]) -> dict[str, Any]:
        """The number after the greatest that the image has had."""
        image = IMAGES.resources(backend)[(request["ImageName"],)].description
        image["Version"] = image.get("Version", 0) + 1
        return {"Version": image["Version"]}

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a version of an image that does not exist."""
        IMAGES.find(response, request)

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The image of the version, and its container image."""
        del arn
        image = IMAGES.resources(backend)[(request["ImageName"],)]
        return {"ImageArn": image.arn, "ContainerImage": request["BaseImage"]}

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Replace the settings that the update names, and change the aliases."""
        about_aliases = {"Alias", "AliasesToAdd", "AliasesToDelete", "ImageName", "Version"}
        description.update({name: value for name, value in request.items() if name not in about_aliases})
        aliases = dict.fromkeys([*(description.get("Aliases") or []), *(request.get("AliasesToAdd") or [])])
        removed = request.get("AliasesToDelete") or []
        description["Aliases"] = [alias for alias in aliases if alias not in removed]

    def find(self, response: SageMakerResponse, request: Mapping[str, Any]) -> Resource:
        """The version with the number or the alias, or the newest."""
        versions = self._of(response.sagemaker_backend, request["ImageName"])
        if request.get("Version") is not None:
            versions = [each for each in versions if each.description["Version"] == request["Version"]]
        elif request.get("Alias"):
            versions = [each for each in versions if request["Alias"] in (each.description.get("Aliases") or [])]
        if not versions:
            raise self.missing(response, request)
        return versions[-1]

    def list_all(self, response: SageMakerResponse) -> ActionResult:
        """List the versions of one image."""
        IMAGES.find(response, response.params)
        versions = self._of(response.sagemaker_backend, response.params["ImageName"])
        page, token = listed(
            [each.description for each in versions], response.params, name="ImageName", order=self.order
        )
        answer = {"ImageVersions": [dict(each) for each in page], "NextToken": token}
        for version in versions:
            self.seen(response.sagemaker_backend, version)
        return ActionResult(answer)

    def list_aliases(self, response: SageMakerResponse) -> ActionResult:
        """List the aliases of one version, or of all versions of an image."""
        IMAGES.find(response, response.params)
        names_one = response.params.get("Version") is not None or response.params.get("Alias")
        image = response.params["ImageName"]
        versions = [self.find(response, response.params)] if names_one else self._of(response.sagemaker_backend, image)
        aliases = [alias for each in versions for alias in each.description.get("Aliases") or []]
        return ActionResult({"SageMakerImageVersionAliases": aliases})

    def _of(self, backend: SageMakerModelBackend, image: str) -> list[Resource]:
        return [each for key, each in self.resources(backend).items() if key[0] == image]


IMAGES = Images()
IMAGE_VERSIONS = ImageVersions()


def is_open() -> bool:
    """True if moto has no images."""
    return not hasattr(SageMakerResponse, "create_image")


def close() -> None:
    """Close the gap: add images and their versions."""
    IMAGES.add_to_moto()
    IMAGE_VERSIONS.add_to_moto()
    answer_operation("ListAliases", IMAGE_VERSIONS.list_aliases)
