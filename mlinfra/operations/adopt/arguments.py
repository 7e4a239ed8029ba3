"""From what AWS has to the arguments that say so, by the provider's own schema."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.adopt.kinds import Kind

Values = dict[str, Any]

_NEVER = frozenset({"id", "tags_all", "timeouts"})
"""What no resource takes: its id, the provider's own view of the tags, and how long Terraform waits."""

_SECRET = "it is a secret, and secrets are never written"  # noqa: S105  a sentence
_OLD = "deprecated in the provider, so it stays as it is, unmanaged"


@dataclass
class Arguments:
    """What is written, and what is not."""

    written: Values = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Why something that AWS has is not written, by its path such as `launch_template[].name`."""


def arguments_of(
    values: Mapping[str, Any], sensitive: Mapping[str, Any], block: Mapping[str, Any], kind: Kind
) -> Arguments:
    """The arguments that make Terraform want what AWS has.

    Args:
        values: every attribute of the resource, as Terraform read it.
        sensitive: which of them are secrets, in the shape of `values`, as Terraform's JSON has it.
        block: the schema of the resource type, `block` of `terraform providers schema -json`.
        kind: what is known besides.
    """
    writer = _Writer(kind)
    return Arguments(writer.block(values, sensitive, block, ""), writer.left_out)


class _Writer:
    """Writes one resource, and remembers what it left out."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.left_out: dict[str, str] = {}

    def block(self, values: Mapping[str, Any], sensitive: object, block: Mapping[str, Any], path: str) -> Values:
        """The arguments of a block, and of those in it.

        Args:
            values: what AWS has.
            sensitive: which values are secrets, in the shape of `values`; anything else where none is.
            block: the schema.
            path: what paths of what is in it begin with.
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
    """Whether the value says nothing: not there, empty, or a zero where AWS decides when nothing is said.

    A zero or False elsewhere may differ from the default of the argument, so it is written.
    """
    if value is None or value == "" or (isinstance(value, list | dict) and not value):
        return True
    is_zero = value == 0 and not isinstance(value, bool)
    return is_zero and bool(schema.get("computed"))


_CONFLICT = re.compile(r'^"(?P<path>[\w.]+)": conflicts with (?P<other>[\w.]+)', re.MULTILINE)


def conflicts(error: str, address: str) -> Iterator[tuple[str, str]]:
    """Which arguments of `address` Terraform does not take together, each pair once, as `a.0.b` and `a.0.c`.

    Args:
        error: what Terraform said.
        address: whose arguments.
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
    """`arguments` without what stands at `path`, such as `launch_template.0.name`."""
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


def may_be_left_out(block: Mapping[str, Any], path: str) -> bool:
    """Whether the argument at `path` may be left out, and AWS then keeps what it has: it is optional and computed."""
    first, _, rest = path.partition(".")
    schema = block.get("attributes", {}).get(first)
    if schema is not None:
        return not rest and bool(schema.get("optional") and schema.get("computed"))
    nested = block.get("block_types", {}).get(first)
    return nested is not None and may_be_left_out(nested["block"], rest.partition(".")[2])
