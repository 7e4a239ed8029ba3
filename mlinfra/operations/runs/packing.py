"""Packing of the code of a run: the tree of a commit, or the working tree with its changes, as an archive.

The content is that of `git archive`: ignored files are left out, the attribute export-ignore excludes files, filters
such as Git LFS are applied, and symbolic links and executable bits are kept. Submodules that are checked out are
included. Equal trees give equal archives.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError
from mlinfra.operations.runs.archives import ArchiveWriter, writing_archive
from mlinfra.operations.runs.work_tree import Changes, Origin, WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlinfra.operations.runs.archives import Archive
    from mlinfra.operations.runs.work_tree import TreeEntry

SIZE_LIMIT: Final = 512 * 1024**2
"""The largest code of a run, uncompressed, in bytes. Code is kilobytes to a few megabytes; what is larger are data sets
and checkpoints, which belong into the data lake: a run would upload them again after each change of them."""

_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/v1\n"
"""The beginning of a pointer of Git LFS (Git LFS specification, "The Pointer", read 2026-11-30)."""
_LFS_POINTER_BYTES: Final = 1024
"""A pointer is smaller than that (the same source)."""
_SHOWN: Final = 5
_MIB: Final = 1024**2


@dataclass(frozen=True)
class PackedCode:
    """The code of a run, in an archive."""

    archive: Archive
    tree: str
    """The hash of its git tree."""
    directory: str
    """The directory in which it was packed, relative to the top of the repository, such as `training`."""
    origin: Origin
    patch: bytes | None
    """The uncommitted changes. None: there are none."""
    notes: tuple[str, ...]
    """Sentences about what is not as a user may expect."""
    digests: dict[str, str]
    """The SHA-256 of the wanted files, by their path from the top of the repository."""


def pack(
    folder: Path, target: Path, *, dirty: bool = False, wanted: Sequence[Path] = (), limit: int = SIZE_LIMIT
) -> PackedCode:
    """Pack the repository that contains `folder`.

    Args:
        folder: the working directory.
        target: the file of the archive.
        dirty: True: include uncommitted changes, and untracked files that are not ignored. Default: False, and tracked
            files with changes are an error.
        wanted: files whose digests are needed, such as a lock file.
        limit: the largest size of the code, uncompressed, in bytes. Default: 512 MiB.

    Raises:
        OperationError: if it is not a repository, has no commit, has uncommitted changes that `dirty` does not include,
            is too large, lacks a submodule or a wanted file, or git fails.
    """
    repository = WorkTree(folder)
    top = repository.top.resolve()
    commit, changes = repository.head(), repository.changes()
    _expect_packable(commit, changes, dirty=dirty)
    with ExitStack() as until_end:
        is_changed = dirty and bool(changes.tracked or changes.untracked)
        if is_changed or commit is None:
            _expect_small(_on_disk(repository.top, (*changes.tracked, *changes.untracked)), (), limit)
            tree = until_end.enter_context(repository.with_changes(changes))
        else:
            tree = repository.tree_of(commit)
        packing = _Packing(limit, [_below(each, top) for each in wanted])
        with writing_archive(target) as written:
            packing.add_tree(repository, tree, written.writer)
        directory = folder.resolve().relative_to(top).as_posix()
        packing.expect_complete(directory)
        return PackedCode(
            archive=written.archive,
            tree=tree,
            directory=directory,
            origin=Origin(
                repository=repository.remote(),
                commit=commit,
                branch=repository.branch(),
                changed=(*changes.tracked, *changes.untracked) if is_changed else (),
            ),
            patch=repository.patch(commit, tree) if is_changed or commit is None else None,
            notes=(*_notes(changes, dirty=dirty), *packing.notes()),
            digests=packing.digests,
        )


def _below(file: Path, top: Path) -> str:
    """The path of a file in the repository."""
    path = file.resolve()
    if not path.is_relative_to(top):
        message = f"{file} is not in the repository {top}. Nodes have the packed code only: add the file to it."
        raise OperationError(message)
    return path.relative_to(top).as_posix()


def _expect_packable(commit: str | None, changes: Changes, *, dirty: bool) -> None:
    if dirty:
        return
    if commit is None:
        message = "The repository has no commit yet. Commit the code, or run it uncommitted: --dirty"
        raise OperationError(message)
    if changes.tracked:
        count = len(changes.tracked)
        message = (
            f"{count} {'file has' if count == 1 else 'files have'} uncommitted changes: {_some(changes.tracked)}. "
            f"Commit them, or include them: --dirty, which records them as a patch of the run."
        )
        raise OperationError(message)


def _notes(changes: Changes, *, dirty: bool) -> list[str]:
    notes = []
    if changes.untracked:
        count, are = len(changes.untracked), "is" if len(changes.untracked) == 1 else "are"
        subject = f"{count} untracked file{'' if count == 1 else 's'} ({_some(changes.untracked)}) {are}"
        notes.append(f"{subject} included." if dirty else f"{subject} not included. To include them: --dirty")
    notes += [
        f"{each} is a repository of its own and is not included. Add it as a submodule, or ignore it."
        for each in changes.repositories
    ]
    notes += [
        f"Changes inside the submodule {each} are not included. Commit them there." for each in changes.submodules
    ]
    return notes


def _on_disk(top: Path, paths: Iterable[str]) -> dict[str, int]:
    """The sizes of files in the working tree; deleted ones are left out."""
    sizes = {}
    for each in paths:
        path = top / each
        if not path.is_symlink() and path.is_file():
            sizes[each] = path.stat().st_size
    return sizes


class _Packing:
    """The members of one archive, from a repository and its submodules."""

    def __init__(self, limit: int, wanted: Sequence[str]) -> None:
        self._limit = limit
        self._left = limit
        self._wanted = frozenset(wanted)
        self._pointers: list[str] = []
        self._folders: set[str] = set()
        self.digests: dict[str, str] = {}

    def add_tree(self, repository: WorkTree, tree: str, writer: ArchiveWriter, prefix: str = "") -> None:
        entries = repository.entries(tree)
        sizes = {each.path: each.size for each in entries}
        if sum(sizes.values()) > self._left:
            excluded = repository.excluded(tuple(sizes))
            _expect_small(sizes, excluded, self._left)
        with repository.archived(tree) as stream, tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as tar:
            for member in tar:
                self._add(tar, member, writer, prefix, sizes)
        for each in entries:
            if each.is_submodule:
                self._add_submodule(repository, each, writer, prefix)

    def _add(
        self, tar: tarfile.TarFile, member: tarfile.TarInfo, writer: ArchiveWriter, prefix: str, sizes: dict[str, int]
    ) -> None:
        name = prefix + member.name
        if member.issym():
            writer.add_link(name, member.linkname)
        elif member.isfile():
            self._left -= member.size
            if self._left < 0:
                # Filters made it larger than in the repository, as Git LFS does.
                _expect_small(sizes | {member.name: member.size}, (), -1)
            content = tar.extractfile(member)
            assert content is not None  # noqa: S101  a file
            executable = bool(member.mode & 0o100)
            if member.size < _LFS_POINTER_BYTES or name in self._wanted:
                data = content.read()
                if data.startswith(_LFS_POINTER):
                    self._pointers.append(name)
                if name in self._wanted:
                    self.digests[name] = hashlib.sha256(data).hexdigest()
                writer.add_file(name, data, size=member.size, executable=executable)
            else:
                writer.add_file(name, content, size=member.size, executable=executable)
        else:
            return
        self._folders.update(str(each) for each in Path(name).parents)

    def _add_submodule(self, repository: WorkTree, entry: TreeEntry, writer: ArchiveWriter, prefix: str) -> None:
        folder = repository.top / entry.path
        if not (folder / ".git").exists():
            message = (
                f"The submodule {prefix}{entry.path} is not checked out, so that the run would lack its files. Check "
                f"it out: git submodule update --init --recursive"
            )
            raise OperationError(message)
        self.add_tree(WorkTree(folder), entry.object_id, writer, f"{prefix}{entry.path}/")

    def expect_complete(self, directory: str) -> None:
        """Check that the working directory and the wanted files are packed."""
        if directory != "." and directory not in self._folders:
            message = (
                f"The directory {directory} contains no file of the commit, so that nodes would not have it. Commit "
                f"its files, run from another directory, or include untracked files: --dirty"
            )
            raise OperationError(message)
        for each in sorted(self._wanted - set(self.digests)):
            message = (
                f"{each} is not part of the code of the run: it does not exist, or git does not track it. Commit it, "
                f"or include untracked files: --dirty"
            )
            raise OperationError(message)

    def notes(self) -> list[str]:
        if not self._pointers:
            return []
        count = len(self._pointers)
        subject = "1 file is a pointer" if count == 1 else f"{count} files are pointers"
        files = _some(self._pointers)
        return [f"{subject} of Git LFS without content ({files}). To include it: git lfs install && git lfs pull"]


def _expect_small(sizes: dict[str, int], excluded: Iterable[str], limit: int) -> None:
    """Check the sizes of files, without those that are excluded.

    Raises:
        OperationError: if they exceed the limit, with the largest files and folders.
    """
    left = set(excluded)
    packed = {path: size for path, size in sizes.items() if path not in left}
    total = sum(packed.values())
    if total <= limit:
        return
    folders: Counter[str] = Counter()
    for path, size in packed.items():
        if os.sep in path:
            folders[path.partition(os.sep)[0] + os.sep] += size
    largest = Counter(packed).most_common(_SHOWN) + folders.most_common(_SHOWN)
    message = (
        f"The code of the run has {total / _MIB:,.0f} MiB, and at most {SIZE_LIMIT // _MIB} MiB are packed. Nothing "
        f"was uploaded. Move data and checkpoints into the data lake, add them to .gitignore, or keep committed files "
        f"out of runs by a line `PATH export-ignore` in .gitattributes. The largest files and folders:"
    )
    raise OperationError(message, details="\n".join(f"{size / _MIB:10,.1f} MiB  {path}" for path, size in largest))


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
