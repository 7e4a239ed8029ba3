"""Result of an audit: the resources of an account, and the requests that failed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Classification = Literal["managed", "managed-elsewhere", "unmanaged", "orphaned"]
CLASSIFICATIONS: Final[tuple[Classification, ...]] = get_args(Classification)

Condition = Literal["expired", "idle", "unattached"]


@dataclass(frozen=True)
class Item:
    """A resource, or a group of instances that work together, with its cost and its owner."""

    region: str
    service: str
    """Such as ec2, autoscaling or sagemaker."""
    kind: str
    """Such as instance, auto-scaling-group, endpoint or volume."""
    id: str
    """The id or name in AWS. Of a group of instances: the id of the first instance."""
    name: str
    """The name, or the id of a resource without a name."""
    state: str
    """The state in the words of the service, such as running. Empty: the service reports none."""
    launched: datetime | None
    """The launch of the oldest part that exists, or the creation. None: AWS does not report it."""
    launched_by: str
    """The principal that created it, from CloudTrail. Empty: not looked up, or not found."""
    usd_per_month: float | None
    """The cost of 730 hours as it is now, in USD. None: a price is unknown."""
    usd_so_far: float | None
    """The cost since the launch of the parts that exist, at the present rate, in USD. None: a price or the time of the
    launch is unknown."""
    gpu_utilization: float | None
    """The maximum over its GPUs of the mean of the last 24 hours, in percent. None: there are no metrics."""
    owner: str
    """The owner, or the best guess. Empty: there is no indication."""
    owner_evidence: str
    """The source of `owner`, such as the tag Owner or the name of the key pair. Empty without an owner."""
    classification: Classification
    """`managed`: a declared stack manages it. `managed-elsewhere`: another tool or state does. `orphaned`: a state
    contains it, and no code declares it. `unmanaged`: no indication of a manager."""
    problems: tuple[str, ...] = ()
    """Security findings and other problems, each in one sentence."""
    conditions: tuple[Condition, ...] = ()
    """`expired`, `idle` and `unattached`, in this order."""
    owner_is_certain: bool = False
    """True if the owner is declared or is the value of a tag. False: a guess."""
    manager: str = ""
    """The manager: the address and state in Terraform, or the name of the tool. Empty: unmanaged."""
    arn: str = ""
    """The ARN. Empty: resources of this kind have none that can be tagged."""
    members: tuple[str, ...] = ()
    """The ids of the instances of a group."""
    instance_types: tuple[str, ...] = ()
    nodes: int = 0
    """The number of instances."""
    accelerators: int = 0
    """The number of GPUs and other accelerators of its instances."""
    cpu_utilization: float | None = None
    """The maximum over its instances of the mean of the last 24 hours, in percent. None: there are no metrics."""
    cost_basis: tuple[str, ...] = ()
    """The formula of each part of the cost with source, date and assumption of its price."""
    tags: Mapping[str, str] = field(default_factory=dict)
    is_new: bool = True
    """False if it was reported by an earlier audit with the same baseline."""

    @property
    def key(self) -> str:
        """An identifier that is unique in the account, such as us-east-1/ec2/instance/i-0abc."""
        return f"{self.region}/{self.service}/{self.kind}/{self.id}"

    @property
    def is_attention_needed(self) -> bool:
        """True if no declared stack manages it, or if it has a condition or a problem."""
        return self.classification != "managed" or bool(self.conditions or self.problems)


@dataclass(frozen=True)
class FailedRead:
    """A part of the account that could not be read."""

    region: str
    service: str
    reason: str
    """The error of AWS, in one line."""
    kinds: tuple[str, ...] = ()
    """The kinds of resources that are missing from the audit, or are incomplete. Empty: all kinds of the service."""
    code: str = ""
    """The code of the error, such as UnauthorizedOperation; without a response, the class of the exception."""


@dataclass(frozen=True)
class Audit:
    """The resources of an account, the dearest first."""

    items: tuple[Item, ...]
    failed_regions: tuple[FailedRead, ...]
    """The requests that failed. Their resources may be missing from `items`."""
    as_of: datetime
    account_id: str = ""
    regions: tuple[str, ...] = ()
    """The regions that were read."""
    disabled_regions: tuple[str, ...] = ()
    """The regions that are not enabled for the account, and can contain nothing."""
    remarks: tuple[str, ...] = ()
    """Limitations of this audit, each in one sentence."""
    resolved: tuple[str, ...] = ()
    """Keys of resources in the baseline that were deleted or need no attention any more."""

    @property
    def is_complete(self) -> bool:
        """True if no request failed."""
        return not self.failed_regions

    def usd_per_month(self, *classifications: Classification) -> float:
        """The cost of 730 hours of the items with a known price, in USD.

        Args:
            classifications: the classifications to count. Default: all.
        """
        return sum(
            each.usd_per_month or 0
            for each in self.items
            if not classifications or each.classification in classifications
        )

    def as_json(self) -> dict[str, Any]:
        """The audit as JSON values. Times are in ISO 8601 and UTC, amounts in USD."""
        return {
            "account_id": self.account_id,
            "as_of": self.as_of.isoformat(),
            "regions": list(self.regions),
            "disabled_regions": list(self.disabled_regions),
            "is_complete": self.is_complete,
            "failed_regions": [asdict(each) | {"kinds": list(each.kinds)} for each in self.failed_regions],
            "remarks": list(self.remarks),
            "resolved": list(self.resolved),
            "usd_per_month": {
                "total": round(self.usd_per_month(), 2),
                **{each: round(self.usd_per_month(each), 2) for each in CLASSIFICATIONS},
            },
            "unpriced": [each.key for each in self.items if each.usd_per_month is None],
            "items": [_item_as_json(each) for each in self.items],
        }


def _item_as_json(item: Item) -> dict[str, Any]:
    values = asdict(item)
    for name in ("problems", "conditions", "members", "instance_types", "cost_basis"):
        values[name] = list(values[name])
    for name in ("usd_per_month", "usd_so_far", "gpu_utilization", "cpu_utilization"):
        values[name] = None if values[name] is None else round(values[name], 2)
    values["launched"] = item.launched.isoformat() if item.launched else None
    return {"key": item.key, **values, "tags": dict(item.tags)}
