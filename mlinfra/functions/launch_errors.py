"""Reasons of failed launches in plain words, and the service quotas of EC2 that limit them.

Sources: EC2 API reference, "Error codes", and Auto Scaling user guide, "Troubleshoot issues in Amazon EC2 Auto
Scaling", read 2026-11-29. The messages of scaling activities contain either the error code or the text of EC2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMIT = re.compile(r"current vCPU limit of (\d+)")


@dataclass(frozen=True)
class LaunchError:
    """A kind of failed launch."""

    code: str
    """EC2's error code, or `Unknown`."""
    patterns: tuple[str, ...]
    """Regular expressions, one of which its messages contain."""
    reason: str
    """The reason, as a clause."""
    action: str
    """The remedy, as sentences."""
    is_quota: bool = False
    """True if a service quota is exhausted."""


_WAIT = "The group tries again automatically"

ERRORS: Final = (
    LaunchError(
        "VcpuLimitExceeded",
        ("VcpuLimitExceeded", "vCPU capacity than your current vCPU limit"),
        "the account's quota of vCPUs for this kind of instance is exhausted",
        f"Request a higher quota, or stop other clusters. {_WAIT}.",
        is_quota=True,
    ),
    LaunchError(
        "MaxSpotInstanceCountExceeded",
        ("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded"),
        "the account's quota of vCPUs for spot instances of this kind is exhausted",
        f"Request a higher quota, stop other spot clusters, or buy on demand (purchase=OnDemand()). {_WAIT}.",
        is_quota=True,
    ),
    LaunchError(
        "ReservationCapacityExceeded",
        ("ReservationCapacityExceeded", "requested reservation does not have sufficient"),
        "the capacity reservation or Capacity Block has no free instances, or is not active yet",
        f"Check its start, its size, and the other instances in it. {_WAIT}.",
    ),
    LaunchError(
        "InsufficientInstanceCapacity",
        ("InsufficientInstanceCapacity", "do not have sufficient .* capacity", "InsufficientCapacity"),
        "AWS has no capacity of this instance type in the Availability Zones of the cluster",
        f"{_WAIT}. Another zone, another instance type, a capacity reservation or a Capacity Block may be available "
        "sooner.",
    ),
    LaunchError(
        "UnfulfillableCapacity",
        ("UnfulfillableCapacity", "no Spot capacity available"),
        "AWS has no spot capacity of the cluster's instance types",
        f"{_WAIT}. Further instance types (purchase=Spot(instance_types=...)) or on-demand nodes may be available "
        "sooner.",
    ),
    LaunchError(
        "SpotMaxPriceTooLow",
        ("SpotMaxPriceTooLow", "Spot .*price is lower than the minimum"),
        "the spot price is above the highest price of its experiment",
        f"Raise purchase.max_usd_per_hour, or omit it to pay up to the on-demand price. {_WAIT}.",
    ),
    LaunchError(
        "Unsupported",
        (r"\bUnsupported\b", "is not supported in your requested Availability Zone", "configuration is currently not"),
        "the instance type is not offered in an Availability Zone of the cluster, or not with these options",
        "Set zone=... of its experiment to a zone that offers the type, or choose another instance type, and deploy.",
    ),
    LaunchError(
        "InvalidAMIID.NotFound",
        ("InvalidAMIID", "image id .* does not exist"),
        "its machine image does not exist or is not shared with the account",
        "Pin an image that exists (mlinfra images pin), and deploy.",
    ),
    LaunchError(
        "InsufficientFreeAddressesInSubnet",
        ("InsufficientFreeAddressesInSubnet", "not enough free addresses"),
        "its subnet has no free addresses",
        f"Stop other clusters, or use a larger network. {_WAIT}.",
    ),
    LaunchError(
        "InvalidKMSKey.InvalidState",
        ("InvalidKMSKey", "Client.InternalError", "Client error on launch"),
        "the key of its volumes cannot be used by EC2 Auto Scaling",
        "Check that the key is enabled, and that its policy allows the role AWSServiceRoleForAutoScaling to use it.",
    ),
    LaunchError(
        "PendingVerification",
        ("PendingVerification", "being verified", "OptInRequired", r"\bBlocked\b"),
        "AWS is still verifying the account, or has not enabled it for this service",
        f"Wait for AWS's e-mail, or contact AWS Support. {_WAIT}.",
    ),
)
"""The known errors; the first whose pattern a message contains applies."""

UNKNOWN: Final = LaunchError("Unknown", (), "EC2 refused the launch", f"{_WAIT}.")

_ON_DEMAND_QUOTAS: Mapping[str, str] = MappingProxyType(
    {
        "dl": "L-6E869C2A",
        "f": "L-74FC7D96",
        "g": "L-DB2E81BA",
        "gr": "L-DB2E81BA",
        "hpc": "L-F7808C92",
        "inf": "L-1945791B",
        "p": "L-417A185B",
        "trn": "L-2C3B7624",
        "vt": "L-DB2E81BA",
        "x": "L-7295265B",
    }
)
_SPOT_QUOTAS: Mapping[str, str] = MappingProxyType(
    {
        "dl": "L-85EED4F7",
        "f": "L-88CF9481",
        "g": "L-3819A6DF",
        "gr": "L-3819A6DF",
        "inf": "L-B5D1601B",
        "p": "L-7212CCBC",
        "trn": "L-6B0D517C",
        "vt": "L-3819A6DF",
        "x": "L-E3A00192",
    }
)
_STANDARD_ON_DEMAND, _STANDARD_SPOT = "L-1216C47A", "L-34B43A08"
_STANDARD = frozenset("acdhimrtz")
"""The classes that the quotas of standard instances cover (EC2 user guide, "EC2 instance type quotas")."""


def launch_error(message: str) -> LaunchError:
    """The kind of failure that a scaling activity's status message describes."""
    return next(
        (each for each in ERRORS if any(re.search(pattern, message) for pattern in each.patterns)),
        UNKNOWN,
    )


def quota_code(instance_type: str, *, spot: bool) -> str | None:
    """The code of the quota of running vCPUs, or of spot requests, for an instance type. None: it has none here.

    Source: EC2 developer guide, "Amazon EC2 instance type quotas", read 2026-11-24.
    """
    found = re.match(r"[a-z]+(?=\d)", instance_type)
    letters = found[0] if found else ""
    if letters[:1] in _STANDARD and letters in _STANDARD | {"im", "is"}:
        return _STANDARD_SPOT if spot else _STANDARD_ON_DEMAND
    return (_SPOT_QUOTAS if spot else _ON_DEMAND_QUOTAS).get(letters)


def limit_in(message: str) -> int | None:
    """The limit of vCPUs that EC2 names in the message of an exhausted quota. None: it names none."""
    found = _LIMIT.search(message)
    return int(found[1]) if found else None
