"""Writing of a new project: all of its files, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.scaffold.rendering import ProjectFile

_EXECUTABLE: Final = 0o755
_PLAIN: Final = 0o644


@dataclass(frozen=True)
class Written:
    """The files of a new project."""

    created: tuple[str, ...]
    """Their paths in the project."""
    unchanged: tuple[str, ...]
    """Those that existed already with the same content."""


def write_project(files: Sequence[ProjectFile], folder: Path) -> Written:
    """Write the files of a project. No existing file is changed.

    Args:
        files: the files.
        folder: the folder of the project, which is created.

    Raises:
        OperationError: if files exist with another content, or something else exists at the path of a file or folder.
            Nothing is written then.
        OSError: if a file cannot be written. Those that were are removed again.
    """
    _require_free(files, folder)
    made: list[Path] = []
    unchanged: list[str] = []
    created: list[str] = []
    try:
        for each in files:
            path = folder / each.path
            if path.exists():
                unchanged.append(each.path)
                continue
            _make_folder(path.parent, made)
            # Exclusive: a file that another program has written meanwhile is not replaced.
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(each.text)
            path.chmod(_EXECUTABLE if each.is_executable else _PLAIN)
            created.append(each.path)
    except BaseException:
        _remove(made)
        raise
    return Written(tuple(created), tuple(unchanged))


def _require_free(files: Sequence[ProjectFile], folder: Path) -> None:
    conflicts = []
    for each in files:
        path = folder / each.path
        above = next((parent for parent in path.parents if parent.exists() or parent.is_symlink()), folder)
        if not above.is_dir():
            conflicts.append(f"{above} is not a folder")
        elif path.is_dir() or path.is_symlink():
            conflicts.append(f"{path} is not a file")
        elif path.exists() and path.read_bytes() != each.text.encode():
            conflicts.append(f"{path} exists with another content")
    if conflicts:
        count = len(set(conflicts))
        message = (
            f"Nothing was written to {folder}, because of {counted(count, 'conflict')}. Move the named "
            f"files, or choose another folder."
        )
        raise OperationError(message, details="\n".join(dict.fromkeys(conflicts)))


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Create a folder and those above it, and append those that did not exist to `made`."""
    for each in [*reversed(folder.parents), folder]:
        if not each.is_dir():
            each.mkdir()
            made.append(each)


def _remove(made: Sequence[Path]) -> None:
    for each in reversed(made):
        if each.is_dir():
            if not any(each.iterdir()):  # another program may have written into it
                each.rmdir()
        else:
            each.unlink(missing_ok=True)
