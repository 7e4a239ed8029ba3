"""Reproduction of a run: what can still be had, and the commands that give the same again."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.runs.availability import check_availability
from mlinfra.operations.runs.request import DEFAULT_OUTPUTS, RunRequest
from mlinfra.operations.runs.tracking import without_tracking

if TYPE_CHECKING:
    from mlinfra.operations.runs.availability import Availability
    from mlinfra.operations.runs.description import RunDescription
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.operations.terraform import Repository
    from mlinfra.runner import RunSpecification


@dataclass(frozen=True)
class Reproduction:
    """The way to give a run again."""

    run_id: str
    folder: Path
    """The folder into which its code is put. It is not the user's working tree."""
    parts: tuple[Availability, ...]
    commands: tuple[str, ...]
    """What to run, in this order. Empty: its code can no longer be had."""
    has_commit: bool
    """True: its commit is in this clone. False: its code is taken from the archive."""

    @property
    def is_exact(self) -> bool:
        """True if everything that was checked is unchanged."""
        return all(each.outcome == "same" for each in self.parts)

    @property
    def is_possible(self) -> bool:
        """True if its code and the place to run it can be had."""
        missing = {each.part for each in self.parts if each.outcome == "missing"}
        return bool(self.commands) and not missing & {"experiment", "queue", "container image"}


def plan_reproduction(table: RunTable, description: RunDescription, repository: Repository) -> Reproduction:
    """Check what can still be had of a run, and state the commands that give it again. Nothing is changed.

    Args:
        table: the records of its environment.
        description: the run.
        repository: the clone in which its commit is looked up.

    Raises:
        OperationError: if its specification cannot be read.
    """
    spec = description.specification
    if spec is None:
        problems = " ".join(description.problems) or "Its specification is unknown."
        message = f"The run {description.run.run_id} cannot be reproduced. {problems}"
        raise OperationError(message)
    parts = check_availability(table, description, repository)
    outcomes = {each.part: each.outcome for each in parts}
    has_commit = outcomes.get("commit") == "same" and outcomes.get("uncommitted changes", "same") == "same"
    has_code = has_commit or spec.code is None or outcomes.get("code archive") == "same"
    folder = reproduction_folder(spec)
    return Reproduction(
        spec.run_id,
        folder,
        tuple(parts),
        _commands(spec, folder, has_commit=has_commit) if has_code else (),
        has_commit,
    )


def reproduction_folder(spec: RunSpecification) -> Path:
    """The folder into which the code of a run is put: in the user's cache."""
    return user_cache_path("mlinfra") / "reproductions" / spec.run_id


def request_again(spec: RunSpecification, folder: Path, *, has_commit: bool) -> RunRequest:
    """The request that gives a run again.

    Args:
        spec: its specification.
        folder: the folder with its code.
        has_commit: True: its code is a commit with uncommitted changes. False: it is that of the archive.

    Raises:
        OperationError: if this version of mlinfra does not accept it.
    """
    directory = PurePosixPath(spec.working_directory)
    lock = os.path.relpath(spec.virtualenv.lock, directory) if spec.virtualenv else None
    return RunRequest(
        command=spec.command,
        folder=folder / directory if spec.code else folder,
        name=spec.name,
        has_code=spec.code is not None,
        dirty=has_commit and spec.provenance.patch_key is not None,
        image=spec.image,
        lock=lock,
        python=spec.virtualenv.python if spec.virtualenv else None,
        variables=without_tracking(spec.variables),
        outputs=spec.outputs,
        checkpoints=spec.checkpoints,
        retries=spec.retries,
        keep_minutes=spec.keep_minutes,
        data=dict(spec.provenance.data),
    )


def _commands(spec: RunSpecification, folder: Path, *, has_commit: bool) -> tuple[str, ...]:
    commands: list[list[str] | str] = []
    place = shlex.quote(str(folder))
    if spec.code is not None and has_commit:
        commands.append(["git", "worktree", "add", "--detach", str(folder), str(spec.provenance.commit)])
        if spec.provenance.patch_key:
            patch = shlex.quote(f"s3://{spec.bucket}/{spec.provenance.patch_key}")
            commands.append(f"aws s3 cp {patch} - | git -C {place} apply --binary -")
    elif spec.code is not None:
        archive = shlex.quote(f"s3://{spec.bucket}/{spec.code.key}")
        git = f"git -C {place}"
        commands += [
            f"mkdir -p {place} && aws s3 cp {archive} - | tar -xz -C {place}",
            f"{git} init --quiet && {git} add --force . && {git} commit --quiet --message {spec.run_id}",
        ]
    commands.append([own_command(), *_arguments(spec, request_again(spec, folder, has_commit=has_commit))])
    return tuple(each if isinstance(each, str) else shlex.join(each) for each in commands)


@dataclass(frozen=True)
class QueueAgain:
    """The size of a run in a queue, and its capacity."""

    nodes: int | None
    """None: one."""
    array_size: int | None
    gpus: int | None
    is_spot: bool | None
    """None: it follows from the number of nodes."""


def queue_again(spec: RunSpecification) -> QueueAgain:
    """The size of a run in its queue. The share identifier of its team is not recorded."""
    kind = spec.partition.removeprefix(f"{spec.project}-{spec.environment}-{spec.queue}-")
    return QueueAgain(
        nodes=spec.nodes if spec.nodes > 1 else None,
        array_size=spec.array_size,
        gpus=spec.gpus or None,
        is_spot={"spot": True, "on-demand": False}.get(kind),
    )


def _queue_arguments(spec: RunSpecification) -> list[str]:
    if spec.queue is None:
        return []
    size = queue_again(spec)
    given = {"--nodes": size.nodes, "--array": size.array_size, "--gpus": size.gpus}
    arguments = ["--queue", spec.queue]
    for name, value in given.items():
        arguments += [] if value is None else [name, str(value)]
    return [*arguments, *([] if size.is_spot is None else ["--spot" if size.is_spot else "--on-demand"])]


def _arguments(spec: RunSpecification, request: RunRequest) -> list[str]:
    arguments = ["run", spec.experiment, "--env", spec.environment, "--directory", str(request.folder)]
    options: dict[str, str | None] = {
        "--name": None if request.name == spec.experiment else request.name,
        "--image": request.image,
        "--lock": request.lock,
        "--python": request.python,
        "--outputs": None if request.outputs == DEFAULT_OUTPUTS else request.outputs,
        "--checkpoints": request.checkpoints,
        "--retries": str(request.retries) if request.retries else None,
        "--keep": None if request.keep_minutes is None else str(request.keep_minutes),
    }
    for name, value in options.items():
        arguments += [name, value] if value is not None else []
    arguments += _queue_arguments(spec)
    arguments += ["--dirty"] if request.dirty else []
    arguments += ["--no-code"] if not request.has_code else []
    for name, value in sorted(request.variables.items()):
        arguments += ["--variable", f"{name}={value}"]
    for name, value in sorted(request.data.items()):
        arguments += ["--data", f"{name}={value}"]
    return [*arguments, "--", *request.command]
