"""What a node boots from: the image that the lock pins, or one that an environment names itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from mlinfra.catalog.image_families import image_family
from mlinfra.declaration import Declaration

if TYPE_CHECKING:
    from mlinfra.catalog.image_families import ImageFamily


class Image(Declaration):
    """A machine image, by id or by how to find it.

    Raises:
        DeclarationError: with every problem at once.
    """

    reference: str = Field(
        pattern=r"^(ami-[0-9a-f]{8,17}|resolve:ssm:/.+|name:.+)$",
        description="ami-ID; resolve:ssm:PARAMETER, which EC2 resolves when an instance launches; or name:PATTERN, "
        "the newest of Amazon's images so called.",
    )
    root_device: str = Field(
        default="/dev/sda1",
        pattern=r"^/dev/[a-z0-9]+$",
        description="The device name of the root volume: /dev/sda1 for Ubuntu, /dev/xvda for Amazon Linux. Default: "
        "/dev/sda1.",
    )


@dataclass(frozen=True)
class NodeImage:
    """What a node boots from, and what is known of it."""

    reference: str
    """As in `Image`."""
    root_device: str
    """The device name of the root volume."""
    driver: str | None = None
    """The version of NVIDIA's driver; None: not known."""
    cuda: tuple[str, ...] = ()
    """The CUDA versions installed, the default one first; empty: not known."""


def gpu_image_family(accelerator: str) -> ImageFamily | None:
    """The family of images whose driver runs `accelerator`.

    Args:
        accelerator: the accelerator's model in lower case, such as `v100`.

    Returns:
        None where no image of AWS with a driver of NVIDIA is known to run it: the environment has to name one.
    """
    family = image_family(accelerator)
    return family if family and family.has_nvidia_driver else None
