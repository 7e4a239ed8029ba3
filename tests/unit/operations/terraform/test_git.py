from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.git import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_identity_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_COMMITTER_{name}", raising=False)
        monkeypatch.delenv(f"GIT_AUTHOR_{name}", raising=False)


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a subfolder of its repository, with a first commit."""
    project = tmp_path / "repository" / "infrastructure"
    project.mkdir(parents=True)
    (project / "main.py").write_text("first\n")
    git(project.parent, "init", "--quiet", "--initial-branch=main")
    commit(project.parent, "Begin")
    return project


def test_a_folder_outside_of_any_repository_has_no_commit(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    assert (repository.head(), repository.uncommitted(ignoring=tmp_path / "plans")) == (None, ())
    with pytest.raises(OperationError, match=r"is not in a git repository, so there is no commit 'main'\."):
        repository.commit("main")


def test_uncommitted_files_of_the_whole_repository_count_but_for_plans(root: Path) -> None:
    (root / "plans").mkdir()
    (root / "plans" / "tfplan").write_text("secret")
    assert Repository(root).uncommitted(ignoring=root / "plans") == ()
    (root.parent / "shared.py").write_text("x")
    (root / "main.py").write_text("second\n")
    assert set(Repository(root).uncommitted(ignoring=root / "plans")) == {"infrastructure/main.py", "shared.py"}


def test_a_commit_that_does_not_exist_is_refused_with_how_to_get_it(root: Path, tmp_path: Path) -> None:
    commit(root, "Go on")
    with pytest.raises(OperationError, match=r"no commit 'v9' in this clone\. Expected: a commit, branch or tag"):
        Repository(root).commit("v9")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{root.parent}", str(shallow))
    with pytest.raises(OperationError, match="git fetch --unshallow"):
        Repository(shallow).commit("HEAD~1")
    with pytest.raises(OperationError, match="There is no commit '--help' in this clone"):
        Repository(root).commit("--help")


def test_the_project_at_a_commit_is_in_a_temporary_folder(root: Path) -> None:
    first = Repository(root).commit("HEAD")
    hook = root.parent / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {root.parent}/hook-ran\n")
    hook.chmod(0o755)
    (root / "main.py").write_text("second\n")
    commit(root, "Go on")
    with Repository(root).at(first) as project:
        assert (project / "main.py").read_text() == "first\n"
        assert project != root
    assert not project.exists()
    assert git(root, "worktree", "list").count("\n") == 0
    assert not (root.parent / "hook-ran").exists()


def test_a_commit_before_the_project_was_there_is_refused(root: Path) -> None:
    git(root, "rm", "--quiet", "main.py")
    without = commit(root.parent, "Take it away")
    root.mkdir(exist_ok=True)
    refused = pytest.raises(OperationError, match=r"has no main\.py at commit")
    with refused, Repository(root).at(without):
        pass
    assert git(root.parent, "worktree", "list").count("\n") == 0


def test_how_far_commits_are_apart(root: Path) -> None:
    repository = Repository(root)
    first = repository.commit("HEAD")
    second = commit(root, "Go on")
    distance = repository.distance(second, first)
    assert distance
    assert (distance.ahead, distance.behind) == (1, 0)
    assert repository.distance(second, "0" * 40) is None
    assert (repository.subject(second), repository.subject("0" * 40)) == ("Go on", None)


class TestTags:
    def test_are_annotated_and_made_once(self, root: Path) -> None:
        git(root, "config", "user.name", "Ana")
        git(root, "config", "user.email", "ana@example.com")
        repository = Repository(root)
        head = repository.commit("HEAD")
        repository.require_taggable("experiment-v2.3-infra", head)
        for _ in range(2):
            repository.make_tag("experiment-v2.3-infra", head, "Applied.")
        assert git(root, "cat-file", "-t", "experiment-v2.3-infra") == "tag"
        repository.require_taggable("experiment-v2.3-infra", head)

    def test_on_another_commit_are_refused(self, root: Path) -> None:
        git(root, "tag", "v1")
        with pytest.raises(OperationError, match=r"The tag 'v1' already exists, on commit \w{12}"):
            Repository(root).require_taggable("v1", commit(root, "Go on"))

    @pytest.mark.parametrize("name", ["with space", "-d", "a..b", ""])
    def test_of_bad_names_are_refused(self, root: Path, name: str) -> None:
        with pytest.raises(
            OperationError,
            match=r"is not a valid name for a git tag\. Nothing was applied\. Expected",
        ):
            Repository(root).require_taggable(name, Repository(root).commit("HEAD"))

    def test_without_an_author_are_refused(self, root: Path) -> None:
        git(root, "config", "user.useConfigOnly", "true")
        with pytest.raises(OperationError, match="git does not know the author of the tag"):
            Repository(root).require_taggable("v1", Repository(root).commit("HEAD"))


def test_commits_that_differ_in_one_folder_only_are_recognized(root: Path) -> None:
    repository = Repository(root)
    first = str(repository.head())
    (root / "approvals").mkdir()
    (root / "approvals" / "a.yaml").write_text("")
    second = commit(root.parent, "Approve")
    assert not repository.differs(first, second, outside="approvals")
    (root.parent / "other").write_text("")
    third = commit(root.parent, "Change another folder of the repository")
    assert repository.differs(first, third, outside="approvals")
    assert repository.differs(first, "0" * 40, outside="approvals"), "a commit that is not in this clone"
    assert repository.last_change(outside="approvals") == third
    assert repository.authors(first, outside="approvals") == {"ana@example.com"}
    assert repository.authors(third, outside="approvals") == frozenset()


def test_the_versions_of_a_file_begin_with_the_newest(root: Path) -> None:
    (root / "main.py").write_text("second\n")
    commit(root.parent, "Change")
    (root / "main.py").unlink()
    commit(root.parent, "Remove")
    assert list(Repository(root).versions("main.py")) == [
        ("ana@example.com", ""),
        ("ana@example.com", "second\n"),
        ("ana@example.com", "first\n"),
    ]
