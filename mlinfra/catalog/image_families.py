"""The kinds of machine image that cluster nodes boot from, and which accelerators each runs.

A family is a line of releases of one of Amazon's Deep Learning AMIs. The release in use is pinned in
the image lock (`image_lock.py`), so that a synth never depends on the newest release.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IMAGE_OWNER = "amazon"
"""The owner alias of Amazon's public images, as DescribeImages knows it."""


@dataclass(frozen=True)
class ImageFamily:
    """One line of releases of an image."""

    name: str
    """What the image lock and the command line call it, such as `open-driver`."""
    name_pattern: str
    """What DescribeImages calls its releases, with `*` for the version."""
    parameter: str | None
    """The public SSM parameter that holds the id of the newest release; None: only its name finds it."""
    operating_system: str
    architecture: Literal["x86_64", "arm64"]
    root_device: str
    """The device name of the root volume: /dev/sda1 for Ubuntu, /dev/xvda for Amazon Linux."""
    accelerators: tuple[str, ...]
    """What it runs, by the catalog's names of accelerators."""
    has_nvidia_driver: bool = True
    """True if it contains NVIDIA's driver and CUDA. Default: True."""

    @property
    def found_by(self) -> str:
        """The query for its newest release: `ssm:PARAMETER` or `name:PATTERN`."""
        return f"ssm:{self.parameter}" if self.parameter else f"name:{self.name_pattern}"

    def has_release(self, image_name: str) -> bool:
        """True if `image_name`, as DescribeImages gives it, is a release of this family."""
        return fnmatchcase(image_name, self.name_pattern)


OPEN_DRIVER = ImageFamily(
    name="open-driver",
    name_pattern="Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *",
    parameter="/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    operating_system="Ubuntu 22.04",
    architecture="x86_64",
    root_device="/dev/sda1",
    accelerators=(
        "t4",
        "a10g",
        "l4",
        "l40s",
        "a100",
        "h100",
        "h200",
        "b200",
        "b300",
        "rtx-pro-4500",
        "rtx-pro-server-6000",
    ),
)
"""NVIDIA's open kernel modules, for every GPU since Turing.

Sources: AWS Deep Learning AMIs developer guide, "Finding the ID of a DLAMI", for the parameter; the
image's release notes of 2026-09-17 for G4dn, G5, G6, G6e, P4d, P4de, P5, P5e, P5en, P6-B200 and
P6-B300. G7 and G7e are listed in the description of its release 20260804, and both were seen to run on it:
github.com, "GPU sharing support matrix", verified on 2026-08-08. Read 2026-11-24.
"""

OPEN_DRIVER_ARM64 = ImageFamily(
    name="open-driver-arm64",
    name_pattern="Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *",
    parameter="/aws/service/deeplearning/ami/arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    operating_system="Ubuntu 22.04",
    architecture="arm64",
    root_device="/dev/sda1",
    accelerators=("t4g",),
)
"""The same for Graviton. Its release notes of 2026-10-08 list G5g. Read 2026-11-24."""

PROPRIETARY_DRIVER = ImageFamily(
    name="proprietary-driver",
    name_pattern="Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version *",
    parameter=None,
    operating_system="Amazon Linux 2",
    architecture="x86_64",
    root_device="/dev/xvda",
    accelerators=("v100",),
)
"""NVIDIA's proprietary kernel modules, which a V100 needs: the open ones begin with Turing.

Source: its release notes of version 71.6 (2026-01-02) list P3 and P3dn; those of the open-driver
images do not. The developer guide finds it by name. Read 2026-11-24.
"""

NEURON = ImageFamily(
    name="neuron",
    name_pattern="Deep Learning Base Neuron AMI (Ubuntu 24.04) *",
    parameter="/aws/service/neuron/dlami/base/ubuntu-24.04/latest/image_id",
    operating_system="Ubuntu 24.04",
    architecture="x86_64",
    root_device="/dev/sda1",
    accelerators=("inferentia2", "trainium", "trainium2"),
    has_nvidia_driver=False,
)
"""The driver and tools of AWS Neuron.

Source: AWS Neuron documentation, "Neuron DLAMI User Guide" of 2026-01-22: the parameter, and Inf2,
Trn1, Trn1n and Trn2. Its releases since 2.26.1 no longer run Inf1, so `inferentia` has no family.
Read 2026-11-24.
"""

IMAGE_FAMILIES: Mapping[str, ImageFamily] = MappingProxyType(
    {each.name: each for each in (OPEN_DRIVER, OPEN_DRIVER_ARM64, PROPRIETARY_DRIVER, NEURON)}
)
"""Every family, by name."""

_BY_ACCELERATOR = {accelerator: each for each in IMAGE_FAMILIES.values() for accelerator in each.accelerators}


def image_family(accelerator: str) -> ImageFamily | None:
    """The family whose images run `accelerator`.

    Args:
        accelerator: the accelerator's model in lower case, such as `v100`.

    Returns:
        None where no image of AWS is known to run it: the environment has to name one.
    """
    return _BY_ACCELERATOR.get(accelerator)


def image_families_of(accelerators: Iterable[str]) -> tuple[ImageFamily, ...]:
    """The unique families that run `accelerators`, in the order of their names.

    Accelerators that no family runs are left out: the environment names an image of its own for them.
    """
    needed = {family.name for each in accelerators if (family := image_family(each))}
    return tuple(IMAGE_FAMILIES[name] for name in sorted(needed))
