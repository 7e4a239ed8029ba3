"""A view of one resource change of a plan. It copies nothing, and accepts JSON of any shape.

The format: https://developer.hashicorp.com/terraform/internals/json-format (read 2026-11-26).
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.escaping import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_EMPTY: Final[Mapping[str, Any]] = {}


class Kind(Enum):
    """The planned action for a resource."""

    CREATE = "create"
    UPDATE = "change"
    REPLACE = "replace"
    """The old object is destroyed before the new one is created."""
    REPLACE_CREATE_FIRST = "replace, created before destroyed"
    DESTROY = "destroy"
    FORGET = "forget"
    READ = "read"
    NOTHING = "no change"
    UNKNOWN = "unknown"
    """An action that this version of mlinfra does not know."""

    # Enum's own is written in Python, and a review looks up kinds hundreds of thousands of times.
    __hash__ = object.__hash__


_KINDS: Final[Mapping[tuple[str, ...], Kind]] = {
    ("no-op",): Kind.NOTHING,
    (): Kind.NOTHING,
    ("create",): Kind.CREATE,
    ("read",): Kind.READ,
    ("update",): Kind.UPDATE,
    ("delete", "create"): Kind.REPLACE,
    ("create", "delete"): Kind.REPLACE_CREATE_FIRST,
    ("delete",): Kind.DESTROY,
    ("forget",): Kind.FORGET,
}


class Mark(Enum):
    """The placeholder for a value that is not available."""

    UNKNOWN = "known after apply"
    SENSITIVE = "sensitive"


UNKNOWN: Final = Mark.UNKNOWN


class Change:
    """The planned change of one resource."""

    # Rules look up hundreds of thousands of values of a large plan: each part is looked up once, here.
    __slots__ = (
        *("_after", "_before", "_change", "_raw", "_sensitive", "_unknown"),
        *("address", "after", "before", "creates", "destroys", "kind", "replaces", "type"),
    )

    def __init__(self, raw: Mapping[str, Any]) -> None:
        """View `raw`, an element of the plan's `resource_changes`."""
        self._raw = raw
        self._change = _mapping(raw.get("change"))
        self.address = str(raw.get("address") or "unknown address")
        self.type = str(raw.get("type") or "")
        self.kind = _KINDS.get(self.actions, Kind.UNKNOWN)
        self.replaces = self.kind is Kind.REPLACE or self.kind is Kind.REPLACE_CREATE_FIRST
        """True if an object is destroyed and created again."""
        self.creates = self.replaces or self.kind is Kind.CREATE
        """True if an object is created, also as a replacement."""
        self.destroys = self.replaces or self.kind is Kind.DESTROY
        """True if an object is destroyed, also to be replaced."""
        self._before = self._change.get("before")
        self._after = self._change.get("after")
        unknown = self._change.get("after_unknown")
        self._unknown = unknown if _any_true(unknown) else None
        self.before = _mapping(self._before)
        """The present values. Empty for a creation."""
        self.after = _mapping(self._after)
        """The planned values, as far as they are known. Empty for a deletion."""
        marks = (self._change.get("before_sensitive"), self._change.get("after_sensitive"))
        self._sensitive = tuple(each for each in marks if _any_true(each))

    @property
    def is_data_source(self) -> bool:
        """True for data sources, which are only read."""
        return self._raw.get("mode") == "data"

    @property
    def actions(self) -> tuple[str, ...]:
        """Terraform's names of the actions."""
        actions = self._change.get("actions")
        return tuple(map(str, actions)) if isinstance(actions, list) else ()

    @property
    def unknown(self) -> Any:  # noqa: ANN401  JSON of any shape
        """The marks of values that are known after apply, in the shape of the resource. None: all are known."""
        return self._unknown

    @property
    def sensitive(self) -> list[Any]:
        """The marks of sensitive values before and after, in the shape of the resource."""
        return list(self._sensitive)

    @property
    def deposed(self) -> str | None:
        """The key of the deposed object of an interrupted replacement. None: the change is of the resource itself."""
        return str(self._raw["deposed"]) if self._raw.get("deposed") else None

    @property
    def moved_from(self) -> str | None:
        """The previous address. None: unchanged."""
        before = self._raw.get("previous_address")
        return str(before) if before and before != self.address else None

    @property
    def imports(self) -> str | None:
        """The id of the imported object. None: not imported."""
        importing = self._change.get("importing")
        if importing is None:
            return None
        return str(_mapping(importing).get("id") or Mark.UNKNOWN.value)

    @property
    def reason(self) -> str:
        """Terraform's `action_reason`, such as `replace_because_tainted`. Empty: none is given."""
        return str(self._raw.get("action_reason") or "")

    @property
    def forced_by(self) -> tuple[str, ...]:
        """The attributes that force a replacement, such as `ebs_block_device[0].encrypted`."""
        found = self._change.get("replace_paths")
        paths = found if isinstance(found, list) else []
        return tuple(dict.fromkeys(_path_in_words(path) for path in paths if isinstance(path, list)))

    def old(self, path: str) -> Any:  # noqa: ANN401  a resource's value
        """The present value at `path`, such as `versioning_configuration.0.status`. None: not set."""
        return _walk(self._before, path) if "." in path else self.before.get(path)

    def new(self, path: str) -> Any:  # noqa: ANN401
        """The planned value at `path`. None: not set. UNKNOWN: known after apply."""
        if self._unknown and _is_marked(self._unknown, path):
            return UNKNOWN
        return _walk(self._after, path) if "." in path else self.after.get(path)

    def has_any(self, names: frozenset[str]) -> bool:
        """True if any of the top-level attributes `names` is part of the plan."""
        sides = (self.before, self.after, _mapping(self._unknown))
        return not all(names.isdisjoint(each) for each in sides)

    def differs(self, path: str) -> bool:
        """True if the value at `path` changes or may change."""
        after = self.new(path)
        return after is UNKNOWN or self.old(path) != after

    def changed_attributes(self) -> Iterator[str]:
        """The top-level attributes that change or may change."""
        unknown = _mapping(self._unknown)
        after = self.after
        for name, value in self.before.items():
            if value != after.get(name) or _any_true(unknown.get(name)):
                yield name
        for name in (*after, *unknown):
            if name not in self.before and (after.get(name) is not None or _any_true(unknown.get(name))):
                yield name

    def is_sensitive(self, path: str) -> bool:
        """True if the value at `path`, or a part of it, is sensitive."""
        return bool(self._sensitive) and any(
            _is_marked(marks, path) or _any_true(_walk(marks, path)) for marks in self._sensitive
        )

    def shown(self, path: str) -> str:
        """The present and the planned value at `path`, in words."""
        if self.is_sensitive(path):
            return f"({Mark.SENSITIVE.value})"
        return f"from {_in_words(self.old(path))} to {_in_words(self.new(path))}"

    def name(self, *paths: str) -> str:
        """The quoted name of the resource: the first value of `paths` that is set and not sensitive, else the address.

        The present name is preferred to the planned one.
        """
        for path in paths:
            for value in (self.old(path), self.new(path)):
                if isinstance(value, str) and value and not self.is_sensitive(path):
                    return quoted(value)
        return quoted(self.address)


def items(value: object) -> Sequence[Any]:
    """The elements of a list. Empty if the value is not a list."""
    return value if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """The value as a number, which providers also write as text. None: not a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _EMPTY


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _walk(value: Any, path: str) -> Any:  # noqa: ANN401
    for step in _steps(path):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _is_marked(marks: Any, path: str) -> bool:  # noqa: ANN401
    """True if `marks` is true at `path` or at one of its parents."""
    if "." not in path and isinstance(marks, dict):
        return marks.get(path) is True
    for step in _steps(path):
        if marks is True:
            return True
        if isinstance(marks, dict):
            marks = marks.get(step)
        elif isinstance(marks, list) and step.isdecimal() and int(step) < len(marks):
            marks = marks[int(step)]
        else:
            return False
    return marks is True


def _any_true(marks: Any) -> bool:  # noqa: ANN401
    if not isinstance(marks, (dict, list)):
        return marks is True
    for each in marks.values() if isinstance(marks, dict) else marks:
        # Most marks are false or empty.
        if each and (each is True or _any_true(each)):
            return True
    return False


def _in_words(value: object) -> str:
    if isinstance(value, Mark):
        return value.value
    return "(not set)" if value is None or value == "" else quoted(value)


def _path_in_words(path: list[Any]) -> str:
    words = ""
    for step in path:
        words += f"[{step}]" if isinstance(step, int) else f".{step}" if words else str(step)
    return words
