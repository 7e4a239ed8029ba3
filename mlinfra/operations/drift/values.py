"""Two values of one attribute compared by what they say, not by how they are written.

Lists are compared by content, policies as IAM reads them, and what is sensitive is never shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SENSITIVE = "(sensitive value)"
OTHER_SENSITIVE = "(another sensitive value)"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TELLING_KEY = re.compile(
    r"passw(or)?d|secret|token|api_?key|private_?key|access_?key|credential|connection_?string", re.IGNORECASE
)
_NAMES_ONLY = re.compile(r"(arns?|name|ids?|version|type|enabled|days|seconds|tokens)$", re.IGNORECASE)
_IDENTITIES = ("Sid", "sid", "key", "name", "id", "rule_id")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True)
class _Hidden:
    """A value that can be compared and not be read."""

    _value: str

    def __repr__(self) -> str:
        return SENSITIVE


@dataclass(frozen=True)
class ValueChange:
    """What differs at one path."""

    path: str
    before: Any
    after: Any


def differences(name: str, before: Any, after: Any, *, sensitive: Sequence[Any] = ()) -> Iterator[ValueChange]:  # noqa: ANN401  any JSON
    """What differs between two values of the attribute `name`, by the path of what differs.

    Args:
        name: the attribute, the beginning of every path.
        before: its value before, as in Terraform's JSON.
        after: its value now.
        sensitive: what Terraform says is sensitive in them: `true`, or the same shape with `true` inside.
    """
    for marks in sensitive:
        before, after = _hide(before, marks), _hide(after, marks)
    for path, old, new in _compare(name, _hide_telling(name, before), _hide_telling(name, after)):
        if isinstance(old, _Hidden) and isinstance(new, _Hidden):
            yield ValueChange(path, SENSITIVE, OTHER_SENSITIVE)
        else:
            yield ValueChange(path, _shown(old), _shown(new))


def is_empty(value: Any) -> bool:  # noqa: ANN401
    """Whether a value says nothing: null, an empty text, list or block, false, or 0."""
    return value is None or value is False or value in ("", 0) or (isinstance(value, (list, dict)) and not value)


def _compare(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    if _same(before, after):
        return
    if isinstance(before, str) and isinstance(after, str):
        old, new = _document(before), _document(after)
        if old is not None and new is not None:
            yield from _compare(path, old, new)
            return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _compare(_below(path, key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after)
    else:
        yield path, before, after


def _same(before: Any, after: Any) -> bool:  # noqa: ANN401
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return True
    # The provider writes null at first and an empty value, false or 0 after the next refresh.
    if before is None or after is None:
        return is_empty(before) and is_empty(after)
    return is_empty(before) and is_empty(after) and not isinstance(before, bool) and not isinstance(after, bool)


def _compare_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    gone, come = _without_common(before, after)
    if not gone and not come:
        # A set has one order in Terraform's JSON: in another order it is a list, where that may matter.
        yield path, before, after
        return
    if identity := _identity(before, after):
        old, new = ({each[identity]: each for each in side} for side in (before, after))
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(f"{path}[{json.dumps(key)}]", old.get(key), new.get(key))
    elif len(gone) == len(come) and all(isinstance(each, dict) for each in (*gone, *come)):
        for old, new in zip(gone, come, strict=True):
            yield from _compare(f"{path}[{after.index(new)}]", old, new)
    elif all(isinstance(each, dict) for each in (*gone, *come)):
        for old in gone:
            yield path, old, None
        for new in come:
            yield path, None, new
    else:
        yield path, before, after


def _without_common(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any]]:
    """What only `before` and what only `after` has, in the order there."""
    common = Counter(map(_canonical, before)) & Counter(map(_canonical, after))
    left = []
    for side in (before, after):
        rest, other = common.copy(), []
        for each in side:
            if rest[_canonical(each)]:
                rest[_canonical(each)] -= 1
            else:
                other.append(each)
        left.append(other)
    return left[0], left[1]


def _canonical(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, sort_keys=True, default=lambda hidden: f"hidden {hidden._value}")  # noqa: SLF001


def _identity(before: list[Any], after: list[Any]) -> str | None:
    """The key that tells the elements of both lists apart, where there is one."""
    if not all(isinstance(each, dict) for each in (*before, *after)):
        return None
    for key in _IDENTITIES:
        values = [[each.get(key) for each in side] for side in (before, after)]
        if all(isinstance(value, str) and value for side in values for value in side) and all(
            len(set(side)) == len(side) for side in values
        ):
            return key
    return None


def _document(text: str) -> Any:  # noqa: ANN401
    """What a text of JSON says, policies as IAM reads them; None where it is no document."""
    if text and text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = json.loads(text) if text else {}
    except ValueError:
        return None
    if isinstance(document, dict) and "Statement" in document:
        document = _policy(document)
    return _hide_telling("", document)


def _policy(document: Mapping[str, Any]) -> dict[str, Any]:
    statements = _as_list(document["Statement"])
    return {**document, "Statement": [_statement(each) if isinstance(each, dict) else each for each in statements]}


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement in which one value and a list of one are the same, as they are to IAM."""
    written: dict[str, Any] = {}
    for key, value in statement.items():
        match key:
            case "Action" | "NotAction" | "Resource" | "NotResource":
                written[key] = _as_set(value)
            case "Principal" | "NotPrincipal" if isinstance(value, dict):
                written[key] = {kind: _as_set(map(_principal, _as_list(names))) for kind, names in value.items()}
            case "Condition" if isinstance(value, dict):
                written[key] = {
                    operator: {name: _as_set(map(_text, _as_list(wanted))) for name, wanted in tests.items()}
                    for operator, tests in value.items()
                }
            case _:
                written[key] = value
    return written


def _principal(name: Any) -> Any:  # noqa: ANN401
    """IAM gives an account's number back as the ARN of its root."""
    is_account = isinstance(name, str) and _ACCOUNT.fullmatch(name)
    return f"arn:aws:iam::{name}:root" if is_account else name


def _text(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]


def _as_set(values: Any) -> list[Any]:  # noqa: ANN401
    return sorted(set(_as_list(values) if isinstance(values, (str, list)) else values), key=str)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if _IDENTIFIER.fullmatch(key) else f"{path}[{json.dumps(key)}]"


def _hide(value: Any, marks: Any) -> Any:  # noqa: ANN401
    """`value` with what `marks` calls sensitive hidden. In a list, what is so in one element is so in all."""
    if isinstance(value, _Hidden) or is_empty(value) or not marks:
        return value
    if marks is True:
        return _Hidden(_canonical(value))
    if isinstance(value, dict) and isinstance(marks, dict):
        return {key: _hide(each, marks.get(key)) for key, each in value.items()}
    if isinstance(value, list) and isinstance(marks, list):
        hidden = value
        for each_mark in marks:
            hidden = [_hide(each, each_mark) for each in hidden]
        return hidden
    return value


def _hide_telling(key: str, value: Any) -> Any:  # noqa: ANN401
    """`value` with texts hidden whose key says that they are secret, such as a variable API_TOKEN."""
    if isinstance(value, dict):
        return {name: _hide_telling(name, each) for name, each in value.items()}
    if isinstance(value, list):
        named = [
            {**each, "value": _hide_telling(str(each["name"]), each["value"])}
            if isinstance(each, dict) and "name" in each and "value" in each
            else each
            for each in value
        ]
        return [_hide_telling(key, each) for each in named]
    if isinstance(value, str) and value and _TELLING_KEY.search(key) and not _NAMES_ONLY.search(key):
        return _Hidden(_canonical(value))
    return value


def _shown(value: Any) -> Any:  # noqa: ANN401
    """`value` as it may be shown."""
    if isinstance(value, _Hidden):
        return SENSITIVE
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return value
