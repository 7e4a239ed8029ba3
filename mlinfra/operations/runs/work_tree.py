"""The git working tree of a run: its commit, its origin, its changes, and the tree that is packed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SELECTING_VARIABLES: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
"""Variables by which git selects a repository. Hooks and aliases of git run programs with them."""
_SUBMODULE: Final = "160000"
_LINK: Final = "120000"


@dataclass(frozen=True)
class TreeEntry:
    """A file, symbolic link or submodule of a tree."""

    path: str
    mode: str
    object_id: str
    size: int
    """In bytes; 0 for a submodule."""

    @property
    def is_submodule(self) -> bool:
        """True if it is the commit of another repository."""
        return self.mode == _SUBMODULE


@dataclass(frozen=True)
class Changes:
    """The difference between a working tree and its commit."""

    tracked: tuple[str, ...] = ()
    """Changed, new and deleted files that git tracks."""
    untracked: tuple[str, ...] = ()
    """Files that git neither tracks nor ignores."""
    repositories: tuple[str, ...] = ()
    """Untracked folders that are repositories of their own."""
    submodules: tuple[str, ...] = ()
    """Submodules with changes inside."""


class WorkTree:
    """The working tree of the repository that contains a folder."""

    def __init__(self, folder: Path) -> None:
        """Find the repository.

        Raises:
            OperationError: if `folder` is not in the working tree of a repository, or git is missing.
        """
        self._variables: dict[str, str] = {}
        self.top = folder
        ended = self._git("rev-parse", "--show-toplevel", check=False)
        if ended.returncode:
            message = (
                f"{folder} is not in the working tree of a git repository, and the code of a run is packed from one. "
                f"Create one: git init && git add . && git commit -m Start; or run a command that the image contains: "
                f"--image IMAGE --no-code"
            )
            raise OperationError(message, details=ended.stderr.decode(errors="replace"))
        self.top = Path(os.fsdecode(ended.stdout).rstrip("\n"))

    def head(self) -> str | None:
        """The full hash of the checked-out commit. None: there is no commit yet."""
        return self._line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def branch(self) -> str | None:
        """The name of the branch. None: a commit is checked out without one."""
        return self._line("symbolic-ref", "--short", "--quiet", "HEAD")

    def remote(self) -> str | None:
        """The URL of the remote of the branch, otherwise of `origin`, without credentials. None: there is none."""
        branch = self.branch()
        of_branch = self._line("config", "--get", f"branch.{branch}.remote") if branch else None
        for name in (of_branch, "origin"):
            # `git remote get-url` would apply insteadOf, which may contain a token.
            url = self._line("config", "--get", f"remote.{name}.url") if name else None
            if url:
                return without_credentials(url)
        return None

    def changes(self) -> Changes:
        """The uncommitted changes."""
        output = self._git("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames").stdout
        tracked: list[str] = []
        untracked: list[str] = []
        repositories: list[str] = []
        submodules: list[str] = []
        for line in os.fsdecode(output).split("\0"):
            kind, _, rest = line.partition(" ")
            if kind == "?":
                (repositories if rest.endswith("/") else untracked).append(rest.rstrip("/"))
            elif kind in {"1", "u"}:
                # 1 XY sub mH mI mW hH hI path; u XY sub m1 m2 m3 mW h1 h2 h3 path (git-status(1), "Porcelain Format
                # Version 2").
                fields = rest.split(" ", 7 if kind == "1" else 9)
                is_inside = fields[1].startswith("S") and fields[1][1] == "."
                (submodules if is_inside else tracked).append(fields[-1])
        return Changes(tuple(tracked), tuple(untracked), tuple(repositories), tuple(submodules))

    def entries(self, tree: str) -> tuple[TreeEntry, ...]:
        """The files of a tree, from the sizes that git keeps: no content is read.

        Args:
            tree: a commit or tree.
        """
        output = os.fsdecode(self._git("ls-tree", "-r", "-z", "-l", "--full-tree", tree).stdout)
        found = []
        for line in output.split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            mode, _, object_id, size = facts.split()
            found.append(TreeEntry(path, mode, object_id, 0 if size == "-" else int(size)))
        return tuple(found)

    def tree_of(self, commit: str) -> str:
        """The tree of a commit."""
        return os.fsdecode(self._git("rev-parse", "--verify", f"{commit}^{{tree}}").stdout).strip()

    @contextmanager
    def with_changes(self, changes: Changes) -> Iterator[str]:
        """The tree of the working tree with its changes. Its objects exist until the end of the block.

        They are written to a temporary folder: neither the repository nor its index is changed.
        """
        objects = Path(os.fsdecode(self._git("rev-parse", "--git-path", "objects").stdout).strip())
        index = Path(os.fsdecode(self._git("rev-parse", "--git-path", "index").stdout).strip())
        with TemporaryDirectory(prefix="mlinfra-") as folder:
            own_index, own_objects = Path(folder, "index"), Path(folder, "objects")
            own_objects.mkdir()
            if (self.top / index).exists():
                shutil.copyfile(self.top / index, own_index)
            self._variables = {
                "GIT_INDEX_FILE": str(own_index),
                "GIT_OBJECT_DIRECTORY": str(own_objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str((self.top / objects).resolve()),
            }
            try:
                left = [f":(exclude,top,literal){each}" for each in changes.repositories]
                self._git("add", "--all", "--", ":(top)", *left)
                yield os.fsdecode(self._git("write-tree").stdout).strip()
            finally:
                self._variables = {}

    def patch(self, commit: str | None, tree: str) -> bytes:
        """The difference between a commit and a tree, for `git apply`.

        Args:
            commit: the commit. None: an empty tree.
            tree: the tree.
        """
        base = commit or os.fsdecode(self._git("hash-object", "-t", "tree", os.devnull).stdout).strip()
        options = ("--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
        return self._git("diff-tree", "-p", *options, base, tree).stdout

    def excluded(self, paths: tuple[str, ...]) -> frozenset[str]:
        """Those of `paths` that the attribute export-ignore excludes from archives, themselves or by a folder."""
        candidates = {str(parent) for path in paths for parent in (Path(path), *Path(path).parents[:-1])}
        answer = self._git(
            "check-attr", "-z", "--stdin", "export-ignore", text=b"\0".join(map(os.fsencode, sorted(candidates)))
        )
        fields = os.fsdecode(answer.stdout).split("\0")
        ignored = {path for path, value in zip(fields[::3], fields[2::3], strict=False) if value == "set"}
        return frozenset(path for path in paths if ignored & {path, *map(str, Path(path).parents)})

    @contextmanager
    def archived(self, tree: str) -> Iterator[IO[bytes]]:
        """A tree as `git archive` gives it, as a stream in the format tar: with attributes and filters applied.

        Raises:
            OperationError: if git fails.
        """
        with subprocess.Popen(  # noqa: S603  never through a shell
            self._command("-c", "tar.umask=0022", "archive", "--format=tar", tree),
            cwd=self.top,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None  # noqa: S101  a pipe
            assert child.stderr is not None  # noqa: S101  a pipe
            try:
                yield child.stdout
            except BaseException:
                child.kill()
                raise
            child.stdout.close()
            errors = child.stderr.read().decode(errors="replace")
            if child.wait():
                message = f"`git archive` failed in {self.top}"
                raise OperationError(message, details=errors)

    def _line(self, *arguments: str) -> str | None:
        ended = self._git(*arguments, check=False)
        return os.fsdecode(ended.stdout).rstrip("\n") or None if ended.returncode == 0 else None

    def _git(
        self, *arguments: str, check: bool = True, text: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        ended = subprocess.run(  # noqa: S603  never through a shell
            self._command(*arguments),
            cwd=self.top,
            env=self._environment(),
            input=text or b"",
            capture_output=True,
            check=False,
        )
        if check and ended.returncode:
            message = f"`git {arguments[0]}` failed in {self.top}"
            raise OperationError(message, details=ended.stderr.decode(errors="replace"))
        return ended

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        git = shutil.which("git")
        if git is None:
            message = "git is required, and it is not on the PATH. Install it: https://git-scm.com/downloads"
            raise OperationError(message)
        return [git, "-c", "core.quotePath=false", *arguments]

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in SELECTING_VARIABLES}
        # A read must not lock the index, which another git may be writing.
        return {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **self._variables}


@dataclass(frozen=True)
class Origin:
    """The origin of packed code."""

    repository: str | None
    """The URL of the remote, without credentials."""
    commit: str | None
    branch: str | None
    changed: tuple[str, ...] = field(default=())
    """The files with uncommitted changes that are included."""


def without_credentials(url: str) -> str:
    """A remote's URL without its user name and password; for SSH, without a password."""
    if re.match(r"[a-z0-9+.-]+://", url, re.IGNORECASE) is None:
        return url  # a path, or user@host:path, which contains no password
    parts = urlsplit(url)
    user, separator, host = parts.netloc.rpartition("@")
    kept = f"{user.partition(':')[0]}@" if separator and parts.scheme.endswith("ssh") else ""
    return urlunsplit((parts.scheme, kept + host, parts.path, "", ""))
