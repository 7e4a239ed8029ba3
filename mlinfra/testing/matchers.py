"""Matchers of values in a template: parts of objects, any value, absent values, captured values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MISSING: Final = object()
"""The found value of an attribute that does not exist."""


@dataclass(frozen=True)
class Mismatch:
    """A difference between an expected and a found value."""

    path: str
    """The place of the value, such as `.rule[0].status`. Empty: the whole."""
    expected: str
    found: str

    def __str__(self) -> str:
        """The difference as one line."""
        return f"{self.path or '(the whole)'}: expected {self.expected}, found {self.found}"


class Matcher:
    """A description of acceptable values."""

    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        """The differences between `found` and acceptable values. `found` is MISSING if there is no value."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Like(Matcher):
    expected: Any

    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        yield from _compare(self.expected, found, path, partly=True)


@dataclass(frozen=True)
class _Exactly(Matcher):
    expected: Any

    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        yield from _compare(self.expected, found, path, partly=False)


@dataclass(frozen=True)
class _AnyValue(Matcher):
    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        if found is MISSING or found is None:
            yield Mismatch(path, "any value", shown(found))


@dataclass(frozen=True)
class _Absent(Matcher):
    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        if found is not MISSING and found is not None:
            yield Mismatch(path, "no value", shown(found))


@dataclass(frozen=True)
class _Contains(Matcher):
    expected: tuple[Any, ...]

    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        if not isinstance(found, list):
            yield Mismatch(path, "a list", shown(found))
            return
        for each in self.expected:
            candidates = [list(_compare(each, one, f"{path}[{at}]", partly=True)) for at, one in enumerate(found)]
            if not any(not one for one in candidates):
                yield Mismatch(path, f"an element {shown(each)}", shown(found))


@dataclass(frozen=True)
class _JsonText(Matcher):
    expected: Any

    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        try:
            document = json.loads(found) if isinstance(found, str) else MISSING
        except ValueError:
            document = MISSING
        if document is MISSING:
            yield Mismatch(path, "a text with JSON", shown(found))
            return
        yield from _compare(self.expected, document, path, partly=True)


@dataclass
class Capture(Matcher):
    """Accepts any value and keeps it, for later assertions.

    `values` contains the value of each resource that matched, in their order. With `expected`, only values that match
    it are accepted.
    """

    expected: Any = field(default_factory=_AnyValue)
    values: list[Any] = field(default_factory=list)

    @property
    def value(self) -> Any:  # noqa: ANN401  any JSON
        """The captured value.

        Raises:
            AssertionError: if there is none, or more than one.
        """
        if len(self.values) != 1:
            message = f"{len(self.values)} values were captured, expected one: {shown(self.values)}"
            raise AssertionError(message)
        return self.values[0]

    def mismatches(self, found: object, path: str) -> Iterator[Mismatch]:
        """The differences between `found` and `expected`."""
        yield from _compare(self.expected, found, path, partly=True)


def like(expected: object) -> Matcher:
    """Accept objects with at least these attributes, at every depth. Lists must have the same length."""
    return _Like(expected)


def exactly(expected: object) -> Matcher:
    """Accept objects with these attributes and no others, at every depth."""
    return _Exactly(expected)


def any_value() -> Matcher:
    """Accept any value except null."""
    return _AnyValue()


def absent() -> Matcher:
    """Accept only a missing attribute, or null."""
    return _Absent()


def contains(*expected: object) -> Matcher:
    """Accept lists with an element like each of `expected`, in any order."""
    return _Contains(expected)


def json_text(expected: object) -> Matcher:
    """Accept a text with JSON like `expected`, such as a policy."""
    return _JsonText(expected)


def mismatches(expected: object, found: object, path: str = "") -> list[Mismatch]:
    """The differences between a value and what is expected of it: parts of objects, values or matchers.

    Args:
        expected: the expected value. Objects are compared as by `like`.
        found: the value.
        path: the place of the value. Default: the whole.
    """
    return list(_compare(expected, found, path, partly=True))


def captures(expected: object, found: Any) -> Iterator[tuple[Capture, Any]]:  # noqa: ANN401  any JSON
    """Each `Capture` in `expected`, with its value in `found`, which matches."""
    if isinstance(expected, Capture):
        yield expected, found
    elif isinstance(expected, (_Like, _Exactly)):
        yield from captures(expected.expected, found)
    elif isinstance(expected, _JsonText):
        yield from captures(expected.expected, json.loads(found))
    elif isinstance(expected, _Contains):
        for each in expected.expected:
            yield from captures(each, next(one for one in found if not mismatches(each, one)))
    elif isinstance(expected, dict) and isinstance(found, dict):
        for name, each in expected.items():
            yield from captures(each, found.get(name, MISSING))
    elif isinstance(expected, list) and isinstance(found, list):
        for each, one in zip(expected, found, strict=True):
            yield from captures(each, one)


def shown(value: object) -> str:
    """A value for a message: as JSON, shortened."""
    if value is MISSING:
        return "no value"
    if isinstance(value, Matcher):
        return _name(value)
    try:
        text = json.dumps(value, default=shown, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST: Final = 200


def _name(matcher: Matcher) -> str:
    if isinstance(matcher, (_Like, _Exactly, _JsonText)):
        return shown(matcher.expected)
    return {_AnyValue: "any value", _Absent: "no value"}.get(type(matcher), type(matcher).__name__.strip("_").lower())


def _compare(expected: object, found: object, path: str, *, partly: bool) -> Iterator[Mismatch]:
    if isinstance(expected, Matcher):
        yield from expected.mismatches(found, path)
    elif isinstance(expected, dict) and isinstance(found, dict):
        yield from _of_objects(expected, found, path, partly=partly)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for at, (each, one) in enumerate(zip(expected, found, strict=True)):
            yield from _compare(each, one, f"{path}[{at}]", partly=partly)
    elif expected is None and found is MISSING:
        return  # Terraform treats null as a missing attribute.
    elif (type(expected) is not type(found) and not _are_numbers(expected, found)) or expected != found:
        yield Mismatch(path, shown(expected), shown(found))


def _of_objects(
    expected: Mapping[str, Any], found: Mapping[str, Any], path: str, *, partly: bool
) -> Iterator[Mismatch]:
    for name, each in expected.items():
        yield from _compare(each, found.get(name, MISSING), f"{path}.{name}", partly=partly)
    if not partly:
        for name in found.keys() - expected.keys():
            yield Mismatch(f"{path}.{name}", "no value", shown(found[name]))


def _are_numbers(*values: object) -> bool:
    return all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values)
