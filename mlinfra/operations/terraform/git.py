"""The git repository around the project: which commit is checked out, and any other commit to look at."""

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
    """How far two commits are apart."""

    ahead: int
    """How many commits the first has that the second has not."""
    behind: int
    """How many commits the second has that the first has not."""


class Repository:
    """The git repository that the project at `root` lies in; it need not be its top folder."""

    def __init__(self, root: Path) -> None:
        """Refer to it. Whether it is there shows when it is asked."""
        self._root = root.resolve()

    def head(self) -> str | None:
        """The commit that is checked out, in full; None where there is none, or no repository."""
        ended = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return ended.output.strip() if ended.code == 0 else None

    def uncommitted(self, *, besides: Path) -> tuple[str, ...]:
        """The files of the whole repository that are not as they were committed; none where there is no repository.

        Args:
            besides: a folder that does not count.
        """
        exclude = []
        top = self._top()
        if top and besides.resolve().is_relative_to(top) and besides.resolve() != top:
            exclude = [f":(exclude,top,literal){besides.resolve().relative_to(top).as_posix()}"]
        ended = self._git("status", "--porcelain", "--untracked-files=all", "--no-renames", "--", ":(top)", *exclude)
        return tuple(line[3:] for line in ended.output.splitlines())

    def commit(self, name: str) -> str:
        """The commit that `name` means, in full.

        Args:
            name: a commit, branch or tag.

        Raises:
            OperationError: where it means none.
        """
        ended = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if ended.code == 0:
            return ended.output.strip()
        if self._top() is None:
            message = f"{self._root} is in no git repository, so there is no commit {name!r}."
            raise OperationError(message)
        is_shallow = self._git("rev-parse", "--is-shallow-repository").output.strip() == "true"
        hint = (
            "This clone has only a part of the history: git fetch --unshallow"
            if is_shallow
            else "Expected: a commit, branch or tag of this clone. Get what is missing: git fetch --all --tags"
        )
        message = f"There is no commit {name!r} here. {hint}"
        raise OperationError(message)

    def day(self, commit: str) -> date:
        """The day on which `commit` was made."""
        return date.fromisoformat(self._asked("show", "--no-patch", "--format=%cs", commit).strip())

    def subject(self, commit: str) -> str | None:
        """The first line of the message of `commit`; None where this clone does not have it."""
        ended = self._git("show", "--no-patch", "--format=%s", commit)
        return ended.output.strip() if ended.code == 0 else None

    def distance(self, first: str, second: str) -> Distance | None:
        """How far `first` and `second` are apart; None where this clone does not have both."""
        ended = self._git("rev-list", "--left-right", "--count", f"{first}...{second}")
        if ended.code:
            return None
        ahead, behind = ended.output.split()
        return Distance(int(ahead), int(behind))

    @contextmanager
    def at(self, commit: str) -> Iterator[Path]:
        """The project as it was at `commit`, in a temporary folder, until the end of the block.

        Raises:
            OperationError: where the project was not there then.
        """
        top = self._top()
        assert top is not None  # noqa: S101  a repository that has the commit
        with tempfile.TemporaryDirectory(prefix="mlinfra-") as parent:
            tree = Path(parent, "tree")
            # Hooks are for people who check something out to work on it.
            self._asked("-c", f"core.hooksPath={os.devnull}", "worktree", "add", "--detach", str(tree), commit)
            try:
                project = tree / self._root.relative_to(top)
                if not (project / "main.py").is_file():
                    message = f"The project has no main.py at commit {commit[:12]}: it was not there yet, or elsewhere."
                    raise OperationError(message)
                yield project
            finally:
                self._git("worktree", "remove", "--force", str(tree))

    def tagged(self, tag: str) -> str | None:
        """The commit that has `tag`; None where no commit has it."""
        ended = self._git("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
        return ended.output.strip() if ended.code == 0 else None

    def expect_can_tag(self, tag: str, commit: str) -> None:
        """Find out whether `commit` can be given `tag`, without doing it.

        Raises:
            OperationError: where the name is none for a tag, another commit has it, or git does not know who tags.
        """
        if tag.startswith("-") or self._git("check-ref-format", f"refs/tags/{tag}").code:
            message = f"{tag!r} is no name for a git tag. Expected: such as experiment-v2.3-infra."
            raise OperationError(message)
        present = self.tagged(tag)
        if present not in {None, commit}:
            message = (
                f"The tag {tag!r} is there already, on commit {str(present)[:12]}, and this is {commit[:12]}. Nothing "
                f"was applied. Give this one another name; a tag that moves says nothing."
            )
            raise OperationError(message)
        ended = self._git("var", "GIT_COMMITTER_IDENT")
        if present is None and ended.code:
            message = (
                "git does not know who makes the tag. Nothing was applied. Say it: git config user.name NAME && "
                "git config user.email ADDRESS; in a pipeline, set GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL."
            )
            raise OperationError(message)

    def make_tag(self, tag: str, commit: str, text: str) -> None:
        """Give `commit` the annotated `tag`, unless it has it already.

        Raises:
            OperationError: where git refuses.
        """
        if self.tagged(tag) != commit:
            self._asked("tag", "--annotate", "--message", text, tag, commit)

    def _top(self) -> Path | None:
        ended = self._git("rev-parse", "--show-toplevel")
        return Path(ended.output.strip()).resolve() if ended.code == 0 else None

    def _asked(self, *arguments: str) -> str:
        ended = self._git(*arguments)
        if ended.code:
            command = next(each for each in arguments if not each.startswith(("-", "core.")))
            message = f"`git {command}` failed in {self._root}"
            raise OperationError(message, details=ended.errors)
        return ended.output

    def _git(self, *arguments: str) -> Ended:
        # A hook or an alias of git's starts programs with variables that point at its own repository.
        changes: Changes = {
            **dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")),
            # Looking must not refresh the index while an editor's git is at it.
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }
        try:
            return run(["git", "-c", "core.quotePath=false", *arguments], cwd=self._root, changes=changes)
        except FileNotFoundError:
            message = "git is needed, and there is none on the PATH. Get it: https://git-scm.com/downloads"
            raise OperationError(message) from None


def in_short(names: tuple[str, ...]) -> str:
    """The first few of `names`, and how many more there are."""
    more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
    return ", ".join(names[:_SHOWN_FILES]) + more
