"""Service quotas that limit instances: their codes, and their defaults as far as they are known."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias

QuotaKind: TypeAlias = Literal["on_demand", "spot"]

_STANDARD: Final = "Standard (A, C, D, H, I, M, R, T, Z)"
_GROUPS: Final = {
    **dict.fromkeys(("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"), _STANDARD),
    **dict.fromkeys(("g", "gr", "vt"), "G and VT"),
    "dl": "DL",
    "f": "F",
    "hpc": "HPC",
    "inf": "Inf",
    "p": "P",
    "trn": "Trn",
    "u": "High Memory",
    "x": "X",
}
"""The families of each quota, by the letters before the generation (names of the quotas in Service Quotas)."""
_LETTERS = re.compile(r"[a-z]+")
_P5 = re.compile(r"p5[a-z]*\.")


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas."""

    service: str
    """The service code of Service Quotas, such as ec2."""
    code: str
    """Such as L-417A185B."""
    name: str
    unit: str
    """`vCPU` or `instances`."""
    default: float | None
    """The value in a new account, as a first estimate: it depends on the account's age and region. None: unknown."""
    kind: str
    """`on_demand` and `spot` of EC2; else the use in SageMaker, such as `training`, `hosting` or `hyperpod`."""
    basis: str
    """The origin of the default."""
    source: str


@lru_cache(maxsize=1)
def service_quotas() -> tuple[Quota, ...]:
    """All quotas of the catalog."""
    text = files(__package__).joinpath("quotas.csv").read_text(encoding="utf-8")
    return tuple(
        Quota(
            service=row["service"],
            code=row["code"],
            name=row["name"],
            unit=row["unit"],
            default=float(row["default"]) if row["default"] else None,
            kind=row["kind"],
            basis=row["basis"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def quota_of(instance_type: str, purchase: QuotaKind = "on_demand") -> Quota | None:
    """The EC2 quota, in vCPUs, that limits instances of a type. None: unknown.

    Args:
        instance_type: the instance type, such as p5.48xlarge.
        purchase: the purchase option: each has quotas of its own. Default: on demand.
    """
    return next(iter(quotas_of(instance_type, purchase)[-1:]), None)


def quotas_of(instance_type: str, purchase: QuotaKind = "on_demand") -> tuple[Quota, ...]:
    """The EC2 quotas of which the first one that AWS has limits instances of a type. Empty: unknown.

    P5 spot instances have had a quota of their own; newer lists count them with all P instances.

    Args:
        instance_type: the instance type, such as p5.48xlarge.
        purchase: the purchase option: each has quotas of its own. Default: on demand.
    """
    letters = _LETTERS.match(instance_type)
    group = _GROUPS.get(letters[0]) if letters else None
    names = [f"Running On-Demand {group} instances"]
    if purchase == "spot":
        own = ["All P5 Spot Instance Requests"] if _P5.match(instance_type) else []
        names = [*own, f"All {group} Spot Instance Requests"]
    by_name = {each.name: each for each in service_quotas() if each.service == "ec2"}
    return tuple(by_name[name] for name in names if name in by_name)
