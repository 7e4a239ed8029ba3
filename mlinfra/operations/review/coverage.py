"""Types of resources with rules, and types that were reviewed and have none."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from mlinfra.operations.review.rule_modules import MODULES
from mlinfra.operations.review.rules import access
from mlinfra.operations.review.rules.protection import PROTECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE: Final = "unguarded_types.json"


class Service(NamedTuple):
    """The types of a service that have no rule of their own."""

    status: str
    """`reviewed`, by the purpose or the attributes of each type."""
    reason: str
    types: tuple[str, ...]


def guarded_types() -> frozenset[str]:
    """The types with a rule of their own."""
    return frozenset(kind for module in MODULES for kind in getattr(module, "TYPES", ()))


def guarded_paths() -> frozenset[tuple[str, str]]:
    """Types and the paths of their attributes in the tables of rules."""
    tables = [getattr(module, "TABLE", {}) for module in MODULES]
    guarded = {
        (kind, guard.path) for table in tables for kind, guards in table.items() for guard in guards if guard.path
    }
    return frozenset(guarded | {(kind, each.path) for kind, rows in PROTECTIONS.items() for each in rows})


def has_policy(attributes: Mapping[str, object]) -> bool:
    """True if a type has an attribute with a policy, which `rules.access` compares.

    Args:
        attributes: the top-level attributes of the type that a configuration can set.
    """
    return not attributes.keys().isdisjoint(access.DOCUMENTS)


def unguarded_services() -> dict[str, Service]:
    """The types without a rule, by service."""
    document = json.loads(files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))
    return {name: Service(each["status"], each["reason"], tuple(each["types"])) for name, each in document.items()}
