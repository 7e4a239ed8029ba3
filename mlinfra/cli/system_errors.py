"""Messages for errors of the user's machine: a full disk, a missing permission, a file in place of a folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_log_path, user_state_path

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def system_error_message(error: OSError) -> str:
    """One sentence about the file, the problem and the remedy."""
    path = Path(os.fsdecode(error.filename)) if error.filename is not None else None
    reason = error.strerror or str(error) or type(error).__name__
    subject = f"{path}: {reason}" if path else reason
    if error.errno in _FULL:
        folder = path.parent if path else Path.cwd()
        return f"The disk is full ({subject}). Free space on the file system of {folder}, and run the command again."
    if path and (sentence := _about_path(path, subject, error)):
        return sentence
    if error.errno in _DENIED:
        return f"Access was denied ({subject}). Change the permissions of the file or folder, and run it again."
    return f"The operating system reported an error ({subject}). Correct it, and run the command again."


def _about_path(path: Path, subject: str, error: OSError) -> str | None:
    if own := _own_folder(path):
        variable, name, folder = own
        return (
            f"mlinfra cannot use its {name} folder {folder} ({subject}). Make it writable, or set {variable} to a "
            f"folder that is writable."
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return f"{_file_in_the_way(path)} is a file, and a folder is required there. Move it away, and run it again."
    if error.errno == errno.EISDIR:
        return f"{path} is a folder, and a file is required there. Move it away, and run the command again."
    if isinstance(error, FileNotFoundError) and "/" not in str(path):
        return f"The program {str(path)!r} is required, and it is not on the PATH. Install it, and run it again."
    return None


def home_error_message() -> str:
    """The sentence for a user without a home folder."""
    return "The home folder of the current user is unknown. Set HOME to a folder that is writable."


def _own_folder(path: Path) -> tuple[str, str, Path] | None:
    for variable, name, folder in (
        ("XDG_STATE_HOME", "state", user_state_path("mlinfra")),
        ("XDG_STATE_HOME", "log", user_log_path("mlinfra")),
        ("XDG_CACHE_HOME", "cache", user_cache_path("mlinfra")),
    ):
        # A folder above it may be what is not writable.
        if path.is_relative_to(folder) or folder.is_relative_to(path):
            return variable, name, folder
    return None


def _file_in_the_way(path: Path) -> Path:
    """The file among `path` and the folders above it."""
    return next((each for each in (path, *path.parents) if each.exists() and not each.is_dir()), path)
