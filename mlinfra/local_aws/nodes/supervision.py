"""The server's side of the init of a node: starting and ending its processes."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.processes import MARKER, kill_all, send, table, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 10.0
_ENDING: Final = "the node is ending"
CANNOT_START: Final = 127
"""The exit code of a process that could not be started, as in a shell."""


class Running:
    """A process of a node."""

    def __init__(self, on_end: Callable[[int], None] | None) -> None:
        self.pid: int | None = None
        self.code: int | None = None
        """The exit code; negative: the signal that ended it. None: it runs."""
        self.reason = ""
        """Why it could not be started. Empty: it was started."""
        self._known = threading.Event()
        self._ended = threading.Event()
        self._on_end = on_end

    def started(self, pid: int) -> None:
        """Record the start."""
        self.pid = pid
        self._known.set()

    def ended(self, code: int, reason: str = "") -> None:
        """Record the end."""
        self.code, self.reason = code, reason
        self._known.set()
        self._ended.set()
        if self._on_end:
            threading.Thread(target=self._on_end, args=(code,), daemon=True).start()

    def wait(self, seconds: float | None = None) -> bool:
        """True if it has ended within `seconds`. Default: wait until it ends."""
        return self._ended.wait(seconds)

    def wait_for_start(self) -> None:
        """Wait until it is started, or cannot be."""
        self._known.wait(_START_SECONDS)

    def signal(self, number: int) -> None:
        """Send a signal to the process and all its descendants."""
        if self.pid is not None and self.code is None:
            send([self.pid, *tree(self.pid, table())], number)


class Supervisor:
    """The init of one node, in a process of its own, and the processes that it started."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._running: dict[int, Running] = {}
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._init = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "mlinfra.local_aws.nodes.init", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**variables, MARKER: str(folder)},
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id of the init."""
        return self._init.pid

    @property
    def is_alive(self) -> bool:
        """True until the init has ended."""
        return self._init.poll() is None

    def start(
        self,
        argv: Sequence[str],
        *,
        variables: Mapping[str, str],
        directory: Path,
        output: Path,
        errors: Path | None = None,
        on_end: Callable[[int], None] | None = None,
    ) -> Running:
        """Start a process in the node.

        Args:
            argv: the command.
            variables: its environment.
            directory: its working directory.
            output: the file for its standard output.
            errors: the file for its standard error. Default: `output`.
            on_end: receives the exit code, in a thread of its own. Default: nothing happens.
        """
        running = Running(on_end)
        if not self.make_folder(output.parent):
            running.ended(CANNOT_START, _ENDING)
            return running
        number = next(self._numbers)
        request = {
            "start": number,
            "argv": list(argv),
            "variables": {**variables, MARKER: str(self._folder)},
            "directory": str(directory),
            "output": str(output),
            "errors": str(errors or output),
        }
        with self._lock:
            self._running[number] = running
        try:
            self._ask(request)
        except OSError:
            running.ended(CANNOT_START, _ENDING)
        running.wait_for_start()
        return running

    def make_folder(self, folder: Path) -> bool:
        """Make a folder in that of the node. False: the node is ending, and a folder made now could remain."""
        if self._ends.is_set():
            return False
        folder.mkdir(parents=True, exist_ok=True)
        return True

    def end(self, grace: float) -> None:
        """End all processes of the node, remove its folder, and wait for both.

        Args:
            grace: the seconds between SIGTERM and SIGKILL. 0: SIGKILL at once.
        """
        self._ends.set()
        with suppress(OSError):
            self._ask({"end": grace})
        try:
            self._init.wait(grace + _END_SECONDS)
        except subprocess.TimeoutExpired:
            kill_all(self.pid, str(self._folder))
            self._init.kill()
            self._init.wait()
        if self._init.stdin:
            with suppress(OSError):
                self._init.stdin.close()

    def _ask(self, request: Mapping[str, object]) -> None:
        if self._init.stdin is None:
            return
        with self._lock:
            self._init.stdin.write(json.dumps(request) + "\n")
            self._init.stdin.flush()

    def _read(self) -> None:
        if self._init.stdout is None:
            return
        with self._init.stdout as answers:
            for line in answers:
                answer = json.loads(line)
                number = answer.get("started") or answer.get("failed") or answer.get("ended")
                with self._lock:
                    running = self._running.get(number)
                    if "started" not in answer:
                        self._running.pop(number, None)
                if running is None:
                    continue
                if "started" in answer:
                    running.started(answer["pid"])
                elif "failed" in answer:
                    running.ended(CANNOT_START, answer["reason"])
                else:
                    running.ended(answer["code"])
        for running in list(self._running.values()):
            running.ended(-signal.SIGKILL)
