"""The default branch of a repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.review.default_branch import default_branch
from mlinfra.operations.terraform import Repository
from tests.unit.operations.review.approvals import commit, git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CI_DEFAULT_BRANCH", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "--initial-branch=trunk")
    commit(tmp_path, "main.py", "ben@example.com", "first")
    return tmp_path


def test_there_may_be_none(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert default_branch(Repository(repository)) is None
    assert default_branch(Repository(tmp_path_factory.mktemp("no-repository"))) is None


def test_the_remote_is_preferred(repository: Path) -> None:
    git(repository, "branch", "main")
    assert default_branch(Repository(repository)) == "refs/heads/main"
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert default_branch(Repository(repository)) == "refs/remotes/origin/main"


def test_pipelines_name_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "branch", "main")
    git(repository, "update-ref", "refs/remotes/origin/trunk", "HEAD")
    (repository / "event.json").write_text(json.dumps({"repository": {"default_branch": "trunk"}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(repository / "event.json"))
    assert default_branch(Repository(repository)) == "refs/remotes/origin/trunk"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"repository": {"default_branch": 1}}'])
def test_an_event_without_a_repository_names_none(
    repository: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (repository / "event.json").write_text(content)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(repository / "event.json"))
    assert default_branch(Repository(repository)) is None
