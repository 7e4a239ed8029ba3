"""Deep Learning AMIs of the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.catalog.image_families import IMAGE_FAMILIES, IMAGE_OWNER, PROPRIETARY_DRIVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.catalog.image_families import ImageFamily


@pytest.mark.parametrize("family", IMAGE_FAMILIES.values(), ids=lambda family: family.name)
def test_the_newest_image_of_every_family_exists(client: Callable[..., Any], family: ImageFamily) -> None:
    by_name = [{"Name": "name", "Values": [family.name_pattern]}]
    images = client("ec2").describe_images(Owners=[IMAGE_OWNER], Filters=by_name)["Images"]
    newest = max(images, key=lambda each: each["CreationDate"])
    assert (newest["RootDeviceName"], newest["Architecture"]) == (family.root_device, family.architecture)
    if family.parameter is not None:
        assert client("ssm").get_parameter(Name=family.parameter)["Parameter"]["Value"] == newest["ImageId"]


def test_the_image_for_a_v100_is_found_by_its_name(client: Callable[..., Any]) -> None:
    pattern = PROPRIETARY_DRIVER.name_pattern
    filters = [{"Name": "name", "Values": [pattern]}, {"Name": "state", "Values": ["available"]}]
    (image,) = client("ec2").describe_images(Owners=["amazon"], Filters=filters)["Images"]
    assert image["RootDeviceName"] == PROPRIETARY_DRIVER.root_device
