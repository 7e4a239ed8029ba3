"""Approvals in real git repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.review import review
from tests.unit.operations.review.approvals import approved, commit, entry, git, write
from tests.unit.operations.review.plans import TODAY

if TYPE_CHECKING:
    from pathlib import Path

DEV, ANA, BEN = "dev@example.com", "ana@example.com", "ben@example.com"
_VARIABLES = ("GITHUB_BASE_REF", "GITHUB_EVENT_PATH", "GITHUB_EVENT_NAME", "GITLAB_USER_EMAIL", "CI_PIPELINE_SOURCE")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch with a change by `DEV`, which left the branch `main`."""
    for name in (*_VARIABLES, "CI_DEFAULT_BRANCH"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "--initial-branch=main")
    commit(tmp_path, "main.py", BEN, "first")
    git(tmp_path, "checkout", "-b", "change")
    commit(tmp_path, "main.py", DEV, "second")
    return tmp_path


def problems(project: Path) -> list[str]:
    """The reasons why approvals do not count."""
    report = review([project / "dev-data.json"], root=project, today=TODAY)
    assert report.exit_code == (3 if report.held else 0)
    return [each.text.partition(" does not count: ")[2] for each in report.findings if each.id == "MLR903"]


def approve(project: Path, who: str, *, committed_by: str | None = None) -> None:
    write(project, entry(project, who=who))
    commit(project, "approvals/data.yaml", committed_by or who)


def test_an_approval_by_another_person_counts(project: Path) -> None:
    approve(project, ANA)
    assert problems(project) == []
    assert review([project / "dev-data.json"], root=project, today=TODAY).held == ()


def test_an_author_of_the_change_cannot_approve_it(project: Path) -> None:
    approve(project, "Dev@Example.com")
    assert problems(project) == ["its approver is an author of the change."]
    rejected = review([project / "dev-data.json"], root=project, today=TODAY).rejected_approvals
    assert [each.id for each in rejected] == ["MLR903"]


def test_an_author_of_earlier_changes_can_approve(project: Path) -> None:
    approve(project, BEN)
    assert problems(project) == []


def test_an_approval_that_another_person_committed_does_not_count(project: Path) -> None:
    approve(project, ANA, committed_by=DEV)
    assert problems(project) == ["it was committed by dev@example.com."]


def test_an_approval_that_was_edited_by_another_person_does_not_count(project: Path) -> None:
    approve(project, ANA)
    write(project, entry(project, who=ANA, reason="Another reason."))
    commit(project, "approvals/data.yaml", DEV)
    assert problems(project) == ["it was committed by dev@example.com."]


def test_an_entry_is_checked_by_its_own_lines(project: Path) -> None:
    first = entry(project, who=ANA)
    write(project, first)
    commit(project, "approvals/data.yaml", ANA)
    write(project, first, entry(project, who=BEN, address="aws_s3_bucket.other"))
    commit(project, "approvals/data.yaml", BEN)
    assert problems(project) == []


def test_an_approval_that_is_not_committed_counts_for_the_user_of_git_only(project: Path) -> None:
    git(project, "config", "user.email", BEN)
    approved(project, entry(project, who=ANA))
    assert problems(project) == ["it is not committed, and git's user.email is another address."]
    git(project, "config", "user.email", ANA)
    assert problems(project) == []


def test_after_a_merge_the_authors_of_the_merged_change_count(project: Path) -> None:
    approve(project, DEV)
    git(project, "checkout", "main")
    git(project, "merge", "--no-ff", "change", "--message", "Merge", who=ANA)
    assert problems(project) == ["its approver is an author of the change."]


def test_who_merges_may_approve(project: Path) -> None:
    git(project, "checkout", "main")
    git(project, "merge", "--no-ff", "change", "--message", "Merge", who=ANA)
    approve(project, ANA)
    assert problems(project) == []


def test_a_squashed_merge_loses_the_approver(project: Path) -> None:
    approve(project, ANA)
    git(project, "checkout", "main")
    git(project, "merge", "--squash", "change")
    git(project, "commit", "--message", "Squashed", who=DEV)
    assert problems(project) == ["it was committed by dev@example.com."]


def test_the_given_base_determines_the_change(project: Path) -> None:
    approve(project, BEN)
    root = git(project, "rev-list", "--max-parents=0", "HEAD")
    report = review([project / "dev-data.json"], root=project, today=TODAY, base=root)
    assert report.held == ()
    git(project, "checkout", "-b", "later")
    commit(project, "main.py", BEN, "third")
    report = review([project / "dev-data.json"], root=project, today=TODAY, base="change")
    assert [each.id for each in report.findings] == ["MLR101", "MLR903"]


def test_the_author_of_a_pull_request_cannot_approve_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event = project.parent / f"{project.name}.json"
    event.write_text(json.dumps({"pull_request": {"user": {"login": "Ana"}}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    approve(project, "7+ana@users.noreply.github.com")
    assert problems(project) == ["its approver is an author of the change."]


def of_github(project: Path, monkeypatch: pytest.MonkeyPatch, **event: object) -> None:
    """Set the variables of a job of GitHub, in a repository with the default branch `trunk`."""
    git(project, "branch", "--move", "main", "trunk")
    git(project, "update-ref", "refs/remotes/origin/trunk", "refs/heads/trunk")
    file = project.parent / f"{project.name}.json"
    file.write_text(json.dumps({"repository": {"default_branch": "trunk"}, **event}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(file))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request" if "pull_request" in event else "push")


def test_a_push_to_a_branch_is_compared_with_the_default_branch_of_the_event(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_github(project, monkeypatch)
    commit(project, "main.py", BEN, "third")
    approve(project, DEV)
    assert problems(project) == ["its approver is an author of the change."]


def test_the_target_of_a_pull_request_hides_no_author(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`GITHUB_BASE_REF` is set for pull requests only, and their authors choose it: here, a branch with the change."""
    of_github(project, monkeypatch, pull_request={"user": {"login": "ben"}})
    monkeypatch.setenv("GITHUB_BASE_REF", "change")
    git(project, "update-ref", "refs/remotes/origin/change", "change")
    git(project, "checkout", "-b", "harmless")
    commit(project, "main.py", BEN, "third")
    approve(project, DEV)
    assert problems(project) == ["its approver is an author of the change."]


def test_a_pull_request_of_a_fork_is_compared_with_the_branch_of_the_cloned_repository(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub checks out its merge into the target: the fork's own branches are not in the clone."""
    of_github(project, monkeypatch, pull_request={"user": {"login": "dev"}})
    approve(project, ANA)
    git(project, "checkout", "trunk")
    commit(project, "README.md", BEN, "of the target")
    git(project, "update-ref", "refs/remotes/origin/trunk", "trunk")
    git(project, "checkout", "--detach", "trunk")
    git(project, "merge", "--no-ff", "change", "--message", "Merge", who="noreply@github.com")
    git(project, "branch", "--delete", "--force", "change", "trunk")
    assert problems(project) == []
    approve(project, DEV)
    assert problems(project) == ["its approver is an author of the change."]


def test_who_pushes_a_change_to_a_merge_request_cannot_approve_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PIPELINE_SOURCE", "merge_request_event")
    monkeypatch.setenv("GITLAB_USER_EMAIL", ANA)
    approve(project, ANA)
    assert problems(project) == [], "the last push was the approval"
    commit(project, "main.py", DEV, "third")
    assert problems(project) == ["its approver is an author of the change."]


def test_a_clone_without_history_is_refused(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    approve(project, ANA)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--depth", "1", f"file://{project}", ".")
    with pytest.raises(OperationError, match="This clone contains only a part of the history"):
        review([project / "dev-data.json"], root=clone, today=TODAY)


def test_declared_stacks_can_be_approved_by_their_authors(project: Path) -> None:
    approve(project, DEV)
    commit(project, "approvals/settings.yaml", DEV, 'self_approval: ["dev-*"]\n')
    assert problems(project) == []
