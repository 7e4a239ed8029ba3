"""Parameters of the AWS CLI, by botocore's model of the operation.

Source: AWS CLI user guide, "Structure of the AWS CLI commands", "Specifying parameter values in the AWS CLI" and "Using
shorthand syntax with the AWS CLI", read 2026-11-29. Nested shorthand is not supported: JSON is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_GLOBAL_WITH_VALUE: Final = ("--region", "--output", "--query", "--profile", "--endpoint-url", "--color")
_GLOBAL: Final = ("--no-paginate", "--no-cli-pager", "--no-verify-ssl", "--debug")


class UsageError(Exception):
    """A command line that the AWS CLI refuses with status 252."""


def global_options(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The options that every command has, by name without hyphens, and the other arguments.

    Raises:
        UsageError: if an option lacks its value.
    """
    found: dict[str, str] = {}
    others: list[str] = []
    remaining = list(arguments)
    while remaining:
        argument = remaining.pop(0)
        name, equals, value = argument.partition("=")
        if name in _GLOBAL_WITH_VALUE:
            if not equals and not remaining:
                raise UsageError(f"argument {name}: expected one argument")  # noqa: EM102, TRY003
            found[name[2:]] = value if equals else remaining.pop(0)
        elif argument in _GLOBAL:
            found[argument[2:]] = ""
        else:
            others.append(argument)
    return found, others


def parameters(operation: Any, arguments: Sequence[str], read: Callable[[str], Path]) -> dict[str, Any]:  # noqa: ANN401
    """The parameters of an operation in the form of boto3.

    Args:
        operation: botocore's model of the operation.
        arguments: the options and their values.
        read: returns the path of a file that a value such as `file://settings.json` names.

    Raises:
        UsageError: if an option is unknown, a value is invalid, or a required one is missing.
    """
    shape = operation.input_shape
    members = {f"--{xform_name(name, '-')}": name for name in shape.members} if shape else {}
    found: dict[str, Any] = {}
    remaining = list(arguments)
    while remaining:
        option = remaining.pop(0)
        values: list[str] = []
        if "=" in option and option.partition("=")[0] in members:
            option, _, value = option.partition("=")
            values.append(value)
        while remaining and not remaining[0].startswith("--"):
            values.append(remaining.pop(0))
        if option == "--cli-input-json":
            found = {**json.loads(_text(values[0], read)), **found}
            continue
        positive = option.replace("--no-", "--", 1)
        if option not in members and positive in members and shape.members[members[positive]].type_name == "boolean":
            found[members[positive]] = False
            continue
        if option not in members:
            raise UsageError(f"Unknown options: {option}")  # noqa: EM102, TRY003
        name = members[option]
        found[name] = _value(shape.members[name], [_text(each, read) for each in values], option)
    missing = [each for each in (shape.required_members if shape else ()) if each not in found]
    if missing:
        options = ", ".join(f"--{xform_name(each, '-')}" for each in missing)
        raise UsageError(f"the following arguments are required: {options}")  # noqa: EM102, TRY003
    return found


def _text(value: str, read: Callable[[str], Path]) -> str:
    for scheme in ("file://", "fileb://"):
        if value.startswith(scheme):
            return read(value.removeprefix(scheme)).read_text(encoding="utf-8")
    return value


def _value(shape: Any, values: list[str], option: str) -> Any:  # noqa: ANN401  botocore's shapes are untyped
    kind = shape.type_name
    if kind == "boolean" and not values:
        return True
    if not values:
        raise UsageError(f"argument {option}: expected one argument")  # noqa: EM102, TRY003
    if kind in {"structure", "map", "list"} and values[0].lstrip().startswith(("{", "[")):
        return _as_json(values, option, is_list=kind == "list")
    if kind == "list":
        return [_shorthand(shape.member, each, option) for each in values]
    if len(values) > 1:
        raise UsageError(f"Unknown options: {', '.join(values[1:])}")  # noqa: EM102, TRY003
    return _shorthand(shape, values[0], option)


def _as_json(values: list[str], option: str, *, is_list: bool) -> Any:  # noqa: ANN401  a JSON value
    try:
        parsed = [json.loads(each) for each in values]
    except ValueError as error:
        raise UsageError(f"Error parsing parameter '{option}': Invalid JSON: {error}") from None  # noqa: EM102, TRY003
    if is_list and not isinstance(parsed[0], list):
        return parsed
    return parsed[0]


def _shorthand(shape: Any, value: str, option: str) -> Any:  # noqa: ANN401
    kind = shape.type_name
    if kind not in {"structure", "map"}:
        return _scalar(kind, value, option)
    found = {}
    for part in value.split(","):
        name, equals, text = part.partition("=")
        if not equals:
            raise UsageError(f"Error parsing parameter '{option}': Expected: '=', received: '{part}'")  # noqa: EM102, TRY003
        member = shape.value if kind == "map" else shape.members.get(name)
        if member is None:
            raise UsageError(f"Error parsing parameter '{option}': Unknown parameter '{name}'")  # noqa: EM102, TRY003
        is_list = member.type_name == "list"
        found[name] = [_scalar(member.member.type_name, text, option)] if is_list else _shorthand(member, text, option)
    return found


def _scalar(kind: str, value: str, option: str) -> Any:  # noqa: ANN401
    try:
        if kind in {"integer", "long"}:
            return int(value)
        if kind in {"float", "double"}:
            return float(value)
    except ValueError:
        raise UsageError(f"argument {option}: invalid literal for {kind}: '{value}'") from None  # noqa: EM102, TRY003
    if kind == "boolean":
        return value.lower() == "true"
    return value.encode() if kind == "blob" else value
