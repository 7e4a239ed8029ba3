"""Init of a node: the parent of all its processes. `python -m mlinfra.local_aws.nodes.init FOLDER`.

Starts processes on requests of the server, and reports their ends. When the pipe of the requests closes, however the
server ended, it kills all processes of the node and removes the folder.

A line of JSON each. Requests: `start` (a number), `argv`, `variables`, `directory`, `output`, `errors`; or `end` (the
seconds between SIGTERM and SIGKILL). Answers: `started` with `pid`, `failed` with `reason`, `ended` with `code`; each
has the number.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from mlinfra.local_aws.nodes.processes import kill_all, of_node, send

_SUBREAPER: Final = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): orphaned descendants become children of this process."""
_REAP_SECONDS: Final = 5.0
_REMOVAL_SECONDS: Final = 5.0


class Init:
    """The processes of one node."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._numbers: dict[int, int] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._has_children = threading.Event()
        self._has_none = threading.Event()
        self._output = threading.Lock()

    def serve(self) -> None:
        """Carry out requests until they end. Then end the node."""
        threading.Thread(target=self._reap, daemon=True).start()
        grace = 0.0
        with suppress(OSError, ValueError):
            for line in sys.stdin:
                request = json.loads(line)
                if "end" in request:
                    grace = request["end"]
                    break
                self._start(request)
        self._end(grace)

    def _start(self, request: dict[str, Any]) -> None:
        number = request["start"]
        try:
            with open(request["output"], "ab") as output, open(request["errors"], "ab") as errors, self._lock:  # noqa: PTH123
                child = subprocess.Popen(  # noqa: S603  what a node executes
                    request["argv"],
                    env=request["variables"],
                    cwd=request["directory"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )
                self._numbers[child.pid] = number
                self._children.append(child)
        except OSError as error:
            self._say(failed=number, reason=str(error))
            return
        self._say(started=number, pid=child.pid)
        self._has_children.set()

    def _reap(self) -> None:
        """Wait for children, also for orphaned descendants that became children."""
        while True:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                self._has_none.set()
                self._has_children.wait(0.5)
                self._has_children.clear()
                continue
            with self._lock:
                number = self._numbers.pop(pid, None)
                for each in [each for each in self._children if each.pid == pid]:
                    each.returncode = os.waitstatus_to_exitcode(status)
                    self._children.remove(each)
            if number is not None:
                self._say(ended=number, code=os.waitstatus_to_exitcode(status))

    def _say(self, **answer: object) -> None:
        # The server may have ended.
        with self._output, suppress(OSError):
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    def _end(self, grace: float) -> None:
        own = os.getpid()
        deadline = time.monotonic() + grace
        if grace:
            send(of_node(own, self._folder), signal.SIGTERM)
        while time.monotonic() < deadline and of_node(own, self._folder):
            time.sleep(0.05)
        kill_all(own, self._folder)
        # Until all that were killed are reaped: an init of the machine may not do so.
        self._has_none.clear()
        self._has_children.set()
        self._has_none.wait(_REAP_SECONDS)
        self._remove_folder()
        # The folder of the server, after the last of its nodes.
        with suppress(OSError):
            Path(self._folder).parent.rmdir()

    def _remove_folder(self) -> None:
        """Remove the folder of the node, again if the server has written a file at the same time."""
        deadline = time.monotonic() + _REMOVAL_SECONDS
        while Path(self._folder).exists() and time.monotonic() < deadline:
            shutil.rmtree(self._folder, ignore_errors=True)


def main() -> None:
    """Serve until the server ends."""
    for each in (signal.SIGINT, signal.SIGTERM):
        # A handler: processes would inherit an ignored signal.
        signal.signal(each, lambda *_: None)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    Init(sys.argv[1]).serve()
    # The thread that reaps may hold a lock of the interpreter.
    os._exit(0)


if __name__ == "__main__":
    main()
