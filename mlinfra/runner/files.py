"""Files of a folder that a command wrote, as they can be uploaded.

The runner is root, and the folder belongs to the user of the command: links that lead out of the folder are not
followed, and only regular files are opened.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY_BYTES: Final = 1024
"""The maximum length of an object key in UTF-8. Source: S3 user guide, "Naming Amazon S3 objects", read 2026-11-29."""


@dataclass(frozen=True)
class FileVersion:
    """A regular file at one moment."""

    path: str
    """Relative to the folder, with slashes."""
    size: int
    modified_ns: int


@dataclass(frozen=True)
class Tree:
    """The content of a folder at one moment."""

    files: tuple[FileVersion, ...] = ()
    """By path."""
    links: tuple[tuple[str, str], ...] = ()
    """The symbolic links to files and folders within it: path and target."""
    skipped: tuple[str, ...] = field(default=())
    """The files that cannot be uploaded, each with the reason."""

    def by_path(self) -> dict[str, FileVersion]:
        """The files by their path."""
        return {each.path: each for each in self.files}


def read_tree(folder: Path) -> Tree:
    """The content of `folder`. Empty: it does not exist."""
    found = _Found(folder, os.path.realpath(folder))
    errors: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        here = Path(parent)
        linked = [each for each in folders if (here / each).is_symlink()]
        for name in sorted([*names, *linked]):
            found.add(here / name)
    found.skipped += [
        f"{error.filename}: {error.strerror}" for error in errors if not isinstance(error, FileNotFoundError)
    ]
    return Tree(
        tuple(sorted(found.files, key=lambda each: each.path)), tuple(sorted(found.links)), tuple(found.skipped)
    )


@dataclass
class _Found:
    """Content of a folder, as it is found."""

    folder: Path
    real: str
    """The path of the folder without links."""
    files: list[FileVersion] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, file: Path) -> None:
        path = file.relative_to(self.folder).as_posix()
        try:
            path.encode()
            found = file.lstat()
        except UnicodeEncodeError:
            self.skipped.append(f"{path!r}: its name is not valid UTF-8")
        except FileNotFoundError:
            return  # deleted since
        except OSError as error:
            self.skipped.append(f"{path}: {error.strerror}")
        else:
            if stat.S_ISLNK(found.st_mode):
                self._add_link(file, path)
            elif stat.S_ISREG(found.st_mode):
                self.files.append(FileVersion(path, found.st_size, found.st_mtime_ns))
            else:
                self.skipped.append(f"{path}: neither a file nor a folder")

    def _add_link(self, file: Path, path: str) -> None:
        target = os.path.realpath(file)
        if os.path.commonpath([self.real, target]) == self.real and Path(target).exists():
            self.links.append((path, os.path.relpath(target, os.path.realpath(file.parent))))
        else:
            self.skipped.append(f"{path}: a link that leads out of the folder or to nothing")


@contextmanager
def open_regular(folder: Path, path: str) -> Iterator[IO[bytes]]:
    """Open a regular file of `folder` without following a link, also if it was replaced since it was listed.

    Raises:
        OSError: if it cannot be read, or is no longer a regular file.
    """
    descriptor = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            message = f"{path} is not a regular file"
            raise OSError(message)
        inside = os.path.realpath(f"/proc/self/fd/{descriptor}")
        if os.path.commonpath([os.path.realpath(folder), inside]) != os.path.realpath(folder):
            message = f"{path} leads out of the folder"
            raise OSError(message)
        yield file


def is_shared(path: Path, root: Path) -> bool:
    """True if `path` is on a file system that all nodes of a cluster mount, such as FSx for Lustre.

    Args:
        path: a folder, which need not exist.
        root: the root folder of the node.
    """
    try:
        text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    except OSError:
        return False
    real = os.path.realpath(path)
    mounts = [(point, kind) for _, point, kind, *_ in (line.split() for line in text.splitlines())]
    kind = max((each for each in mounts if _is_below(real, each[0])), key=lambda each: len(each[0]), default=("", ""))[
        1
    ]
    return kind in _SHARED or _is_below(real, str(root / "lustre"))


_SHARED: Final = frozenset({"lustre", "nfs", "nfs4", "efs", "fuse.s3fs", "fuse.mountpoint-s3", "beegfs", "wekafs"})


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
