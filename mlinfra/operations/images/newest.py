"""The newest release of an image family in AWS, with checks of its use."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.catalog import IMAGE_OWNER, ImagePin, image_release
from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.catalog import ImageFamily
    from mlinfra.operations.aws import AwsAccount

# Error codes of EC2 and SSM in a region that the account has not enabled; invalid credentials have the same codes.
_REGION_NOT_ENABLED = frozenset({"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"})
_THROTTLED = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"})
_NOT_THERE = frozenset({"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"})


@dataclass(frozen=True)
class NewestImage:
    """The newest release of a family in a region."""

    pin: ImagePin
    """The image. Its driver and CUDA versions come from its release notes, if mlinfra has them."""
    warnings: tuple[str, ...]
    """Warnings, which do not prevent its use."""


def newest_image(
    account: AwsAccount, region: str, family: ImageFamily, instance_types: Iterable[str] = ()
) -> NewestImage:
    """Find the newest release of `family`, and check its properties.

    Args:
        account: the account. Ids of public images are the same for every account of a region.
        region: the region, for messages.
        family: the image family.
        instance_types: the instance types that boot from it, such as `p3.2xlarge`. Default: unknown.

    Raises:
        OperationError: if there is no image, there are several of the same date, or the image is not available, not
            Amazon's, or of another name or architecture; or if AWS denies the request or cannot be reached.
    """
    with in_region(region):
        if family.parameter is not None:
            image = _image(account, _parameter(account, region, family, family.parameter), region, family)
        else:
            image = _newest_by_name(account, region, family)
    problems = list(_problems(image, family))
    if problems:
        message = (
            f"the image {image['ImageId']}, found by {family.found_by} in {region}, cannot be pinned: {problems[0]}"
        )
        raise OperationError(message, details="\n".join(problems[1:]))
    release = image_release(image["Name"])
    pin = ImagePin(
        image_id=image["ImageId"],
        name=image["Name"],
        root_device=image["RootDeviceName"],
        architecture=image["Architecture"],
        driver=release.nvidia_driver if release else None,
        cuda=release.cuda if release else (),
        created=_moment(image["CreationDate"]).date(),
        found_by=family.found_by,
    )
    return NewestImage(pin, tuple(_warnings(image, instance_types)))


def use_warnings(account: AwsAccount, region: str, pin: ImagePin, instance_types: Iterable[str] = ()) -> list[str]:
    """Warnings about an image that was pinned earlier.

    Raises:
        OperationError: if AWS denies the request or cannot be reached.
    """
    with in_region(region):
        image = _described(account, pin.image_id)
    if image is None or image["State"] != "available":
        return [f"The pinned image {pin.image_id} is no longer available, so nodes cannot be launched from it."]
    return list(_warnings(image, instance_types))


@contextmanager
def in_region(region: str) -> Iterator[None]:
    """Convert errors of boto3 into an OperationError, with advice about regions and throttling.

    Raises:
        OperationError: if AWS denies a request, cannot be reached, or there are no credentials.
    """
    try:
        with aws_errors_explained():
            yield
    except OperationError as error:
        cause = error.__cause__
        code = cause.response["Error"].get("Code", "") if isinstance(cause, ClientError) else ""
        if code in _THROTTLED:
            message = (
                f"AWS throttled the requests in {region} ({code}) until all retries failed. Run the command again "
                f"later."
            )
            raise OperationError(message) from cause
        if code in _REGION_NOT_ENABLED:
            message = (
                f"{error.message} If the credentials are valid, the account may not have enabled the region {region}: "
                f"check `aws account list-regions`."
            )
            raise OperationError(message) from cause
        raise


def _parameter(account: AwsAccount, region: str, family: ImageFamily, name: str) -> str:
    try:
        value: str = account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"].get("Code") != "ParameterNotFound":
            raise
        message = (
            f"The parameter {name} does not exist in {region}: Amazon does not offer this image there. "
            f"{_declare_it(family)}"
        )
        raise OperationError(message) from error
    return value


def _image(account: AwsAccount, image_id: str, region: str, family: ImageFamily) -> dict[str, Any]:
    image = _described(account, image_id)
    if image is None:
        message = (
            f"The image {image_id} of the parameter {family.parameter} was not found in {region}. Run the command "
            f"again later."
        )
        raise OperationError(message)
    return image


def _described(account: AwsAccount, image_id: str) -> dict[str, Any] | None:
    try:
        images: list[dict[str, Any]] = account.client("ec2").describe_images(ImageIds=[image_id])["Images"]
    except ClientError as error:
        if error.response["Error"].get("Code") in _NOT_THERE:
            return None
        raise
    return images[0] if images else None


def _newest_by_name(account: AwsAccount, region: str, family: ImageFamily) -> dict[str, Any]:
    pages = (
        account.client("ec2")
        .get_paginator("describe_images")
        .paginate(
            Owners=[IMAGE_OWNER],
            Filters=[
                {"Name": "name", "Values": [family.name_pattern]},
                {"Name": "architecture", "Values": [family.architecture]},
                {"Name": "state", "Values": ["available"]},
            ],
        )
    )
    images: list[dict[str, Any]] = [image for page in pages for image in page["Images"]]
    if not images:
        message = (
            f"Amazon offers no image with the name {family.name_pattern!r} in {region} that is available and not "
            f"deprecated. {_declare_it(family)}"
        )
        raise OperationError(message)
    latest = max(_moment(each["CreationDate"]) for each in images)
    newest = [each for each in images if _moment(each["CreationDate"]) == latest]
    if len(newest) > 1:
        which = ", ".join(sorted(f"{each['ImageId']} ({each['Name']})" for each in newest))
        message = (
            f"{len(newest)} images of {family.name!r} in {region} have the newest creation date, so none can be "
            f"selected: {which}. {_declare_it(family)}"
        )
        raise OperationError(message)
    return newest[0]


def _declare_it(family: ImageFamily) -> str:
    return (
        f"Declare an image in the environment: images={{{family.accelerators[0]!r}: Image(reference='ami-...', "
        f"root_device={family.root_device!r})}}."
    )


def _problems(image: dict[str, Any], family: ImageFamily) -> Iterator[str]:
    """The reasons against pinning an image for `family`."""
    owner = image.get("ImageOwnerAlias")
    if owner != IMAGE_OWNER:
        yield f"its owner is {owner or image.get('OwnerId')}, not {IMAGE_OWNER}."
    if image["State"] != "available":
        yield f"its state is {image['State']}, not available."
    if image["Architecture"] != family.architecture:
        yield f"it is for {image['Architecture']}, not {family.architecture}."
    if not family.has_release(image["Name"]):
        yield f"its name is {image['Name']!r}, which is not a release of {family.name_pattern!r}."


def _warnings(image: dict[str, Any], instance_types: Iterable[str]) -> Iterator[str]:
    deprecated = image.get("DeprecationTime")
    if deprecated and _moment(deprecated) <= datetime.now(timezone.utc):
        yield (
            f"{image['ImageId']} has been deprecated since {deprecated[:10]}, and Amazon may delete it. Pin a newer "
            f"one."
        )
    listed = _listed_families(image.get("Description", ""))
    missing = sorted({each for each in instance_types if not _is_listed(each, listed)}) if listed else []
    if missing:
        yield (
            f"The image {image['ImageId']} may not support {', '.join(missing)}: its description lists only "
            f"{', '.join(listed)}."
        )


def _listed_families(description: str) -> tuple[str, ...]:
    """The instance families in "Supported EC2 instances: G4dn, P4d. Release notes: ..."; empty without such a list."""
    without_remarks = re.sub(r"\([^)]*\)", "", description)
    found = re.search(r"Supported EC2 instances:\s*([^.]+)", without_remarks, re.IGNORECASE)
    return tuple(part for each in found.group(1).split(",") if (part := each.strip())) if found else ()


def _is_listed(instance_type: str, listed: tuple[str, ...]) -> bool:
    family = instance_type.partition(".")[0]
    # Some notes write P4 for P4d, and P6 for all of P6-B200, P6-B300.
    names = {family, "p4" if family == "p4d" else family, family.partition("-")[0]}
    return any(each.lower() in names for each in listed)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
