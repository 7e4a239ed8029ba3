"""The `node` process of jsii, connected to Python directly.

jsii starts two: a relay, and the process that runs the JavaScript of cdktf. Every message passes through the relay, in
both directions. Here, Python starts the second one, and talks to it through a socket.
"""

from __future__ import annotations

import atexit
import io
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from jsii._kernel.providers import process

from mlinfra._cdk import messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_CONNECTED = 'exec "$@" 3<&0 </dev/null'
"""The program reads and writes messages at file descriptor 3. Its standard input is empty."""


def install() -> None:
    """Connect to node directly, unless it runs already."""
    process._NodeProcess = DirectProcess  # type: ignore[misc]  # noqa: SLF001


class DirectProcess(process._NodeProcess):  # noqa: SLF001
    """Process without relay. With another version of jsii, or with JSII_RUNTIME, a process with it."""

    def __init__(self) -> None:
        """Prepare the process, which is started by `start`."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._serializer = messages.Serializer(self._serializer)  # type: ignore[assignment]

    def start(self) -> None:
        """Start the process and read its first message."""
        node = shutil.which(os.environ.get("JSII_NODE", "node"))
        program = self._program()
        if node is None or program is None:
            super().start()  # type: ignore[no-untyped-call]  # reports a missing node
            return
        ours, theirs = socket.socketpair()
        with ours, theirs:
            started = subprocess.Popen(  # noqa: S603  arguments are not interpreted by the shell
                ["/bin/sh", "-c", _CONNECTED, "sh", node, "--max-old-space-size=4069", "--preserve-symlinks", program],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "JSII_AGENT": f"Python/{platform.python_version()}"},
            )
            output = started.stdout
            # Not ours.makefile(): its files are written in Python, which takes longer than the system calls.
            started.stdin = os.fdopen(os.dup(ours.fileno()), "wb")
            started.stdout = os.fdopen(os.dup(ours.fileno()), "rb")
        self._process = started
        self._output = _copying(cast("IO[bytes]", output), lambda: sys.stdout)
        self.sink_thread = _copying(cast("IO[bytes]", started.stderr), lambda: sys.stderr)
        atexit.register(self.stop)
        self.handshake()

    def stop(self) -> None:
        """End the process."""
        super().stop()
        if hasattr(self, "_output"):
            self._output.join(timeout=5)

    def _program(self) -> Path | None:
        if os.name != "posix" or "JSII_RUNTIME" in os.environ:
            return None
        program = Path(self._jsii_runtime()).parent.parent / "lib" / "program.js"
        if not program.is_file() or b"readFD:3,writeFD:3" not in program.read_bytes():
            return None
        return program


def _copying(source: IO[bytes], target: Callable[[], TextIO]) -> threading.Thread:
    """A thread that copies what node prints to a stream of Python, such as `sys.stderr` at that time."""

    def copy() -> None:
        with source:
            for line in source:
                stream = target()
                if isinstance(stream, io.TextIOWrapper):
                    stream.buffer.write(line)
                else:
                    stream.write(line.decode(errors="replace"))
                stream.flush()

    thread = threading.Thread(target=copy, name="output of node", daemon=True)
    thread.start()
    return thread
