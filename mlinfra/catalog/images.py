"""The machine images that cluster nodes boot from."""

from pydantic import Field

from mlinfra.declaration import Declaration


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


OPEN_DRIVER_IMAGE = Image(
    reference="resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
)
"""AWS's Deep Learning Base image with NVIDIA's open kernel modules (Ubuntu 22.04).

Source: AWS Deep Learning AMIs developer guide, "Finding the ID of a DLAMI", read 2026-11-24.
"""

PROPRIETARY_DRIVER_IMAGE = Image(
    reference="name:Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version *",
    root_device="/dev/xvda",
)
"""The newest Deep Learning Base image whose driver still runs a V100.

Source: its release notes list P3 and P3dn (version 71.6, 2026-01-02); those of the open-driver
images do not.
"""

_DEFAULT_IMAGES = {
    "v100": PROPRIETARY_DRIVER_IMAGE,
    # G4dn, G5, G6, G6e, P4d, P4de, P5, P5e, P5en, P6-B200 and P6-B300 stand in the open-driver
    # image's release notes of 2026-09-17.
    "t4": OPEN_DRIVER_IMAGE,
    "a10g": OPEN_DRIVER_IMAGE,
    "l4": OPEN_DRIVER_IMAGE,
    "l40s": OPEN_DRIVER_IMAGE,
    "a100": OPEN_DRIVER_IMAGE,
    "h100": OPEN_DRIVER_IMAGE,
    "h200": OPEN_DRIVER_IMAGE,
    "b200": OPEN_DRIVER_IMAGE,
    "b300": OPEN_DRIVER_IMAGE,
}


def default_image(accelerator: str) -> Image | None:
    """The image for nodes with `accelerator`.

    Args:
        accelerator: the accelerator's model in lower case, such as `v100`.

    Returns:
        None where no image of AWS is known to run it: the environment has to name one.
    """
    return _DEFAULT_IMAGES.get(accelerator)
