"""The instance types that SageMaker hosts models on."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from mlinfra.catalog.instances import instance_types

_SIZES = {
    "t2": "medium large xlarge 2xlarge",
    "m5": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "m5d": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "m6g": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "m6gd": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "m6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "m7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "m8g": "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "c5": "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
    "c5d": "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
    "c6g": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c6gd": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c6gn": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "c6in": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "c7g": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "c8g": "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "r5": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "r5d": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "r6g": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "r6gd": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "r6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "r7gd": "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "r7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "r8g": "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g4dn": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "g5": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g6": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g6e": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g7": "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge",
    "g7e": "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge",
    "p3": "2xlarge 8xlarge 16xlarge",
    "p4d": "24xlarge",
    "p4de": "24xlarge",
    "p5": "4xlarge 48xlarge",
    "p5e": "48xlarge",
    "p5en": "48xlarge",
    "p6-b200": "48xlarge",
    "p6-b300": "48xlarge",
    "inf2": "xlarge 8xlarge 24xlarge 48xlarge",
    "trn1": "2xlarge 32xlarge",
    "trn1n": "32xlarge",
    "trn2": "48xlarge",
}
"""Sizes by family, of those that are not retired.

Source: the values of `ProductionVariantInstanceType` in SageMaker's API model (botocore 1.44.8), read 2026-11-26. Left
out: m4, c4, p2 and dl1; inf1, which deployment guardrails do not know; p6e-gb200, which is a part of a rack. A region
offers some of them.
"""

_WITH_DISKS = re.compile(r"^[a-z]+\d[a-z]*d[a-z]*\.")
"""EC2's word for local NVMe disks is a `d` after the number of the generation."""


@lru_cache(maxsize=1)
def hosting_instance_types() -> tuple[str, ...]:
    """The instance types that models are hosted on, as SageMaker writes them, such as `ml.g5.xlarge`."""
    return tuple(f"ml.{family}.{size}" for family, sizes in _SIZES.items() for size in sizes.split())


def has_local_disks(instance_type: str) -> bool:
    """True if instances of this type have local NVMe disks, which they encrypt themselves.

    Args:
        instance_type: one of `hosting_instance_types`.
    """
    name = instance_type.removeprefix("ml.")
    known = instance_types().get(name)
    return bool(known.local_nvme_gb) if known else bool(_WITH_DISKS.match(name))


def expect_hosting_type(instance_type: str) -> str:
    """`instance_type`, after a check that SageMaker hosts models on it.

    Raises:
        ValueError: if SageMaker does not host models on it, with the nearest types.
    """
    known = hosting_instance_types()
    if instance_type in known:
        return instance_type
    family = instance_type.removeprefix("ml.").partition(".")[0]
    near = [each for each in known if each.startswith(f"ml.{family}.")] or difflib.get_close_matches(
        instance_type, known
    )
    expected = f"such as {', '.join(near)}" if near else "such as ml.m7i.large or ml.g5.xlarge"
    message = f"is not an instance type for SageMaker endpoints. Expected: a type {expected}."
    raise ValueError(message)
