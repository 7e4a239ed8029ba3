"""Commands with a time limit that holds even for a process that cannot be killed."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("mlinfra-node-guard")


class Stuck:
    """Commands of earlier runs that could not be killed, by name.

    `nvidia-smi` waits in the kernel for a GPU that has fallen off its bus, and ignores SIGKILL. Another one would wait
    too, so none is started while the first is alive.
    """

    def __init__(self, processes: dict[str, str]) -> None:
        """Remember the process ids and start times, as `PID START`, by command."""
        self.processes = {name: each for name, each in processes.items() if identity(each.split()[0]) == each}

    def add(self, name: str, pid: int) -> None:
        """Record a process that is still alive after SIGKILL."""
        found = identity(str(pid))
        if found:
            self.processes[name] = found


def identity(pid: str) -> str:
    """`PID START` of a live process: a later process with the same id has another start time. Empty: it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else f"{pid} {fields[19]}"


class Commands:
    """Runs commands, each with a limit of its own, and all within one deadline."""

    def __init__(self, stuck: Stuck, *, seconds: float) -> None:
        """Start the time.

        Args:
            stuck: the commands that must not be started.
            seconds: the limit for all commands together.
        """
        self.stuck = stuck
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """The seconds until the deadline; 0 after it."""
        return max(0.0, self._end - time.monotonic())

    def run(self, command: Sequence[str], *, seconds: float, first_line: bool = False) -> str | None:
        """Run a command and return its output.

        Args:
            command: the command and its arguments.
            seconds: its limit.
            first_line: True for a command that never ends: it is killed after its first line.

        Returns:
            Its standard output. None: it is not installed, failed, or took too long.
        """
        name, seconds = command[0], min(seconds, self.seconds_left)
        if name in self.stuck.processes or seconds <= 0:
            return None
        try:
            process = subprocess.Popen(  # noqa: S603  fixed commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError:
            return None
        output, errors = process.stdout, process.stderr
        if output is None or errors is None:
            return None
        with output, errors:
            os.set_blocking(output.fileno(), False)
            os.set_blocking(errors.fileno(), False)
            return self._answer(name, process, (output, errors), time.monotonic() + seconds, first_line=first_line)

    def _answer(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        pipes: tuple[IO[bytes], IO[bytes]],
        end: float,
        *,
        first_line: bool,
    ) -> str | None:
        output, errors = b"", b""
        while True:
            # First the state: what was written before the end is read after it.
            ended = process.poll() is not None
            output += pipes[0].read() or b""
            errors += pipes[1].read() or b""
            complete = ended or (first_line and b"\n" in output)
            if complete or time.monotonic() >= end:
                break
            time.sleep(0.02)
        if not ended:
            self._kill(name, process)
        if not complete:
            log.warning("%s did not answer in time", name)
            return None
        if ended and process.returncode:
            text = (errors.strip() or output.strip()).decode("utf-8", "replace")
            log.warning("%s failed with status %d: %s", _short(process), process.returncode, text[:300])
            return None
        return output.decode("utf-8", "replace")

    def _kill(self, name: str, process: subprocess.Popen[bytes]) -> None:
        # The whole session: a shell script that waits for another command ends with it.
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            self.stuck.add(name, process.pid)
            log.warning("%s cannot be killed: process %d", name, process.pid)


def _short(process: subprocess.Popen[bytes]) -> str:
    """The command and its subcommands, without options."""
    words = [str(each) for each in process.args] if isinstance(process.args, (list, tuple)) else [str(process.args)]
    return " ".join([words[0], *(each for each in words[1:3] if not each.startswith("-"))])
