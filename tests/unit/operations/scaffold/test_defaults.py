"""Defaults of a new project come from its folder, git and the environment variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.scaffold import Defaults, begin_repository, defaults_of
from tests.ci.gitlab_ci_local import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_a_clone_gives_the_owner_and_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet", ".")
    git(tmp_path, "config", "user.email", "li@example.com")
    git(tmp_path, "remote", "add", "origin", "git@github.com:ml/ranker.git")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    folder = tmp_path / "My Ranker"
    assert defaults_of(folder) == Defaults("my-ranker", "eu-west-1", "li@example.com", "github.com/ml/ranker")


def test_without_git_there_are_defaults_of_the_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert defaults_of(tmp_path / "ranker") == Defaults("ranker", "", "", "")
    assert begin_repository(tmp_path) is False


def test_a_repository_is_created_unless_there_is_one(tmp_path: Path) -> None:
    assert begin_repository(tmp_path) is True
    assert git(tmp_path, "symbolic-ref", "HEAD") == "refs/heads/main"
    (tmp_path / "inside").mkdir()
    assert begin_repository(tmp_path / "inside") is False
