"""The process of the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlinfra.runner.command import Command, handles


def command(folder: Path, *argv: str) -> Command:
    """A command whose output goes to a file of `folder`."""
    return Command(argv, environment=dict(os.environ), directory=folder, output=folder / "output")


def ended(found: Command) -> int:
    """The exit code, once it has ended."""
    end = time.monotonic() + 30
    while (code := found.poll()) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return code


def test_both_outputs_are_in_the_file_in_their_order(tmp_path: Path) -> None:
    assert ended(command(tmp_path, "bash", "-c", "echo one; echo two >&2; echo three; exit 3")) == 3
    assert (tmp_path / "output").read_text() == "one\ntwo\nthree\n"


@pytest.mark.parametrize(("name", "code"), [("no-such-command", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_executed_ends_as_in_a_shell(tmp_path: Path, name: str, code: int) -> None:
    assert ended(command(tmp_path, name)) == code
    assert (tmp_path / "output").read_text().startswith(f"{name}: ")


def test_a_command_has_no_input(tmp_path: Path) -> None:
    assert ended(command(tmp_path, "cat")) == 0


def test_sigterm_reaches_all_processes_of_the_command(tmp_path: Path) -> None:
    found = command(tmp_path, "bash", "-c", "sleep 600 & echo $!; wait")
    end = time.monotonic() + 30
    while not (tmp_path / "output").read_text() and time.monotonic() < end:
        time.sleep(0.02)
    child = int((tmp_path / "output").read_text())
    found.terminate()
    assert ended(found) == 128 + signal.SIGTERM
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not Path(f"/proc/{child}").exists()


def test_a_signal_is_handled_or_not() -> None:
    program = "import signal, sys; signal.signal(signal.SIGUSR1, lambda *_: None); print(flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    assert handles(process.pid, signal.SIGUSR1)
    assert not handles(process.pid, signal.SIGUSR2)
    process.communicate()
    assert not handles(process.pid, signal.SIGUSR1)
