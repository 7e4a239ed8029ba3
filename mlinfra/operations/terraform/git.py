"""The git repository of a project: the checked-out commit, other commits, tags."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.terraform.process import Ended
    from mlinfra.variables import Changes

_SHOWN_FILES = 5


@dataclass(frozen=True)
class Distance:
    """The distance between two commits."""

    ahead: int
    """The number of commits that only the first contains."""
    behind: int
    """The number of commits that only the second contains."""


class Repository:
    """The git repository that contains the project at `root`, which may be a folder inside it."""

    def __init__(self, root: Path) -> None:
        """Refer to the repository; its existence is checked by the methods."""
        self._root = root.resolve()

    def head(self) -> str | None:
        """The full hash of the checked-out commit; None if there is no commit or no repository."""
        ended = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return ended.output.strip() if ended.code == 0 else None

    def uncommitted(self, *, ignoring: Path) -> tuple[str, ...]:
        """The files of the whole repository with uncommitted changes; none if there is no repository.

        Args:
            ignoring: a folder that is ignored.
        """
        exclude = []
        top = self._top()
        if top and ignoring.resolve().is_relative_to(top) and ignoring.resolve() != top:
            exclude = [f":(exclude,top,literal){ignoring.resolve().relative_to(top).as_posix()}"]
        ended = self._git("status", "--porcelain", "--untracked-files=all", "--no-renames", "--", ":(top)", *exclude)
        return tuple(line[3:] for line in ended.output.splitlines())

    def commit(self, name: str) -> str:
        """The full hash of the commit `name`.

        Args:
            name: a commit, branch or tag.

        Raises:
            OperationError: if there is no such commit.
        """
        ended = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if ended.code == 0:
            return ended.output.strip()
        if self._top() is None:
            message = (
                f"{self._root} is not in a git repository, so there is no commit {name!r}. Run it in a clone of the "
                f"repository."
            )
            raise OperationError(message)
        hint = (
            "This clone contains only a part of the history: git fetch --unshallow"
            if self.is_shallow
            else "Expected: a commit, branch or tag of this clone. Fetch missing commits: git fetch --all --tags"
        )
        message = f"There is no commit {name!r} in this clone. {hint}"
        raise OperationError(message)

    def find(self, name: str) -> str | None:
        """The full hash of the commit `name`; None if there is no such commit, or no repository.

        Args:
            name: a commit, or the full name of a reference, such as refs/remotes/origin/main.
        """
        ended = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return ended.output.strip() if ended.code == 0 else None

    def content(self, commit: str, path: str) -> str | None:
        """The text of a file at `commit`; None if the commit does not contain it.

        Args:
            commit: the commit.
            path: the file, relative to the project.

        Raises:
            OperationError: if the commit contains it, and git cannot read it.
        """
        if not self._required("ls-tree", commit, "--", path).strip():
            return None
        return self._required("show", f"{commit}:./{path}")

    def day(self, commit: str) -> date:
        """The date of `commit`."""
        return date.fromisoformat(self._required("show", "--no-patch", "--format=%cs", commit).strip())

    def subject(self, commit: str) -> str | None:
        """The first line of the message of `commit`; None if it is not in this clone."""
        ended = self._git("show", "--no-patch", "--format=%s", commit)
        return ended.output.strip() if ended.code == 0 else None

    def distance(self, first: str, second: str) -> Distance | None:
        """The distance between `first` and `second`; None if this clone does not contain both."""
        ended = self._git("rev-list", "--left-right", "--count", f"{first}...{second}")
        if ended.code:
            return None
        ahead, behind = ended.output.split()
        return Distance(int(ahead), int(behind))

    @property
    def is_shallow(self) -> bool:
        """True if the clone contains only a part of the history."""
        return self._git("rev-parse", "--is-shallow-repository").output.strip() == "true"

    def merge_base(self, name: str) -> str | None:
        """The newest common ancestor of HEAD and `name`; None if there is no such commit, or none in this clone."""
        ended = self._git("merge-base", "HEAD", name)
        return ended.output.strip() if ended.code == 0 else None

    def last_change(self, *, outside: str) -> str | None:
        """The newest commit of the first-parent history that changes a file outside of a folder; None: there is none.

        Args:
            outside: the folder, relative to the project.
        """
        ended = self._git("log", "--first-parent", "-m", "--max-count=1", "--format=%H", "--", *_outside(outside))
        return ended.output.splitlines()[0] if ended.code == 0 and ended.output.strip() else None

    def parent(self, commit: str) -> str | None:
        """The first parent of `commit`; None if it has none in this clone."""
        ended = self._git("rev-parse", "--verify", "--quiet", f"{commit}^1")
        return ended.output.strip() if ended.code == 0 else None

    def differs(self, first: str, second: str, *, outside: str) -> bool:
        """True if two commits differ in a file outside of a folder, or this clone does not contain both.

        Args:
            first: a commit.
            second: the other commit.
            outside: the folder, relative to the project.
        """
        return self._git("diff", "--quiet", first, second, "--", *_outside(outside)).code != 0

    def change_summary(self, first: str, second: str) -> str | None:
        """The files that differ between two commits, as `git diff --stat`; None: this clone does not contain both.

        Args:
            first: a commit.
            second: the other commit.
        """
        ended = self._git("diff", "--stat", "--no-color", "--end-of-options", first, second, "--")
        return ended.output.rstrip() if ended.code == 0 else None

    def authors(self, since: str | None, *, outside: str) -> frozenset[str]:
        """The e-mail addresses of the authors of the commits up to HEAD that change a file outside of a folder.

        Merges have no content of their own, and are left out.

        Args:
            since: the commit before the first one. None: the whole history.
            outside: the folder, relative to the project.
        """
        commits = f"{since}..HEAD" if since else "HEAD"
        return frozenset(
            self._required("log", "--no-merges", "--format=%ae", commits, "--", *_outside(outside)).split("\n")
        ) - {""}

    def versions(self, path: str) -> Iterator[tuple[str, str]]:
        """The versions of a file, the newest first: the e-mail address of the author of the commit, and the content.

        Args:
            path: the file, relative to the project.
        """
        for line in self._git("log", "--format=%H %ae", "--", path).output.splitlines():
            commit, _, author = line.partition(" ")
            content = self._git("show", f"{commit}:./{path}")
            yield author, content.output if content.code == 0 else ""

    def user_address(self) -> str | None:
        """The e-mail address with which git would commit; None if it is not set."""
        ended = self._git("config", "user.email")
        return ended.output.strip() or None

    def origin(self) -> str | None:
        """The address of the remote `origin`; None if there is none."""
        ended = self._git("config", "--get", "remote.origin.url")
        return ended.output.strip() or None

    def begin(self) -> bool:
        """Create a repository, unless the folder is in one. True: it was created.

        Raises:
            OperationError: if git fails.
        """
        if self._top() is not None:
            return False
        self._required("init", "--quiet", "--initial-branch=main")
        return True

    @contextmanager
    def at(self, commit: str) -> Iterator[Path]:
        """The project at `commit`, in a temporary folder, until the end of the block.

        Raises:
            OperationError: if the commit does not contain the project.
        """
        top = self._top()
        assert top is not None  # noqa: S101  a repository that has the commit
        with tempfile.TemporaryDirectory(prefix="mlinfra-") as parent:
            tree = Path(parent, "tree")
            # Hooks are meant for working copies.
            self._required("-c", f"core.hooksPath={os.devnull}", "worktree", "add", "--detach", str(tree), commit)
            try:
                project = tree / self._root.relative_to(top)
                if not (project / "main.py").is_file():
                    message = (
                        f"The project has no main.py at commit {commit[:12]}: it did not exist, or was in another "
                        f"folder."
                    )
                    raise OperationError(message)
                yield project
            finally:
                self._git("worktree", "remove", "--force", str(tree))

    def add_worktree(self, folder: Path, commit: str) -> None:
        """Check a commit out into a new folder, without a branch. The present working tree is not changed.

        Raises:
            OperationError: if git fails, such as because the folder exists.
        """
        # Hooks are meant for working copies.
        self._required(
            "-c", f"core.hooksPath={os.devnull}", "worktree", "add", "--detach", "--end-of-options", str(folder), commit
        )

    def remove_worktree(self, folder: Path) -> None:
        """Remove the folder of `add_worktree`, with all changes in it."""
        self._git("worktree", "remove", "--force", "--end-of-options", str(folder))

    def tagged(self, tag: str) -> str | None:
        """The commit with `tag`; None if there is no such tag."""
        ended = self._git("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
        return ended.output.strip() if ended.code == 0 else None

    def require_taggable(self, tag: str, commit: str) -> None:
        """Check that `commit` can be tagged with `tag`.

        Raises:
            OperationError: if the name is invalid, another commit has the tag, or git does not know the user's name.
        """
        if tag.startswith("-") or self._git("check-ref-format", f"refs/tags/{tag}").code:
            message = (
                f"{tag!r} is not a valid name for a git tag. Nothing was applied. Expected: such as "
                f"experiment-v2.3-infra."
            )
            raise OperationError(message)
        present = self.tagged(tag)
        if present not in {None, commit}:
            message = (
                f"The tag {tag!r} already exists, on commit {str(present)[:12]}; the commit to apply is {commit[:12]}. "
                f"Nothing was applied. Choose another name: a tag must not be moved."
            )
            raise OperationError(message)
        ended = self._git("var", "GIT_COMMITTER_IDENT")
        if present is None and ended.code:
            message = (
                "git does not know the author of the tag. Nothing was applied. Set it: git config user.name NAME && "
                "git config user.email ADDRESS; in a pipeline, set GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL."
            )
            raise OperationError(message)

    def make_tag(self, tag: str, commit: str, text: str) -> None:
        """Create the annotated `tag` on `commit`, unless it exists there already.

        Raises:
            OperationError: if git fails.
        """
        if self.tagged(tag) != commit:
            self._required("tag", "--annotate", "--message", text, tag, commit)

    def _top(self) -> Path | None:
        ended = self._git("rev-parse", "--show-toplevel")
        return Path(ended.output.strip()).resolve() if ended.code == 0 else None

    def _required(self, *arguments: str) -> str:
        ended = self._git(*arguments)
        if ended.code:
            command = next(each for each in arguments if not each.startswith(("-", "core.")))
            message = f"`git {command}` failed in {self._root}"
            raise OperationError(message, details=ended.errors)
        return ended.output

    def _git(self, *arguments: str) -> Ended:
        # Hooks and aliases of git run programs with variables that select their own repository.
        changes: Changes = {
            **dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")),
            # A read must not lock the index, which another git may be writing.
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }
        try:
            return run(["git", "-c", "core.quotePath=false", *arguments], cwd=self._root, changes=changes)
        except FileNotFoundError:
            message = "git is required, and it is not on the PATH. Install it: https://git-scm.com/downloads"
            raise OperationError(message) from None


def _outside(folder: str) -> tuple[str, ...]:
    """The paths of the whole repository without one folder of the project."""
    return ":(top)", f":(exclude){folder}"


def abbreviated(names: tuple[str, ...]) -> str:
    """The first few of `names`, and the number of the others."""
    more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
    return ", ".join(names[:_SHOWN_FILES]) + more
