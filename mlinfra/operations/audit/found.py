"""Resources as the readers find them, before they are joined with states, prices and owners."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

GROUP_TAG: Final = "aws:autoscaling:groupName"
"""The tag of instances that were launched by an auto scaling group."""

Purchase = Literal["on-demand", "spot", "block"]


@dataclass(frozen=True)
class Charge:
    """A part of a resource that is billed by the hour or by the month."""

    service: str
    """`ec2` and `sagemaker` for instances, else a service of the price book, such as `ebs`."""
    item: str
    """The instance type, or the item of the price book, such as `gp3_storage`."""
    quantity: float = 1
    """The number of units, such as instances or GB."""
    since: datetime | None = None
    """The time since which it is billed. None: the launch of the resource."""
    component: str = ""
    """The component of SageMaker, such as `hosting`."""
    purchase: Purchase = "on-demand"
    """The purchase option of EC2 instances."""
    note: str = ""
    """An assumption, in one sentence. Empty: none."""


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch that tells the use of a resource."""

    purpose: Literal["gpu", "cpu", "requests", "bytes"]
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    period: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """The region and account of a reader."""

    region: str
    account_id: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class Found:
    """A resource in AWS."""

    region: str
    service: str
    kind: str
    id: str
    name: str = ""
    """The name. Empty: it has none."""
    arn: str = ""
    state: str = ""
    launched: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
    metrics: tuple[Metric, ...] = ()
    part_of: tuple[str, str] | None = None
    """Kind and id of the resource that this one is counted with, in the same region. None: it is counted itself."""
    is_unattached: bool = False
    """True if nothing uses it."""
    problems: tuple[str, ...] = ()
    instance_type: str = ""
    """The type of an instance."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Indications of an owner by their source, such as `key pair`."""
    creator: str = ""
    """The service or tool that created it, such as an EC2 fleet. Empty: unknown."""
    security_groups: tuple[str, ...] = ()
    public_address: str = ""
    """The public IPv4 address of an instance. Empty: it has none."""
    open_ports: tuple[str, ...] = ()
    """The ports that a security group opens to all addresses of the internet."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Region, kind and id, which are unique in the account."""
        return (self.region, self.kind, self.id)


def tags_of(listed: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """The tags of a response with the fields Key and Value."""
    return {each["Key"]: each["Value"] for each in listed or ()}
