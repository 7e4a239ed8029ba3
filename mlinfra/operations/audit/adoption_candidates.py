"""Unmanaged resources that an environment can adopt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.operations.audit.item import Audit

_WORDS: Final[Mapping[str, str]] = {
    "auto-scaling-group": "auto-scaling-group",
    "bucket": "bucket",
    "domain": "domain",
    "endpoint": "endpoint",
    "instance": "instance",
    "instance-group": "instance",
}
"""The kinds of `mlinfra adopt`, by those of the audit."""


@dataclass(frozen=True)
class Adoptable:
    """The unmanaged resources of a region that can be adopted."""

    region: str
    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    """Their kinds, as `mlinfra adopt` names them."""


def adoptable(audit: Audit, ids: Sequence[str] = ()) -> tuple[tuple[Adoptable, ...], tuple[str, ...]]:
    """The unmanaged resources that can be adopted, by region; and the keys of those that cannot.

    Args:
        audit: the audit.
        ids: ids or names of resources. Default: all.
    """
    by_region: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    others = []
    for each in audit.items:
        if each.classification != "unmanaged" or (ids and not {each.id, each.name, *each.members} & set(ids)):
            continue
        word = _WORDS.get(each.kind)
        if word is None:
            others.append(each.key)
            continue
        found, kinds = by_region.setdefault(each.region, ({}, {}))
        found |= dict.fromkeys(each.members if each.kind == "instance-group" else (each.id,))
        kinds[word] = None
    return (
        tuple(Adoptable(region, tuple(found), tuple(kinds)) for region, (found, kinds) in by_region.items()),
        tuple(others),
    )
