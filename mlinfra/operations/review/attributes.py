"""Changed attributes of resources, as text. Sensitive values are masked."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 4_000
"""Maximum number of characters of a value."""
_OMITTED: Final = frozenset({"tags_all"})
_SCRIPTS: Final = frozenset({"user_data", "user_data_base64"})
"""Scripts of nodes, which launch templates have in Base64."""
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
        if name in _SCRIPTS:
            before, after = _differing_lines(before, after)
        if change.is_sensitive(name):
            masked = f"({Mark.SENSITIVE.value})"
            yield Attribute(name, masked if before is not None else _NOT_SET, masked)
        else:
            yield Attribute(name, _text(before), _text(after))


_NOT_SET: Final = "(not set)"
_NO_LINE: Final = "(no other lines)"


def _differing_lines(before: Any, after: Any) -> tuple[Any, Any]:  # noqa: ANN401  values of any resource
    """The lines of two scripts that only one of them has. A script without a counterpart is kept whole."""
    old, new = _decoded(before), _decoded(after)
    if not isinstance(old, str) or not isinstance(new, str):
        return old, new
    first, second = old.splitlines(), new.splitlines()
    both = set(first).intersection(second)
    only_old, only_new = ([each for each in lines if each not in both] for lines in (first, second))
    if not only_old and not only_new:  # another order
        return old, new
    return "\n".join(only_old) or _NO_LINE, "\n".join(only_new) or _NO_LINE


def _decoded(value: Any) -> Any:  # noqa: ANN401  a value of any resource
    """The text that a value has in Base64; any other value unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:  # UnicodeDecodeError is one, too
        return value


def _text(value: Any) -> str:  # noqa: ANN401  a value of any resource
    if value is None or value == "":
        return _NOT_SET
    if isinstance(value, Mark):
        return f"({value.value})"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
