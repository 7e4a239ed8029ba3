"""The process of the command, with all that it starts."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.container import signal_container

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.runner.programs import Login

_SET_CHILD_SUBREAPER: Final = 36
"""prctl(2), PR_SET_CHILD_SUBREAPER."""
_SIGNALLED: Final = 128
_NOT_FOUND, _CANNOT_RUN = 127, 126
"""Exit codes of shells for a command that is not found, or cannot be run."""
_LEFTOVER_SECONDS: Final = 10.0
"""The time between SIGTERM and SIGKILL for processes that the command has left behind."""


def adopt_orphans() -> None:
    """Become the parent of processes whose parent ends, so that none escapes by detaching itself."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Command:
    """The command of a run on this node. Its output goes to a file, so that no reader can delay it."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        output: Path,
        login: Login | None = None,
        container: str | None = None,
    ) -> None:
        """Start it, in a session of its own.

        Args:
            argv: the program and its arguments.
            environment: all its environment variables.
            directory: its working directory.
            output: the file to which standard output and error are appended.
            login: the user that runs it. Default: that of this process.
            container: the name of the container that it starts. Default: none.
        """
        self._container = container
        self._process: subprocess.Popen[bytes] | None = None
        self._code: int | None = None
        self.started = time.monotonic()
        self.ended: float | None = None
        with output.open("ab", buffering=0) as file:
            try:
                self._process = subprocess.Popen(  # noqa: S603  running it is what this is for
                    list(argv),
                    env=dict(environment),
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    **_as_user(login),
                )
            except OSError as error:
                file.write(f"{argv[0]}: {error.strerror}\n".encode())
                is_missing = isinstance(error, FileNotFoundError)
                self._end(_NOT_FOUND if is_missing else _CANNOT_RUN)

    def poll(self) -> int | None:
        """Its exit code, as a shell gives it: 128 plus its number if a signal ended it. None: it runs."""
        if self._code is None and self._process is not None:
            code = self._process.poll()
            if code is not None:
                self._end(code if code >= 0 else _SIGNALLED - code)
        return self._code

    @property
    def seconds(self) -> float:
        """The time for which it has run."""
        return (self.ended or time.monotonic()) - self.started

    def notify(self, signum: int) -> bool:
        """Send the signal of a notice: to its container, or to those of its processes that handle the signal.

        A process that does not handle it would be ended by it, such as a shell that has started the training. SIGTERM
        is the request to end, and goes to all.

        Returns:
            False if no process handles the signal.
        """
        if self._container:
            signal_container(self._container, signal.Signals(signum).name)
            return True
        if signum == signal.SIGTERM:
            self.terminate()
            return True
        handling = [pid for pid in _descendants(os.getpid()) if handles(pid, signum)]
        for pid in handling:
            with suppress(OSError):
                os.kill(pid, signum)
        return bool(handling)

    def terminate(self) -> None:
        """Send SIGTERM to its processes."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to its processes, and remove its container."""
        if self._container:
            # SIGKILL of the client does not reach the container.
            signal_container(self._container, "SIGKILL")
        self._signal(signal.SIGKILL)
        for pid in _descendants(os.getpid()):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def end_leftovers(self, seconds: float = _LEFTOVER_SECONDS) -> int:
        """End the processes that it left behind, which would keep the node busy.

        Args:
            seconds: the time between SIGTERM and SIGKILL.

        Returns:
            Their number.
        """
        return end_descendants(seconds)

    def _end(self, code: int) -> None:
        self._code, self.ended = code, time.monotonic()

    def _signal(self, signum: int) -> None:
        if self._process is not None and self._code is None:
            with suppress(OSError):
                # The session that it leads has its process id.
                os.killpg(self._process.pid, signum)


def end_descendants(seconds: float = _LEFTOVER_SECONDS) -> int:
    """End all descendants of this process: SIGTERM, then SIGKILL.

    Args:
        seconds: the time between the two signals.

    Returns:
        Their number.
    """
    found = list(_descendants(os.getpid()))
    for pid in found:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + seconds
    while list(_descendants(os.getpid())):
        _reap()
        if time.monotonic() >= end:
            break
        time.sleep(0.05)
    for pid in _descendants(os.getpid()):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    _reap()
    return len(found)


def handles(pid: int, signum: int) -> bool:
    """True if a process has a handler for a signal. Source: proc(5), `SigCgt` in /proc/pid/status."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        mask = next(line for line in text.splitlines() if line.startswith("SigCgt:")).split()[1]
    except (OSError, StopIteration, IndexError):
        return False
    return bool(int(mask, 16) >> (signum - 1) & 1)


def _as_user(login: Login | None) -> dict[str, Any]:
    """The arguments of a process that another user runs."""
    return {} if login is None else {"user": login.uid, "group": login.gid, "extra_groups": login.groups}


def _reap() -> None:
    """Collect ended orphans, which would remain as zombies."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants(pid: int) -> Iterator[int]:
    """The ids of the living descendants of a process."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] not in {"Z", "X"}:
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    waiting = list(children.get(pid, ()))
    while waiting:
        each = waiting.pop()
        waiting.extend(children.get(each, ()))
        yield each
