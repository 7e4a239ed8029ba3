"""Preparation of a node for the command of a run: its code, and its virtual environment or image."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.runner.container import (
    ContainerError,
    container_command,
    container_name,
    end_container,
    pull,
    remove_container,
    signal_container,
)
from mlinfra.runner.environment import command_environment, declared_environment, node_environment
from mlinfra.runner.extraction import ArchiveError, extract, fetch_archive
from mlinfra.runner.programs import Login, login_user
from mlinfra.runner.virtualenv import BuildError, build_virtualenv, virtualenv_folder, virtualenv_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlinfra.runner.contract import Member
    from mlinfra.runner.paths import RunPaths
    from mlinfra.runner.specification import RunSpecification

__all__ = ["Launch", "PreparationError", "end_of", "kill", "launch", "prepare"]


class PreparationError(Exception):
    """The node cannot run the command. The message is for the submitter of the run; another node would fail alike."""


@dataclass(frozen=True)
class Launch:
    """The process that the runner starts for the command of a run."""

    argv: list[str]
    environment: dict[str, str]
    """All of its variables."""
    directory: Path
    user: str | None
    """The user of the node that runs it. None: that of the runner."""
    container: str | None
    """The name of its container. None: it runs on the node itself."""
    login: Login | None = None
    """The user with its groups."""


def prepare(
    spec: RunSpecification,
    paths: RunPaths,
    *,
    download: Callable[[str, Path], None],
    say: Callable[[str], None],
) -> None:
    """Get the code of a run, and its virtual environment or image, to the node.

    May be called again, as for a retry: what is there is kept.

    Args:
        spec: the run.
        paths: its folders on the node.
        download: writes the object of a key in the models zone to a file.
        say: tells people about the step.

    Raises:
        PreparationError: if the run cannot be executed on the node.
    """
    user = _user(spec, paths)
    if spec.image and spec.virtualenv:
        message = "A run has an image or a lock file, not both: packages belong into the image."
        raise PreparationError(message)
    try:
        if spec.code:
            say("downloading the code")
            extract(fetch_archive(spec.code, paths.archives, download), paths.code, owner=user)
        _make_folders(spec, paths, user)
        if spec.image and not spec.queue:
            remove_container(container_name(spec)) if shutil.which("docker") else None
            pull(spec.image, say=say)
        elif spec.virtualenv:
            build_virtualenv(
                spec.virtualenv,
                code=paths.code,
                folder=paths.virtualenvs,
                variables={**declared_environment(paths.root), **spec.variables},
                user=user,
                say=say,
            )
    except (ArchiveError, BuildError, ContainerError) as error:
        raise PreparationError(str(error)) from None
    except OSError as error:
        message = f"The node could not be prepared: {error.strerror} ({error.filename})."
        raise PreparationError(message) from error


def _user(spec: RunSpecification, paths: RunPaths) -> Login | None:
    """The user of the command. None: that of the runner, which in a queue is the user of the image."""
    return None if spec.image or spec.queue else login_user(paths.root)


def _make_folders(spec: RunSpecification, paths: RunPaths, user: Login | None) -> None:
    for folder in (paths.run, paths.code, paths.work, paths.outputs, paths.checkpoints):
        if folder is not None and not folder.is_dir():
            _make_folder(folder, user if folder != paths.run else None)
    if spec.image and not spec.queue:
        # The user of the image is not known, and the node is that of one run.
        for folder in filter(None, (paths.work, paths.outputs, paths.checkpoints)):
            folder.chmod(0o777)


def _make_folder(folder: Path, user: Login | None) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing if user else ():
        os.chown(each, user.uid, user.gid)  # type: ignore[union-attr]


def launch(
    spec: RunSpecification,
    paths: RunPaths,
    rank: int,
    members: Sequence[Member],
    *,
    attempt: int = 1,
    own: Mapping[str, str] | None = None,
) -> Launch:
    """The process for the command on one node, after `prepare`.

    Args:
        spec: the run.
        paths: its folders on the node.
        rank: the position of the node among the members.
        members: the nodes of the attempt, in the order of their ranks.
        attempt: the number of the attempt. Default: 1.
        own: the variables of the runner. Default: those of this process.
    """

    def environment(base: Mapping[str, str]) -> dict[str, str]:
        return command_environment(spec, rank=rank, members=members, paths=paths, base=base, attempt=attempt)

    own = dict(os.environ if own is None else own)
    if spec.image and not spec.queue:
        inside = environment(declared_environment(paths.root))
        argv = container_command(spec, paths, inside)
        return Launch(argv, {**own, **inside}, paths.run, None, container_name(spec))
    user = _user(spec, paths)
    base = {**node_environment(paths.root, own), **(user.environment if user else {})}
    if spec.virtualenv:
        folder = virtualenv_folder(spec.virtualenv, paths.virtualenvs)
        base.update(virtualenv_variables(folder, spec.virtualenv, paths.code, base.get("PATH", os.defpath)))
    # The container of a queue begins in the folder of its image, where the command of an image with its own code is.
    directory = Path.cwd() if spec.queue and not spec.code else paths.work
    return Launch(list(spec.command), environment(base), directory, user.name if user else None, None, user)


def end_of(launched: Launch, status: int) -> str | None:
    """The reason for an exit code that does not come from the command itself. Removes the container.

    Args:
        launched: the process.
        status: its exit code, negative for a signal.

    Returns:
        A sentence. None: it is the command's own.
    """
    return end_container(launched.container, status).reason if launched.container else None


def kill(launched: Launch) -> None:
    """End a container at once. For a process without one, nothing is done: the runner kills its process group."""
    if launched.container:
        signal_container(launched.container, "SIGKILL")
