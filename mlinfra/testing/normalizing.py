"""Stacks without what depends on versions, machines and the sources of programs."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTES: Final = "//"
"""The key of the notes that cdktf writes about itself."""
_DIGEST: Final = re.compile(r"\b[0-9A-Fa-f]{32,64}\b")
_LONGEST_TEXT: Final = 500
"""The length from which a value without spaces is a part of a program, which has tests of its own."""
_PROGRAM: Final = "a part of a program"
_OF_FILES: Final = frozenset({"filename", "source_code_hash", "source_hash", "etag"})
"""Attributes that change with the content of a file."""


def normalized(document: Mapping[str, Any]) -> dict[str, Any]:
    """A stack for a snapshot: without notes of cdktf, with policies and scripts as text, without digests of files.

    The same constructs give the same result with all versions of cdktf and Python, on every machine.

    Args:
        document: the stack as Terraform JSON.
    """
    return {key: _plain(value, key) for key, value in sorted(document.items()) if key != _NOTES}


def without_notes(values: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a resource, without the notes of cdktf."""
    return {name: value for name, value in values.items() if name != _NOTES}


def _plain(value: Any, name: str) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in sorted(value.items()) if key != _NOTES}
    if isinstance(value, list):
        return [_plain(inner, name) for inner in value]
    return _text(value, name) if isinstance(value, str) else value


def _text(value: str, name: str) -> Any:  # noqa: ANN401  lines, a document or a text
    if name == "user_data":
        return _script(value)
    if name in _OF_FILES:
        return "a digest or path of a file"
    if value.startswith(("{", "[")):
        with suppress(ValueError):
            return json.loads(value)
    if len(value) > _LONGEST_TEXT and " " not in value:
        return _PROGRAM
    return _DIGEST.sub("DIGEST", value)


def _script(encoded: str) -> Any:  # noqa: ANN401  lines, or the text of an expression
    try:
        return base64.b64decode(encoded, validate=True).decode().splitlines()
    except ValueError:
        return encoded.splitlines()
