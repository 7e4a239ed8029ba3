"""Lifecycle rules of S3 buckets: the data that they delete or archive, with days and prefix."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlinfra.functions.counting import counted
from mlinfra.operations.review.change import items, number
from mlinfra.operations.review.escaping import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ARCHIVES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes whose objects must be restored before they can be read, which takes hours. GLACIER_IR is read at
once (S3 User Guide, "Working with archived objects" and "Understanding archive retrieval options", read 2026-11-29)."""
_EARLY_ARCHIVE_DAYS: Final = 30
_DELETING: Final = (
    ("expiration", "days", "current objects are deleted"),
    ("expiration", "date", "current objects are deleted"),
    ("noncurrent_version_expiration", "noncurrent_days", "previous versions are deleted"),
)
_ARCHIVING: Final = (
    ("transition", "days", "current objects are archived"),
    ("noncurrent_version_transition", "noncurrent_days", "previous versions are archived"),
)


class Effect(NamedTuple):
    """An action of a rule on a part of a bucket."""

    what: str
    scope: str
    """The filter as JSON, to compare it."""
    where: str
    """The filter in words."""
    days: float | None
    """None: on a date."""
    date: str
    is_disputed: bool
    """True for deletion, and for archiving within days of the creation."""


def effects(rules: object) -> Iterator[Effect]:
    """The deleting and archiving actions of enabled rules."""
    for rule in items(rules):
        if not isinstance(rule, dict) or rule.get("status") == "Disabled":
            continue
        scope, where = _scope(rule)
        for block, member, what in _DELETING:
            for each in _blocks(rule, block):
                if each.get(member) not in {None, 0, ""}:
                    yield _effect(what, scope, where, each.get(member), is_deleting=True)
        for block, member, what in _ARCHIVING:
            for each in _blocks(rule, block):
                if each.get("storage_class") in _ARCHIVES:
                    yield _effect(what, scope, where, each.get(member) or 0, is_deleting=False)


def is_covered(effect: Effect, before: Sequence[Effect]) -> bool:
    """True if previous rules had the same effect at the same time or earlier, or the effect does not need a check."""
    if not effect.is_disputed:
        return True
    return any(
        (each.what, each.date) == (effect.what, effect.date)
        and each.scope in {effect.scope, _WHOLE}
        and (effect.days is None or (each.days is not None and each.days <= effect.days))
        for each in before
    )


def in_words(effect: Effect, before: Iterable[Effect]) -> str:
    """An effect in words, with its previous time."""
    when = f"after {_days(effect.days)}" if effect.days is not None else f"on {quoted(effect.date)}"
    known = [each.days for each in before if (each.what, each.scope) == (effect.what, effect.scope) and each.days]
    previous = f" (before: after {_days(min(known))})" if known else " (before: never)"
    return f"{effect.what} {when}, {effect.where}{previous}"


_WHOLE: Final = "{}"


def _effect(what: str, scope: str, where: str, when: Any, *, is_deleting: bool) -> Effect:  # noqa: ANN401
    days = number(when)
    is_disputed = is_deleting or days is None or days < _EARLY_ARCHIVE_DAYS
    return Effect(what, scope, where, days, "" if days is not None else str(when), is_disputed)


def _scope(rule: dict[str, Any]) -> tuple[str, str]:
    """The filter of a rule, to compare it and in words."""
    found: dict[str, Any] = {}
    if rule.get("prefix"):
        found["prefix"] = rule["prefix"]
    for block in _blocks(rule, "filter"):
        for part in (block, *_blocks(block, "and")):
            found.update({key: each for key, each in part.items() if each and key != "and"})
    text = json.dumps(found, sort_keys=True, default=str)
    if not found:
        return text, "in the whole bucket"
    if set(found) == {"prefix"}:
        return text, f"with prefix {quoted(found['prefix'])}"
    return text, f"with filter {quoted(found)}"


def _blocks(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in items(value.get(name)) if isinstance(each, dict)]


def _days(days: float | None) -> str:
    return counted(int(days or 0), "day")
