"""Changed attributes of resources, as text. Sensitive values are masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 4_000
"""Maximum number of characters of a value."""
_OMITTED: Final = frozenset({"tags_all"})
_SHOWN: Final = frozenset({Kind.CREATE, Kind.UPDATE, Kind.REPLACE, Kind.REPLACE_CREATE_FIRST})
LONG: Final = 100
"""Number of characters above which reports fold a value."""


class Attribute(NamedTuple):
    """A changed attribute of a resource."""

    name: str
    before: str
    after: str

    @property
    def is_long(self) -> bool:
        """True if its values do not fit on a line."""
        return len(self.before) + len(self.after) > LONG


def changed(change: Change) -> tuple[Attribute, ...]:
    """The attributes that a plan changes, or sets on a new resource."""
    return tuple(_changed(change)) if change.kind in _SHOWN else ()


def _changed(change: Change) -> Iterator[Attribute]:
    for name in change.changed_attributes():
        if name in _OMITTED:
            continue
        before, after = change.old(name), change.new(name)
        if after is UNKNOWN and not before:
            # AWS computes it: an id or an ARN.
            continue
        if not before and not after:
            continue
        if change.is_sensitive(name):
            masked = f"({Mark.SENSITIVE.value})"
            yield Attribute(name, masked if before is not None else _NOT_SET, masked)
        else:
            yield Attribute(name, _text(before), _text(after))


_NOT_SET: Final = "(not set)"


def _text(value: Any) -> str:  # noqa: ANN401  a value of any resource
    if value is None or value == "":
        return _NOT_SET
    if isinstance(value, Mark):
        return f"({value.value})"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
