"""Git repositories of tests."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.com",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str) -> str:
    """The output of a git command."""
    ended = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],  # noqa: S607
        cwd=folder,
        env=os.environ | _IDENTITY,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def write(folder: Path, **files: str) -> None:
    """Write files; `__` in a name is a slash, and the end `_py` is `.py`."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def a_repository(folder: Path) -> Path:
    """A repository with one commit: training/train.py, and an ignored file."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, training__train_py="print('hello')\n", notes_txt="ignored\n")
    (folder / ".gitignore").write_text("notes.txt\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Start")
    return folder
