"""Checks of this machine: Python, programs and the AWS provider."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Final

from mlinfra.cdk_family import CDKTN, FAMILIES, SELECTION, installed_command, present
from mlinfra.command import cdk_command, own_command
from mlinfra.errors import OperationError
from mlinfra.operations.clusters import SESSION_PLUGIN, SESSION_PLUGIN_PAGE
from mlinfra.operations.doctor.diagnosis import Diagnosis, ok, problem, problem_of, warning
from mlinfra.operations.terraform import find_cdktf, find_node, find_terraform, provider_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mlinfra.operations.terraform import Tool

_TOOLS: Final[Mapping[str, Callable[[], Tool]]] = {"Terraform": find_terraform, "Node.js": find_node}


def check_machine(root: Path) -> Iterator[Diagnosis]:
    """Check the programs that commands of mlinfra start.

    Args:
        root: the project.
    """
    yield ok("Python", f"{platform.python_version()}, mlinfra {version('mlinfra-cdktf')}")
    yield from _packages()
    for name, find in _TOOLS.items():
        try:
            yield _found(name, find())
        except OperationError as error:
            yield problem_of(name, error)
    try:
        yield _found("cdktf", find_cdktf(root))
    except OperationError as error:
        yield _without_cdktf(root) or problem_of("cdktf", error)
    try:
        yield ok("AWS provider", f"from {provider_source(root).phrase}")
    except OperationError as error:
        yield problem_of("AWS provider", error)
    if shutil.which(SESSION_PLUGIN):
        yield ok("Session Manager plugin", "installed")
    else:
        yield warning(
            "Session Manager plugin",
            f"{SESSION_PLUGIN} is not on the PATH, so shells on nodes cannot be opened",
            f"Install it, if you need one: {SESSION_PLUGIN_PAGE}",
        )


def _found(name: str, tool: Tool) -> Diagnosis:
    return ok(name, f"{'.'.join(map(str, tool.version))} ({tool.path})")


def _without_cdktf(root: Path) -> Diagnosis | None:
    """The diagnosis of a project without the command of cdktf or cdktn.

    None: the project has one, or the selection is invalid.
    """
    try:
        if installed_command(root) is not None:
            return None
    except ValueError:
        return None
    package = "cdktn-cli@0.24" if CDKTN.is_installed else "cdktf-cli@0.21"
    install = "make setup" if (root / "package.json").is_file() else f"npm install {package}"
    return warning(
        "cdktf",
        f"it is not installed in {root}, so `{cdk_command()} diff` and `deploy`, and `{own_command()} demo`, cannot be "
        "used",
        f"Install it, if you need one of them: {install}",
    )


def _packages() -> Iterator[Diagnosis]:
    """Check that the installed packages satisfy the requirements of mlinfra, with those of cdktf or cdktn."""
    from packaging.requirements import Requirement

    try:
        used = present()
    except (ImportError, ValueError) as error:
        yield problem("Python packages", str(error), f"Install one of both, or correct {SELECTION}")
        return
    unused = {name for each in FAMILIES if each is not used for name in each.distributions}
    wrong = []
    for text in requires("mlinfra-cdktf") or ():
        requirement = Requirement(text)
        if requirement.name in unused:
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": used.name}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} is {installed} instead of {requirement.specifier}")
    if wrong:
        yield problem("Python packages", "; ".join(wrong), f"Install them: pip install --upgrade {used.requirement}")
    else:
        yield ok("Python packages", f"as mlinfra requires them, with {used.name} {version(used.name)}")
