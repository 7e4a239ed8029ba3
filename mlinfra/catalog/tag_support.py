"""Resource types of the AWS provider that have tags."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

STANDARD_TAGS: Final = (
    "Environment",
    "Team",
    "Project",
    "CostCenter",
    "ManagedBy",
    "Repository",
    "CreatedBy",
    "AutoStop",
)
"""The tags that every resource of mlinfra has."""

TYPES_FILE: Final = Path(__file__).with_name("taggable_types.txt")
"""The types in the schema of the locked AWS provider (5.100.0), written by `python -m ci.taggable_types`."""


@cache
def taggable_types() -> frozenset[str]:
    """The resource types with tags, which the default tags of the provider reach."""
    return frozenset(TYPES_FILE.read_text(encoding="utf-8").split())
