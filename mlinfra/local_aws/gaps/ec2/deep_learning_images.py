"""Gap: Amazon's Deep Learning AMIs, in every region.

moto has only a few images of 2017, under names that no region uses today. In AWS, they are public images
owned by Amazon, found by name with the owner `amazon`. Source: AWS Deep Learning AMIs developer guide,
"Finding the ID of a DLAMI"; EC2 API reference, DescribeImages; read 2026-11-24.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from moto.ec2.models.amis import AMIS, Ami, AmiBackend

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES, DEEP_LEARNING_IMAGES_OWNER

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto has none of the current Deep Learning AMIs."""
    return not any(each["name"].startswith("Deep Learning Base OSS") for each in AMIS)


def close() -> None:
    """Close the gap: each region loads the images with moto's own at its first use."""
    wrap(AmiBackend, "_load_amis", _load)


def _load(original: Callable[..., None], backend: Any) -> None:  # noqa: ANN401  moto's backend is made of mixins
    original(backend)
    for image in DEEP_LEARNING_IMAGES:
        identifier = image.image_id(backend.region_name)
        backend.amis[identifier] = Ami(
            backend,
            identifier,
            name=image.name,
            description=image.description,
            owner_id=DEEP_LEARNING_IMAGES_OWNER,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture=image.architecture,
            creation_date=datetime.fromisoformat(image.created).replace(tzinfo=timezone.utc),
            image_location=f"amazon/{image.name}",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=image.root_device_name,
            region_name=f"{backend.region_name}a",
        )
