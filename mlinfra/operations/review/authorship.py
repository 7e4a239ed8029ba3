"""Authors of a change and of its approvals, from git and from the pipeline: authors cannot approve their own change.

Authors choose the names and addresses in their commits. Against forged commits, protect the branch, require signed
commits, and let CODEOWNERS determine the reviewers of `approvals/`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.review.default_branch import default_branch
from mlinfra.operations.terraform import Repository

if TYPE_CHECKING:
    from mlinfra.operations.review.approval_files import Approval


class Authorship:
    """The authors of the change that is checked out, and of lines in `approvals/`."""

    def __init__(self, root: Path, folder: str, *, base: str | None = None) -> None:
        """Read nothing yet: git is asked when an approval matches a finding.

        Args:
            root: the project.
            folder: the folder of approvals, relative to it. Commits of it alone are not counted as changes.
            base: the commit before the change. Default: where the branch left the default branch; on the default
                branch, the commit before its last change.
        """
        self._repository = Repository(root)
        self._folder = folder
        self._base = base
        self._authors: frozenset[str] | None = None

    def problem(self, approval: Approval) -> str | None:
        """The reason why an approval is not valid; None if it is valid, or the project is not in a git repository.

        Raises:
            OperationError: if the clone does not contain the history that is needed.
        """
        repository = self._repository
        if repository.head() is None:
            return None
        if repository.is_shallow:
            message = (
                "This clone contains only a part of the history, so the authors of changes and approvals are not "
                "known. Fetch it: git fetch --unshallow; in a pipeline: GIT_DEPTH: 0 (GitLab), fetch-depth: 0 (GitHub)."
            )
            raise OperationError(message)
        writer = self._writer(approval)
        if writer is None:
            writer = repository.user_address() or ""
            if not _is_same(writer, approval.who):
                return "it is not committed, and git's user.email is another address"
        elif not _is_same(writer, approval.who):
            return f"it was committed by {writer}"
        if any(_is_same(each, approval.who) for each in self._authors_of_change()):
            return "its approver is an author of the change"
        return None

    def _writer(self, approval: Approval) -> str | None:
        """The author of the commit that added the approval with its present content; None if it is not committed.

        Versions of the file are compared, not lines: git cannot tell lines of similar approvals apart.
        """
        writer = None
        for author, content in self._repository.versions(approval.file):
            if not approval.is_in(content):
                break
            writer = author
        return writer

    def _authors_of_change(self) -> frozenset[str]:
        if self._authors is None:
            self._authors = self._repository.authors(self._since(), outside=self._folder) | self._of_pipeline()
        return self._authors

    def _since(self) -> str | None:
        repository = self._repository
        if self._base is not None:
            return repository.commit(self._base)
        head = repository.head()
        # Not the target of a pull request, GITHUB_BASE_REF: its author chooses it, and the commits of that branch would
        # have no authors here. Pushes have none.
        branch = default_branch(repository)
        base = repository.merge_base(branch) if branch else None
        if base is not None and base != head:
            return base
        # The default branch is checked out: its last change, without approvals that were committed afterwards.
        last = repository.last_change(outside=self._folder)
        return repository.parent(last) if last else head

    def _of_pipeline(self) -> frozenset[str]:
        """The author of the merge request, by the pipeline that runs for it."""
        # GitHub, "Webhook events and payloads", pull_request: `pull_request.user.login` is its author.
        event = os.environ.get("GITHUB_EVENT_PATH")
        if event and os.environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
            try:
                return frozenset({json.loads(Path(event).read_text(encoding="utf-8"))["pull_request"]["user"]["login"]})
            except (OSError, ValueError, KeyError, TypeError):
                return frozenset()
        # GitLab, "Predefined CI/CD variables": GITLAB_USER_EMAIL is the user who started the pipeline, by a push. The
        # push of an approval starts one too, and its user is the approver.
        address = os.environ.get("GITLAB_USER_EMAIL")
        if address and os.environ.get("CI_PIPELINE_SOURCE") == "merge_request_event":
            head = self._repository.head()
            if head and self._repository.last_change(outside=self._folder) == head:
                return frozenset({address})
        return frozenset()


def _is_same(author: str, who: str) -> bool:
    """True if an author's address, or login of GitHub, belongs to the approver."""
    one, other = author.casefold(), who.casefold()
    return one == other or _login(one) == _login(other)


def _login(address: str) -> str:
    """The login in an address such as `123+ana@users.noreply.github.com`; any other address unchanged."""
    name, _, domain = address.partition("@")
    return name.rpartition("+")[2] if domain == "users.noreply.github.com" else address
