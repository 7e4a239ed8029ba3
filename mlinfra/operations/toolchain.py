"""Checks of the required programs: presence, minimum version, and instructions for installation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.cdk_family import CDKTN, installed_command
from mlinfra.command import terraform_command
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlinfra.declarations import Environment

Version = tuple[int, ...]

OLDEST_TERRAFORM: Version = (1, 6)
"""The first version whose S3 backend has `allowed_account_ids`, and reads endpoints from the variables of AWS SDKs.

Source: changelog of Terraform 1.6.0 (read 2026-11-30).
"""

OLDEST_TERRAFORM_WITH_REMOVED_BLOCKS: Version = (1, 7)
"""The first version with `removed` blocks, which stacks with forgotten resources have.

Source: developer.hashicorp.com/terraform/language/block/removed (read 2026-11).
"""

OLDEST_TERRAFORM_WITH_NATIVE_LOCK: Version = (1, 10)
"""The first version whose S3 backend has `use_lockfile`. OpenTofu has it from the same version."""

_TERRAFORM_ADVICE = "Install it: https://developer.hashicorp.com/terraform/install"

OLDEST_NODE: Version = (20,)

OLDEST_NODE_OF_CDKTN: Version = (22, 19)
"""The first version that runs the command of cdktn: `engines` of cdktn-cli 0.24.0. A synth needs only OLDEST_NODE."""


@dataclass(frozen=True)
class Tool:
    """A program that is installed and has the required version."""

    name: str
    path: Path
    version: Version

    def __str__(self) -> str:
        return f"{self.name} {_written(self.version)}"


def find_terraform(oldest: Version = OLDEST_TERRAFORM) -> Tool:
    """The Terraform on the PATH, or the one that TERRAFORM_BINARY_NAME selects, as in cdktf.

    Args:
        oldest: the minimum version. Default: 1.6.

    Raises:
        OperationError: if it is missing or too old, with instructions.
    """
    return _find("Terraform", terraform_command(), oldest, _terraform_version, _TERRAFORM_ADVICE)


def oldest_terraform(environments: Iterable[Environment]) -> Version:
    """The oldest Terraform that can read the stacks of all `environments`."""
    oldest = OLDEST_TERRAFORM
    for each in environments:
        if each.forgotten:
            oldest = max(oldest, OLDEST_TERRAFORM_WITH_REMOVED_BLOCKS)
        if each.native_state_lock:
            oldest = max(oldest, OLDEST_TERRAFORM_WITH_NATIVE_LOCK)
    return oldest


def require_terraform(tool: Tool, environments: Iterable[Environment]) -> None:
    """Check that Terraform can read the stacks of `environments`, before it refuses a part of one.

    Raises:
        OperationError: if it is too old, with instructions.
    """
    oldest = oldest_terraform(environments)
    if tool.version < oldest:
        required = f"{tool.name} {_written(oldest)} or newer is required"
        message = f"{required}, and {tool.path} is {_written(tool.version)}. {_TERRAFORM_ADVICE}"
        raise OperationError(message)


def find_node(oldest: Version = OLDEST_NODE) -> Tool:
    """The Node.js on the PATH, which runs cdktf.

    Args:
        oldest: the minimum version. Default: 20.

    Raises:
        OperationError: if it is missing or too old, with instructions.
    """
    return _find("Node.js", "node", oldest, _plain_version, "Install it: https://nodejs.org/en/download")


def find_cdktf(root: Path) -> Tool:
    """The command of cdktf, or of its fork cdktn, that is installed in the project at `root`.

    Raises:
        OperationError: if it is not installed, or if Node.js is too old for it.
    """
    try:
        path = installed_command(root)
    except ValueError as error:
        raise OperationError(str(error)) from None
    if path is None:
        message = f"cdktf is not installed in {root}. Install it: make setup"
        raise OperationError(message)
    if path.name == CDKTN.name:
        find_node(OLDEST_NODE_OF_CDKTN)
    package = next(each / "package.json" for each in path.resolve().parents if (each / "package.json").is_file())
    return Tool(path.name, path, _parsed(json.loads(package.read_text())["version"]))


def require_tools(*checks: Callable[[], Tool]) -> tuple[Tool, ...]:
    """The tools that `checks` find.

    Raises:
        OperationError: with all missing or outdated tools, not only the first.
    """
    found: list[Tool] = []
    problems: list[str] = []
    for check in checks:
        try:
            found.append(check())
        except OperationError as problem:
            problems.append(problem.message)
    if problems:
        raise OperationError("\n".join(problems))
    return tuple(found)


def _find(name: str, command: str, oldest: Version, ask: Callable[[str], str], advice: str) -> Tool:
    required = f"{name} {_written(oldest)} or newer is required"
    path = shutil.which(command)
    if path is None:
        message = f"{required}, and {command!r} is not on the PATH. {advice}"
        raise OperationError(message)
    try:
        version = _parsed(ask(path))
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        message = f"{required}, and the version of {path} cannot be determined ({error}). {advice}"
        raise OperationError(message) from None
    if version < oldest:
        message = f"{required}, and {path} is {_written(version)}. {advice}"
        raise OperationError(message)
    return Tool(name, Path(path), version)


def _terraform_version(path: str) -> str:
    return str(json.loads(_output(path, "version", "-json"))["terraform_version"])


def _plain_version(path: str) -> str:
    return _output(path, "--version")


def _output(*command: str) -> str:
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    return ended.stdout


def _parsed(text: str) -> Version:
    match = re.match(r"v?(\d+(?:\.\d+)+)", text.strip())
    if match is None:
        message = f"its output was {text.strip()[:40]!r}"
        raise ValueError(message)
    return tuple(int(part) for part in match[1].split("."))


def _written(version: Version) -> str:
    return ".".join(str(part) for part in version)
