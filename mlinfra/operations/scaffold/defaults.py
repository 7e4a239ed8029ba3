"""Defaults of a new project, from its folder, git and the environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.scaffold.settings import name_from, repository_from
from mlinfra.operations.terraform import Repository

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Defaults:
    """Defaults of the choices for a new project. Empty: there is none."""

    project: str
    """The name of the folder, as far as a project can have it."""
    region: str
    """The region in AWS_REGION or AWS_DEFAULT_REGION."""
    owner: str
    """The e-mail address with which git commits."""
    repository: str
    """The remote `origin` of the folder's repository."""


def defaults_of(folder: Path) -> Defaults:
    """The defaults of a project in `folder`, which may not exist yet."""
    folder = folder.resolve()
    repository = Repository(_existing(folder))
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    try:
        owner, origin = repository.user_address() or "", repository.origin() or ""
    except OperationError:  # without git, which is required to deploy, but not to write files
        owner, origin = "", ""
    return Defaults(name_from(folder.name), region, owner, repository_from(origin))


def begin_repository(folder: Path) -> bool:
    """Create a git repository in `folder`, unless it is in one or git is not installed. True: it was created."""
    try:
        return Repository(folder).begin()
    except OperationError:
        return False


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_dir())
