"""Checks of a project's declarations and repository."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.doctor import Status
from mlinfra.operations.doctor.project import check_project
from tests.conftest import TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.doctor import Diagnosis

DECLARED = """
from datetime import date
from mlinfra import Environment, Experiment

dev = Environment(
    name="dev", project="recsys", account_id="111111111111", region="us-east-1", team="ml", cost_center="ml-1",
    repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=15_000, permissions_boundary=None,
    experiments=[Experiment(name="ranker", owner="ana@example.com", gpu="A10G", expires=date.fromisoformat("{day}"))],
)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "environments").mkdir()
    (tmp_path / ".terraform.lock.hcl").write_text("")
    declare(tmp_path, (TODAY + timedelta(days=5)).isoformat())
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "-c", "user.name=Ana", "-c", "user.email=ana@example.com", "commit", "--quiet", "--message", "Begin")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)  # noqa: S607


def declare(root: Path, day: str) -> None:
    (root / "environments" / "dev.py").write_text(DECLARED.replace("{day}", day))


def found(root: Path) -> dict[str, Diagnosis]:
    return {each.area: each for each in check_project(root, TODAY)}


def test_a_project_in_order(root: Path) -> None:
    assert {area: each.status for area, each in found(root).items()} == {
        "Declarations": Status.OK,
        "Repository": Status.OK,
    }


def test_uncommitted_changes_and_expired_experiments_are_warnings(root: Path) -> None:
    declare(root, (TODAY - timedelta(days=3)).isoformat())
    told = found(root)
    assert told["Repository"].status is Status.WARNING
    assert told["Repository"].text == "uncommitted changes: environments/dev.py"
    assert told["dev: experiments"].text == (
        "ranker of ana@example.com expired 3 days ago, and its cluster has no nodes"
    )


def test_an_invalid_declaration_is_a_problem(root: Path) -> None:
    declare(root, "someday")
    told = found(root)
    assert told["Declarations"].status is Status.PROBLEM
    assert "environments/dev.py" in told["Declarations"].text


def test_a_missing_lock_file_and_repository_are_problems(root: Path) -> None:
    (root / ".terraform.lock.hcl").unlink()
    (root / ".git").rename(root / "git")
    told = found(root)
    assert told["Provider lock"].status is Status.PROBLEM
    assert told["Repository"].status is Status.PROBLEM
