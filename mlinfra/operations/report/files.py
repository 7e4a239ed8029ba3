"""Results of other commands, read from the JSON files that they wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MEMBERS: Final[Mapping[str, Mapping[str, type | tuple[type, ...]]]] = {
    "drift": {"environment": str, "created": str, "stacks": list},
    "audit": {"items": list, "failed_regions": list, "as_of": str},
    "review": {"findings": list, "stacks": list},
}
"""The members that the report needs, by the command that writes the file."""


def read_result(path: Path, command: str) -> dict[str, Any]:
    """The JSON that a command wrote to a file.

    Args:
        path: the file.
        command: drift, audit or review.

    Raises:
        OperationError: if the file cannot be read, or another command wrote it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise OperationError(message) from error
    except ValueError as error:
        message = f"{path} is not JSON: {error}. Expected: the output of mlinfra {command} --json."
        raise OperationError(message) from error
    members = _MEMBERS[command]
    if not isinstance(found, dict) or any(not isinstance(found.get(name), kind) for name, kind in members.items()):
        message = (
            f"{path} was not written by mlinfra {command}. Expected: the output of mlinfra {command} --json, with "
            f"{', '.join(members)}."
        )
        raise OperationError(message)
    return found
