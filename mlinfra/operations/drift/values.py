"""Comparison of two values of an attribute by their meaning.

Lists are compared by content, policies as IAM evaluates them. Sensitive values are never shown.
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
OTHER_SENSITIVE = "(different sensitive value)"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SECRET_KEY = re.compile(
    r"passw(or)?d|secret|token|api_?key|private_?key|access_?key|credential|connection_?string", re.IGNORECASE
)
_NAMES_ONLY = re.compile(r"(arns?|name|ids?|version|type|enabled|days|seconds|tokens)$", re.IGNORECASE)
_IDENTITIES = ("Sid", "sid", "key", "name", "id", "rule_id")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True)
class _Hidden:
    """A value that can be compared, but not shown."""

    _value: str

    def __repr__(self) -> str:
        return SENSITIVE


@dataclass(frozen=True)
class ValueChange:
    """The difference at one path."""

    path: str
    before: Any
    after: Any


def differences(name: str, before: Any, after: Any, *, sensitive: Sequence[Any] = ()) -> Iterator[ValueChange]:  # noqa: ANN401  any JSON
    """Compare two values of the attribute `name`, and return the differences with their paths.

    Args:
        name: the attribute, which is the beginning of all paths.
        before: the value before, as in Terraform's JSON.
        after: the value now.
        sensitive: Terraform's marks of sensitive values: `true`, or the same structure with `true` inside.
    """
    for marks in sensitive:
        before, after = _hide(before, marks), _hide(after, marks)
    for path, old, new in _compare(name, _hide_secrets(name, before), _hide_secrets(name, after)):
        if isinstance(old, _Hidden) and isinstance(new, _Hidden):
            yield ValueChange(path, SENSITIVE, OTHER_SENSITIVE)
        else:
            yield ValueChange(path, _shown(old), _shown(new))


def is_empty(value: Any) -> bool:  # noqa: ANN401
    """True for null, an empty text, list or block, false, and 0."""
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
    # The provider writes null at first, and an empty value, false or 0 after the next refresh.
    if before is None or after is None:
        return is_empty(before) and is_empty(after)
    return is_empty(before) and is_empty(after) and not isinstance(before, bool) and not isinstance(after, bool)


def _compare_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    removed, added = _without_common(before, after)
    if not removed and not added:
        # Sets are sorted in Terraform's JSON. Another order means a list, of which the order may matter.
        yield path, before, after
        return
    if identity := _identity(before, after):
        old, new = ({each[identity]: each for each in side} for side in (before, after))
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(f"{path}[{json.dumps(key)}]", old.get(key), new.get(key))
    elif len(removed) == len(added) and all(isinstance(each, dict) for each in (*removed, *added)):
        for old, new in zip(removed, added, strict=True):
            yield from _compare(f"{path}[{after.index(new)}]", old, new)
    elif all(isinstance(each, dict) for each in (*removed, *added)):
        for old in removed:
            yield path, old, None
        for new in added:
            yield path, None, new
    else:
        yield path, before, after


def _without_common(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any]]:
    """Elements that are only in `before`, and only in `after`, in their order."""
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
    """A key that identifies the elements of both lists. None: no key does."""
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
    """Parse a JSON document, and normalize policies. None: the text is not a document."""
    if text and text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = json.loads(text) if text else {}
    except ValueError:
        return None
    if isinstance(document, dict) and "Statement" in document:
        document = _policy(document)
    return _hide_secrets("", document)


def _policy(document: Mapping[str, Any]) -> dict[str, Any]:
    statements = _as_list(document["Statement"])
    return {**document, "Statement": [_statement(each) if isinstance(each, dict) else each for each in statements]}


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Normalize a statement: for IAM, one value and a list of one are the same."""
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
    """Normalize a principal: IAM returns the number of an account as the ARN of its root."""
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
    """Hide values that `marks` marks as sensitive. In lists, the marks of one element apply to all."""
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


def _hide_secrets(key: str, value: Any) -> Any:  # noqa: ANN401
    """Hide texts with a secret's key, such as a variable API_TOKEN."""
    if isinstance(value, dict):
        return {name: _hide_secrets(name, each) for name, each in value.items()}
    if isinstance(value, list):
        named = [
            {**each, "value": _hide_secrets(str(each["name"]), each["value"])}
            if isinstance(each, dict) and "name" in each and "value" in each
            else each
            for each in value
        ]
        return [_hide_secrets(key, each) for each in named]
    if isinstance(value, str) and value and _SECRET_KEY.search(key) and not _NAMES_ONLY.search(key):
        return _Hidden(_canonical(value))
    return value


def _shown(value: Any) -> Any:  # noqa: ANN401
    """Replace hidden values by a placeholder."""
    if isinstance(value, _Hidden):
        return SENSITIVE
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return value
