"""The machine image of a node, and the image family that runs a GPU.

`Environment.image` selects the image of an experiment: from the environment's `images`, or else from the image lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.catalog.image_families import image_family

if TYPE_CHECKING:
    from mlinfra.catalog.image_families import ImageFamily


@dataclass(frozen=True)
class NodeImage:
    """The machine image of a node, and its known versions."""

    reference: str
    """As in `mlinfra.declarations.Image`."""
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
