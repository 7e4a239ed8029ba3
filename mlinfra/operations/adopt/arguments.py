"""Conversion of a resource's values into Terraform arguments, with the schema of the provider."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.adopt.kinds import Kind

Values = dict[str, Any]

_NEVER = frozenset({"id", "tags_all", "timeouts"})
"""Attributes that are never arguments: the id, all tags including default tags, and timeouts."""

_SECRET = "the value is sensitive, and sensitive values are never recorded"  # noqa: S105  a sentence
_OLD = "the argument is deprecated in the provider; it stays unchanged and unmanaged"


@dataclass
class Arguments:
    """Recorded arguments, and those that are left out."""

    written: Values = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """The reason for each omission, by path, such as `launch_template[].name`."""


def arguments_of(
    values: Mapping[str, Any], sensitive: Mapping[str, Any], block: Mapping[str, Any], kind: Kind
) -> Arguments:
    """Determine the arguments that describe a resource as it exists in AWS.

    Args:
        values: all attributes of the resource, as read by Terraform.
        sensitive: marks of sensitive values, with the structure of `values`, as in Terraform's JSON.
        block: the schema of the resource type, `block` of `terraform providers schema -json`.
        kind: additional rules for the type.
    """
    writer = _Writer(kind)
    return Arguments(writer.block(values, sensitive, block, ""), writer.left_out)


class _Writer:
    """Determines the arguments of one resource, and collects omissions."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.left_out: dict[str, str] = {}

    def block(self, values: Mapping[str, Any], sensitive: object, block: Mapping[str, Any], path: str) -> Values:
        """The arguments of a block and of its nested blocks.

        Args:
            values: the values in AWS.
            sensitive: marks of sensitive values, with the structure of `values`. Any other structure: none.
            block: the schema.
            path: the prefix of paths in the block.
        """
        secrets = sensitive if isinstance(sensitive, dict) else {}
        written: Values = {}
        for name, schema in block.get("attributes", {}).items():
            if self._is_written(path + name, values.get(name), schema, is_secret=secrets.get(name) is True):
                written[name] = values[name]
        for name, nested in block.get("block_types", {}).items():
            if inner := self._nested(values.get(name), secrets.get(name), nested["block"], path + name):
                written[name] = inner
        return written

    def _is_written(self, where: str, value: Any, schema: Mapping[str, Any], *, is_secret: bool) -> bool:  # noqa: ANN401
        if where in _NEVER or where.endswith(".tags_all") or not (schema.get("optional") or schema.get("required")):
            return False
        if _is_unset(value, schema):
            return bool(value == [] and where in self._kind.kept_empty)
        reason = _SECRET if is_secret or schema.get("sensitive") else self._reason(where, schema)
        if reason:
            self.left_out[where] = reason
        return not reason

    def _nested(self, value: Any, sensitive: object, block: Mapping[str, Any], where: str) -> list[Values]:  # noqa: ANN401
        if where in _NEVER or not value:
            return []
        if reason := self._reason(where, block):
            self.left_out[where] = reason
            return []
        many = value if isinstance(value, list) else [value]
        marks = sensitive if isinstance(sensitive, list) and len(sensitive) == len(many) else [sensitive] * len(many)
        inner = [self.block(each, mark, block, f"{where}[].") for each, mark in zip(many, marks, strict=True)]
        return [each for each in inner if each]

    def _reason(self, where: str, schema: Mapping[str, Any]) -> str:
        return self._kind.left_out.get(where) or (_OLD if schema.get("deprecated") else "")


def _is_unset(value: Any, schema: Mapping[str, Any]) -> bool:  # noqa: ANN401  values of any type
    """True for missing and empty values, and for a zero if AWS determines the value of an unset argument.

    Any other zero or False may differ from the default of the argument, and is recorded.
    """
    if value is None or value == "" or (isinstance(value, list | dict) and not value):
        return True
    is_zero = value == 0 and not isinstance(value, bool)
    return is_zero and bool(schema.get("computed"))


_CONFLICT = re.compile(r'^"(?P<path>[\w.]+)": conflicts with (?P<other>[\w.]+)', re.MULTILINE)


def conflicts(error: str, address: str) -> Iterator[tuple[str, str]]:
    """Unique pairs of conflicting arguments of `address`, such as `a.0.b` and `a.0.c`.

    Args:
        error: the error message of Terraform.
        address: the address of the resource.
    """
    seen: set[frozenset[str]] = set()
    for diagnostic in error.split("Error: "):
        if f"with {address}," not in diagnostic:
            continue
        for match in _CONFLICT.finditer(diagnostic):
            pair = frozenset(match.groups())
            if pair not in seen:
                seen.add(pair)
                yield match["path"], match["other"]


def without(arguments: Values, path: str) -> Values:
    """`arguments` without the value at `path`, such as `launch_template.0.name`."""
    first, _, rest = path.partition(".")
    if not rest:
        return {name: value for name, value in arguments.items() if name != first}
    index, _, deeper = rest.partition(".")
    nested = arguments.get(first)
    if not (isinstance(nested, list) and index.isdigit() and int(index) < len(nested)):
        return {name: value for name, value in arguments.items() if name != first}
    if not deeper or not isinstance(nested[int(index)], dict):
        shorter = [each for number, each in enumerate(nested) if number != int(index)]
    else:
        changed = without(nested[int(index)], deeper)
        shorter = [changed if number == int(index) else each for number, each in enumerate(nested)]
    return {**arguments, first: shorter}


def is_kept_if_unset(block: Mapping[str, Any], path: str) -> bool:
    """True if AWS keeps the value of the argument at `path` if it is unset: it is optional and computed."""
    first, _, rest = path.partition(".")
    schema = block.get("attributes", {}).get(first)
    if schema is not None:
        return not rest and bool(schema.get("optional") and schema.get("computed"))
    nested = block.get("block_types", {}).get(first)
    return nested is not None and is_kept_if_unset(nested["block"], rest.partition(".")[2])
