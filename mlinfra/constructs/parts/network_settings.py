"""The network that constructs run in: a protocol, and a class for values that come from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class PrivateNetwork(Protocol):
    """A VPC, its private subnets, and the key for data at rest of what runs there.

    `Network`, `Platform` and `NetworkSettings` have these attributes, so each can be passed as `network=`.
    The key belongs to the network because both come from the foundation of an environment, and because every
    construct that takes the one needs the other. Security groups do not: each construct has its own.
    """

    @property
    def vpc_id(self) -> str:
        """The id of the VPC."""
        ...

    @property
    def private_subnet_ids(self) -> Sequence[str]:
        """The ids of the private subnets."""
        ...

    @property
    def compute_key_arn(self) -> str:
        """The ARN of the KMS key for volumes and logs."""
        ...


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The ids of a network that mlinfra did not create.

    network = NetworkSettings(
        vpc_id="vpc-0abc", private_subnet_ids=["subnet-0abc", "subnet-0def"], compute_key_arn=key.arn
    )

    Raises:
        ValueError: if there is no private subnet.
    """

    vpc_id: str
    """The id of the VPC."""
    private_subnet_ids: Sequence[str]
    """The ids of private subnets in it, at least one, with a route to AWS services (NAT gateway or endpoints)."""
    compute_key_arn: str
    """The ARN of the KMS key for volumes and logs. Its policy must allow EC2 and CloudWatch Logs to use it."""

    def __post_init__(self) -> None:
        """Check the subnets."""
        # A list that is only known at deploy time has one element while synthesizing.
        if not list(self.private_subnet_ids):
            message = "private_subnet_ids is empty. Expected: the ids of one or more private subnets."
            raise ValueError(message)
