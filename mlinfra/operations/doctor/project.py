"""Checks of a project: declarations, locks, expired experiments and uncommitted changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.declarations import load_environments
from mlinfra.errors import DeclarationError
from mlinfra.operations.doctor.diagnosis import Diagnosis, ok, problem, warning
from mlinfra.operations.terraform import Repository, abbreviated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path


def check_project(root: Path, today: date) -> Iterator[Diagnosis]:
    """Check the declarations of the project at `root`.

    Args:
        root: the project.
        today: the present day.
    """
    try:
        environments = load_environments(root, today=today)
    except DeclarationError as error:
        yield problem("Declarations", str(error), "Correct the named files in environments/")
        return
    yield ok("Declarations", f"environments {', '.join(each.name for each in environments)}")
    if not (root / ".terraform.lock.hcl").is_file():
        yield problem(
            "Provider lock",
            "there is no .terraform.lock.hcl, so each run may use another version of the AWS provider",
            "Copy it from a stack after `terraform init`, and commit it (docs/providers.md)",
        )
    for environment in environments:
        for expired in environment.expired_experiments(today):
            yield warning(
                f"{environment.name}: experiments",
                f"{expired.name} of {expired.owner} expired {expired.days} days ago, and its cluster has no nodes",
                f"Extend its `expires` in environments/{environment.name}.py, or remove it",
            )
    yield from _repository(root)


def _repository(root: Path) -> Iterator[Diagnosis]:
    repository = Repository(root)
    if repository.head() is None:
        yield problem(
            "Repository", "the project is not in a git repository with a commit", "git init, and commit the project"
        )
    elif uncommitted := repository.uncommitted(ignoring=root / "plans"):
        yield warning(
            "Repository",
            f"uncommitted changes: {abbreviated(uncommitted)}",
            f"Commit them before `{own_command()} up` and `apply`",
        )
    else:
        yield ok("Repository", "no uncommitted changes")
