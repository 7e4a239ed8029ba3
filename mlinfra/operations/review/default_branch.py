"""The default branch of a repository, with which a review compares a change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from mlinfra.operations.terraform import Repository

BRANCHES: Final = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
"""Where no pipeline names the default branch. Full names, because git prefers a tag `origin/main`, which an author can
push."""


def remote(branch: str) -> str:
    """The reference of a branch of the remote `origin`."""
    return f"refs/remotes/origin/{branch}"


def default_branch(repository: Repository) -> str | None:
    """The reference of the default branch; None: there is none, or no repository.

    Raises:
        OperationError: if the pipeline names the default branch, and the clone does not contain it.
    """
    if repository.head() is None:
        return None
    named = _of_pipeline()
    if named is None:
        return next((each for each in BRANCHES if repository.find(each)), None)
    if repository.find(remote(named)) is None:
        message = (
            f"This clone does not contain the default branch {named!r}, with which a review compares the change. Fetch "
            f"all branches; in a pipeline: GIT_DEPTH: 0 (GitLab), fetch-depth: 0 (GitHub)."
        )
        raise OperationError(message)
    return remote(named)


def _of_pipeline() -> str | None:
    """The default branch, by the pipeline that runs.

    Not the target of the merge request, which its author can choose.
    """
    # GitLab, "Predefined CI/CD variables": CI_DEFAULT_BRANCH is the project's default branch (read 2026-11-30).
    if os.environ.get("CI_DEFAULT_BRANCH"):
        return os.environ["CI_DEFAULT_BRANCH"]
    # GitHub, "Webhook events and payloads": `repository.default_branch` (read 2026-11-30). For a pull request of a
    # fork, `repository` is the one that the fork was made of, which the job clones.
    event = os.environ.get("GITHUB_EVENT_PATH")
    if not event:
        return None
    try:
        named = json.loads(Path(event).read_text(encoding="utf-8"))["repository"]["default_branch"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return named if isinstance(named, str) and named else None
