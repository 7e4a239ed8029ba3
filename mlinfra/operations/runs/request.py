"""The request for a run, as a user gives it, and its validation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from mlinfra.declarations import variable_problems
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_RETRIES: Final = 10
LONGEST_KEEP_MINUTES: Final = 24 * 60
DEFAULT_OUTPUTS: Final = "outputs"
_NAME: Final = re.compile(r"[\w.\-]{1,64}", re.ASCII)
_PYTHON: Final = re.compile(r"3\.\d{1,2}(\.\d{1,2})?", re.ASCII)
_SET_BY_RUNS: Final = frozenset({"MASTER_ADDR", "MASTER_PORT", "NNODES", "NODE_RANK"})
_LONGEST_COMMAND: Final = 32_768
"""In bytes. The record of a run, at most 400 KiB in DynamoDB, contains the command."""


@dataclass(frozen=True)
class RunRequest:
    """A command to run on the nodes of an experiment's cluster, or in a queue."""

    command: tuple[str, ...]
    folder: Path = field(default_factory=Path.cwd)
    """The working directory of the command, in a git repository."""
    name: str | None = None
    """Its name in listings. Default: the name of the experiment."""
    has_code: bool = True
    """False: the command is in the image, and no code is packed."""
    dirty: bool = False
    """True: uncommitted changes are included."""
    image: str | None = None
    """The container image. Default: the command runs on the node itself."""
    lock: str | None = None
    """The lock file of a virtual environment, relative to `folder`. Default: that of the image is used."""
    python: str | None = None
    """The version of Python of the virtual environment, such as 3.11. Default: that of the image."""
    variables: Mapping[str, str] = field(default_factory=dict)
    outputs: str = DEFAULT_OUTPUTS
    checkpoints: str | None = None
    retries: int = 0
    keep_minutes: int | None = None
    """Default: the `pause_minutes` of the environment."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Prefixes of the data lake, each with the version that the command reads."""

    def __post_init__(self) -> None:
        """Check all values.

        Raises:
            OperationError: with every problem at once.
        """
        problems = [*_command_problems(self.command), *self._problems()]
        if problems:
            message = "The run cannot be started."
            raise OperationError(message, details="\n".join(problems))

    def _problems(self) -> Iterator[str]:
        yield from self._code_problems()
        yield from self._variable_problems()
        if self.name is not None and not _NAME.fullmatch(self.name):
            yield f"--name: {self.name!r} is invalid. Expected: 1 to 64 letters, digits, dots, hyphens and underscores."
        for option, path in (("--outputs", self.outputs), ("--checkpoints", self.checkpoints)):
            if path is not None:
                yield from _path_problems(option, path)
        if not 0 <= self.retries <= MOST_RETRIES:
            yield f"--retries: {self.retries} is out of range. Expected: 0 to {MOST_RETRIES}."
        if self.keep_minutes is not None and not 0 <= self.keep_minutes <= LONGEST_KEEP_MINUTES:
            yield f"--keep: {self.keep_minutes} is out of range. Expected: 0 to {LONGEST_KEEP_MINUTES} minutes."

    def _code_problems(self) -> Iterator[str]:
        if not self.has_code and self.image is None:
            yield "--no-code: without code, an image is required. Expected: --image IMAGE too."
        if not self.has_code and (self.lock or self.dirty):
            yield "--no-code: it excludes --lock and --dirty, which concern the code."
        if self.image is not None and self.lock is not None:
            yield "--lock: it excludes --image. Install the packages in the image."
        if self.python is not None and self.lock is None:
            yield "--python: it is the version of a virtual environment. Expected: --lock FILE too."
        if self.python is not None and not _PYTHON.fullmatch(self.python):
            yield f"--python: {self.python!r} is not a version of Python. Expected: such as 3.11."

    def _variable_problems(self) -> Iterator[str]:
        yield from (f"--variable: {each.partition(': ')[2]}" for each in variable_problems(self.variables))
        for name, value in self.variables.items():
            if name in _SET_BY_RUNS or name.startswith("MLINFRA_"):
                yield f"--variable: {name!r} is set by mlinfra. Expected: another name."
            if "\0" in value:
                yield f"--variable: the value of {name!r} contains a null character."


def parse_pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """The values of an option that is given as NAME=VALUE, several times.

    Raises:
        OperationError: if one has no name or no `=`, or a name is given twice.
    """
    found: dict[str, str] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not name or not separator:
            message = f"{option}: {each!r} is invalid. Expected: NAME=VALUE."
            raise OperationError(message)
        if name in found:
            message = f"{option}: {name!r} is given twice; names must be unique."
            raise OperationError(message)
        found[name] = value
    return found


def _command_problems(command: tuple[str, ...]) -> Iterator[str]:
    if not command or not command[0].strip():
        yield "COMMAND: it is empty. Expected: the command after --, such as -- python train.py."
    if sum(len(each.encode(errors="replace")) + 1 for each in command) > _LONGEST_COMMAND:
        yield f"COMMAND: it has more than {_LONGEST_COMMAND} bytes. Expected: a script in the code that contains it."
    if any("\0" in each for each in command):
        yield "COMMAND: an argument contains a null character."


def _path_problems(option: str, path: str) -> Iterator[str]:
    if not path or ".." in PurePosixPath(path).parts or "\0" in path:
        yield f"{option}: {path!r} is invalid. Expected: a directory below the working directory, or an absolute path."
