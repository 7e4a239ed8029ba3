"""Commands of other programs on the pages, each parsed by what knows its arguments."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import botocore.session

from mlinfra.operations import scaffold
from tests.conftest import ROOT
from tests.docs.data_blocks import tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.docs.shell_blocks import Command

_ONLY_OF_THE_PROGRAM = {"--cli-binary-format", "--output", "--query", "--region", "--profile"}
"""Options of the AWS CLI that are not parameters of an operation.
Source: AWS CLI command reference, "Global options", read 2026-11-30."""


def _folder(command: Command) -> Path:
    """The folder in which a reader of the page runs commands: that of the page, for pages beside code."""
    page = ROOT / command.block.page
    return ROOT if page.parent.name in {"docs", "examples"} else page.parent


def _exists(command: Command, path: str) -> list[str]:
    """The file is in the folder of the page or of this repository, or a command of the page makes it."""
    if any((folder / path).exists() for folder in (_folder(command), ROOT)):
        return []
    return [f"there is no {path}"]


def _aws(command: Command) -> list[str]:
    """The service has the operation, which has the parameters, and the required ones are given."""
    _, service, name, *arguments = command.words
    if service == "s3":  # the commands of the program itself, which call several operations
        return [] if name in {"cp", "ls", "mv", "rm", "sync"} else [f"there is no command {name}"]
    if (service, name) == ("ecr", "get-login-password"):  # a command of the program, which calls GetAuthorizationToken
        return [f"it has no parameter {each}" for each in arguments if each.startswith("--") and each != "--region"]
    model = botocore.session.get_session().get_service_model("s3" if service == "s3api" else service)
    operation = _camel_case(name)
    if operation not in model.operation_names:
        return [f"{service} has no operation {operation}"]
    shape = model.operation_model(operation).input_shape
    options = [each for each in arguments if each.startswith("--") and each not in _ONLY_OF_THE_PROGRAM]
    given = {_camel_case(each.removeprefix("--")).lower() for each in options}
    known = {each.lower() for each in shape.members}
    required = {each.lower() for each in shape.required_members}
    for option, value in itertools.pairwise(arguments):
        if option.startswith("--") and value.startswith("{"):
            json.loads(value)
    return [
        *(f"{operation} has no parameter {each}" for each in sorted(given - known)),
        *(f"{operation} requires {each}" for each in sorted(required - given)),
    ]


def _camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _make(command: Command) -> list[str]:
    """The Makefile has the targets: that of the page's folder, of this repository, or of a new project."""
    targets = [each for each in command.words[1:] if "=" not in each]
    texts = [(folder / "Makefile").read_text() for folder in (_folder(command), ROOT) if (folder / "Makefile").exists()]
    texts += [each.read_text() for each in _templates("Makefile")]
    known = {name for text in texts for name in re.findall(r"^([a-z-]+):", text, re.MULTILINE)}
    return [f"there is no target {each}" for each in targets if each not in known]


def _templates(name: str) -> list[Path]:
    """The files that `mlinfra init` writes with a name."""
    return list((ROOT / scaffold.__path__[0]).rglob(f"{name}*"))


def _pip(command: Command) -> list[str]:
    """The extras of this package exist."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {
        name
        for each in command.words
        for found in re.findall(r"^mlinfra-cdktf\[(.*)\]", each)
        for name in found.split(",")
    }
    return [f"there is no extra {each}" for each in sorted(wanted - extras.keys())]


def _python(command: Command) -> list[str]:
    """The module or file exists, and a module of this repository has the options."""
    first, *rest = command.words[1:]
    if first != "-m":
        text = "".join(each.read_text() for each in (_folder(command) / first, ROOT / first) if each.exists())
        options = [each for each in rest if each.startswith("--") and each not in text]
        return [*_exists(command, first), *(f"{first} has no option {each}" for each in options)]
    module, *arguments = rest
    if (_folder(command) / module / "__main__.py").exists():  # that of an example
        return []
    if importlib.util.find_spec(module) is None:
        return [f"there is no module {module}"]
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    options = [each for each in own if each.startswith("--")]
    if not options:
        return []
    return [f"{module} has no option {each}" for each in options if each not in _help(module)]


@functools.cache
def _help(module: str) -> str:
    program = [sys.executable, "-m", module, "--help"]
    shown = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    return shown.stdout + shown.stderr


def _pytest(command: Command) -> list[str]:
    paths = [each for each in command.words[1:] if "/" in each]
    return [f"there is no {each}" for each in paths if not (ROOT / each).exists()]


def _one_of(*subcommands: str) -> Callable[[Command], list[str]]:
    """The first argument is one of the subcommands that tests of this repository run."""

    def check(command: Command) -> list[str]:
        name = command.words[2 if command.words[0] == "npx" else 1]
        return [] if name in subcommands else [f"{name} is not among {', '.join(subcommands)}"]

    return check


def _file(command: Command) -> list[str]:
    """The file to copy is one of this repository."""
    return _exists(command, next(each for each in command.words[1:] if not each.startswith("-")))


def _checkov(command: Command) -> list[str]:
    """`ci.policy` runs it with these options."""
    known = (ROOT / "ci" / "policy.py").read_text()
    return [f"no option {each}" for each in command.words if each.startswith("--") and f'"{each}"' not in known]


def _any(command: Command) -> list[str]:
    """Bash parses the words: see the test of all blocks."""
    return [] if shlex.split(command.text) else ["it is empty"]


CHECKS: Mapping[str, Callable[[Command], list[str]]] = {
    "aws": _aws,
    "checkov": _checkov,
    "cdktf": _one_of("deploy", "destroy", "diff", "synth"),
    "cp": _file,
    "docker": _one_of("build", "buildx", "login", "push", "run"),
    "git": _one_of("add", "clone", "commit", "init", "push", "switch", "worktree"),
    "make": _make,
    "npm": _one_of("ci", "install"),
    "pip": _pip,
    "pytest": _pytest,
    "python": _python,
    "python3": _python,
    "terraform": _one_of("import", "init", "plan", "providers", "show", "state"),
    **dict.fromkeys((".", "cat", "cd", "diff", "echo", "eval", "export", "mkdir"), _any),
    **dict.fromkeys(("printf", "rm", "scp", "ssh", "source"), _any),
    # On a node: tests/deploy/test_demo.py runs the first one there.
    **dict.fromkeys(("mlinfra-torchrun-env", "torchrun"), _any),
}
"""What checks the arguments of a program, by its name."""
