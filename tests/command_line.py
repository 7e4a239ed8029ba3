"""The `mlinfra` command, run in the process of the tests: a process of its own spends most of its time on imports."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlinfra.cli.main import run
from tests.conftest import ROOT

MLINFRA = Path(sys.executable).with_name("mlinfra")
"""The installed command, for tests that need a process: signals, descriptors, servers, imports."""


def mlinfra(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """The exit code and output of `mlinfra ARGUMENTS`.

    Args:
        arguments: the arguments of the command.
        cwd: the working directory. Default: this repository.
        variables: environment variables of the command, beside those of the tests.
    """
    out, err = io.StringIO(), io.StringIO()
    on_termination = signal.getsignal(signal.SIGTERM)
    search_path = sys.path.copy()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", [str(MLINFRA), *arguments])
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer replaces it
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            run()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            signal.signal(signal.SIGTERM, on_termination)
            sys.path[:] = search_path
    return subprocess.CompletedProcess([*arguments], code, out.getvalue(), err.getvalue())
