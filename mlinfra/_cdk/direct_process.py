"""The `node` process of jsii, connected to Python directly.

jsii starts two: a relay, and the process that runs the JavaScript of cdktf. Every message passes through the relay, in
both directions. Here, Python starts the second one, and talks to it through a socket.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from jsii import _stack_trace
from jsii._kernel import types
from jsii._kernel.providers import process
from jsii.errors import ErrorType, JavaScriptError, JSIIError

from mlinfra._cdk import messages
from mlinfra._cdk.ahead import Ahead

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_FEWER_COLLECTIONS = ("--min-semi-space-size=16", "--max-semi-space-size=32", "--single-threaded-gc")
"""Flags of V8: room for young objects, in MiB, and no threads of its garbage collector, which compete with Python."""

_TRANSPORT = Path(__file__).with_name("transport.js")

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
        self._ahead: Ahead | None = None
        self._encode = json.JSONEncoder(default=process.jdefault).encode
        self._decode = json.JSONDecoder(object_hook=self._hook).decode

    def start(self) -> None:
        """Start the process and read its first message."""
        node = shutil.which(os.environ.get("JSII_NODE", "node"))
        program = self._program()
        if node is None or program is None:
            super().start()  # type: ignore[no-untyped-call]  # reports a missing node
            return
        flags = ["--max-old-space-size=4069", *_FEWER_COLLECTIONS, "--preserve-symlinks"]
        if _TRANSPORT.is_file() and not _stack_trace.is_enabled():
            flags.append(f"--require={_TRANSPORT}")
            self._ahead = Ahead()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            started = subprocess.Popen(  # noqa: S603  arguments are not interpreted by the shell
                ["/bin/sh", "-c", _CONNECTED, "sh", node, *flags, program],
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

    def send(self, request: Any, response_type: Any) -> Any:  # noqa: ANN401  one of many classes
        """Send a request, and wait for the answer unless it is known."""
        if self._ahead is None:
            return super().send(request, response_type)
        known = self._ahead.known(request)
        if known is None:
            return self._ask(self._ahead, request, response_type)
        if known.expected is not None:
            # Not flushed: node reads it when the buffer is full, or with the next ordinary request.
            self._write(f"~{known.expected}\t{self._encode(self._serializer.unstructure(request))}\n")
        return known.response

    def _ask(self, ahead: Ahead, request: Any, response_type: Any) -> Any:  # noqa: ANN401
        if isinstance(request, process._CompleteRequest):  # noqa: SLF001
            ahead.returned()
        self._write(f"{self._encode(self._serializer.unstructure(request))}\n")
        self._process.stdin.flush()  # type: ignore[union-attr]
        message = self._next_message()
        if "ok" in message:
            response = self._serializer.structure(message["ok"], response_type)
            ahead.answered(request, response)
            return response
        if "callback" in message:
            ahead.called()
            answer: Any = self._serializer.structure(message, process._ProcessResponse)  # type: ignore[arg-type]  # noqa: SLF001
            return answer.callback
        if "ahead" in message:
            failed = message["ahead"]
            raise _error(failed["answer"], ahead.origin(failed["request"]))
        ahead.failed()
        raise _error(message)

    def _write(self, line: str) -> None:
        self._process.stdin.write(line.encode())  # type: ignore[union-attr]

    def _next_message(self) -> Any:  # noqa: ANN401  any JSON
        return self._decode(self._process.stdout.readline().decode())  # type: ignore[union-attr]

    def _hook(self, decoded: dict[str, Any]) -> Any:  # noqa: ANN401
        value = process.ohook(decoded)  # type: ignore[no-untyped-call]
        if type(value) is types.ObjRef and self._ahead is not None:
            self._ahead.saw(value.ref)
        return value

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


def _error(answer: dict[str, str], origin: str = "") -> Exception:
    """The error of a request, as jsii raises it."""
    if "error" not in answer:
        text = f"node answered {json.dumps(answer)}, which mlinfra did not expect"
        answer = {"error": text, "stack": text, "name": ErrorType.JSII_FAULT.value}
    kind = JSIIError if answer["name"] == ErrorType.JSII_FAULT.value else RuntimeError
    error = kind("\n".join(filter(None, (answer["error"], origin))))
    error.__cause__ = JavaScriptError(answer.get("stack"))  # type: ignore[no-untyped-call]
    return error


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
