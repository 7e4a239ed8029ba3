"""A machine image that an environment names itself."""

from __future__ import annotations

from pydantic import Field

from mlinfra.declarations.base import Declaration


class Image(Declaration):
    """A machine image, by id, SSM parameter or name.

    Raises:
        DeclarationError: with every problem at once.
    """

    reference: str = Field(
        pattern=r"^(ami-[0-9a-f]{8,17}|resolve:ssm:/.+|name:.+)$",
        description="ami-ID; resolve:ssm:PARAMETER, which EC2 resolves when an instance launches; or name:PATTERN, "
        "the newest of Amazon's images with that name.",
    )
    root_device: str = Field(
        default="/dev/sda1",
        pattern=r"^/dev/[a-z0-9]+$",
        description="The device name of the root volume: /dev/sda1 for Ubuntu, /dev/xvda for Amazon Linux. Default: "
        "/dev/sda1.",
    )
