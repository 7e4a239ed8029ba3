"""Records that commands write beside the declarations, as JSON that is sorted and read in review."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = 1


def entries_of(path: Path, key: str) -> list[dict[str, Any]]:
    """The entries below `key` in the record at `path`; none if the file does not exist.

    Raises:
        DeclarationError: if the file is not a valid record.
    """
    subject = f"environments/{path.name}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        problem = f"it cannot be read ({error}), as after a merge. Restore the file that mlinfra wrote."
        raise DeclarationError(subject, [problem]) from None
    if not isinstance(document, dict) or document.get("version") != _FORMAT:
        raise DeclarationError(subject, [f"its version is not {_FORMAT}. Expected: a file that mlinfra wrote."])
    entries = document.get(key)
    unknown = sorted(document.keys() - {"version", key})
    if unknown or not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        problem = f"it contains {', '.join(document)}. Expected: version, and {key}, a list of objects."
        raise DeclarationError(subject, [problem])
    return entries


def text_of(key: str, entries: list[dict[str, Any]]) -> str:
    """The record with `entries` below `key` as text."""
    return json.dumps({"version": _FORMAT, key: entries}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` atomically: a reader sees the old or the new file, never a part of one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
