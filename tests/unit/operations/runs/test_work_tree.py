"""The git working tree of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.runs.work_tree import Changes, WorkTree, without_credentials
from tests.unit.operations.runs.repositories import a_repository, git, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://gitlab.example.com/ml/a.git", "https://gitlab.example.com/ml/a.git"),
        ("https://oauth2:glpat-secret@gitlab.example.com/ml/a.git", "https://gitlab.example.com/ml/a.git"),
        ("https://ghp_secret@github.com/ml/a?token=secret#x", "https://github.com/ml/a"),
        ("ssh://git:secret@host.example.com:2222/a.git", "ssh://git@host.example.com:2222/a.git"),
        ("git@github.com:ml/a.git", "git@github.com:ml/a.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
    ],
)
def test_credentials_are_removed_from_the_url_of_a_remote(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_tracked_and_untracked_changes_are_distinguished(tmp_path: Path) -> None:
    folder = a_repository(tmp_path / "repository")
    write(folder, training__train_py="changed", new_txt="new", staged_txt="staged")
    git(folder, "add", "staged.txt")
    assert WorkTree(folder / "training").changes() == Changes(
        tracked=("staged.txt", "training/train.py"), untracked=("new.txt",)
    )


def test_the_remote_of_the_branch_is_preferred_to_origin(tmp_path: Path) -> None:
    folder = a_repository(tmp_path / "repository")
    assert WorkTree(folder).remote() is None
    git(folder, "remote", "add", "origin", "https://example.com/fork.git")
    git(folder, "remote", "add", "upstream", "https://example.com/team.git")
    assert WorkTree(folder).remote() == "https://example.com/fork.git"
    git(folder, "config", "branch.main.remote", "upstream")
    assert WorkTree(folder).remote() == "https://example.com/team.git"


def test_a_detached_commit_has_no_branch(tmp_path: Path) -> None:
    folder = a_repository(tmp_path / "repository")
    assert WorkTree(folder).branch() == "main"
    git(folder, "checkout", "--quiet", "--detach")
    assert WorkTree(folder).branch() is None
