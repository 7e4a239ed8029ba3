"""Copies the connections of a gRPC client to a server, and answers the first call of a method in each.

The bytes are copied in both directions. Until the call is answered, they are read as frames of HTTP/2 (RFC 9113). A
proxy that is a gRPC server takes a millisecond of processor time for each call, and Terraform makes six calls for each
resource of a plan.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from hpack import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _WINDOW_UPDATE = 0, 1, 3, 4, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_INITIAL_WINDOW_SIZE = 4
"""Types of frames, flags and a setting: https://www.rfc-editor.org/rfc/rfc9113 (2026-11)."""

_PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
_WINDOW = 65_535
"""Bytes that a receiver accepts at first, for a connection and for each stream."""
_LARGEST_FRAME = 16_384

_ANSWER = b"\x88" + b"\x10\x0ccontent-type\x10application/grpc"
_TRAILER = b"\x10\x0bgrpc-status\x010"
"""Headers of a call that succeeded, encoded so that they do not change the table of the connection's headers:
https://www.rfc-editor.org/rfc/rfc7541#section-6.2.3 (2026-11). 0x88 is `:status: 200`."""


class _Frame(NamedTuple):
    """A frame of HTTP/2."""

    kind: int
    flags: int
    stream: int
    content: bytes

    def encoded(self) -> bytes:
        return struct.pack(">I", len(self.content))[1:] + struct.pack(">BBI", *self[:3]) + self.content


def _read(connection: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = connection.recv(size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _frame(connection: socket.socket) -> _Frame:
    header = _read(connection, 9)
    kind, flags, stream = struct.unpack(">BBI", header[3:])
    return _Frame(kind, flags, stream, _read(connection, int.from_bytes(header[:3], "big")))


def _copy(source: socket.socket, target: socket.socket) -> None:
    while content := source.recv(1 << 16):
        target.sendall(content)


class _Answer:
    """The answer to a call, of which as much is sent as the client accepts."""

    def __init__(self, stream: int, message: bytes) -> None:
        self.stream = stream
        self.requested = False
        """True once the client has sent the whole request."""
        self.complete = False
        self._rest = struct.pack(">BI", 0, len(message)) + message
        self._begun = False

    def frames(self, accepted: int) -> Iterator[_Frame]:
        """The next frames, with at most `accepted` bytes of the message."""
        if not self._begun:
            self._begun = True
            yield _Frame(_HEADERS, _END_HEADERS, self.stream, _ANSWER)
        while accepted > 0 and self._rest:
            part = self._rest[: min(accepted, _LARGEST_FRAME)]
            self._rest = self._rest[len(part) :]
            accepted -= len(part)
            yield _Frame(_DATA, 0, self.stream, part)
        if not self._rest:
            self.complete = True
            yield _Frame(_HEADERS, _END_HEADERS | _END_STREAM, self.stream, _TRAILER)


class _Connection:
    """A connection of a client, which is connected to the server."""

    def __init__(self, client: socket.socket, server: socket.socket, method: str, answer: Callable[[], bytes]) -> None:
        self._client = client
        self._server = server
        self._method = method
        self._message = answer
        self._answer: _Answer | None = None
        self._writing = threading.Lock()
        self._window = self._window_of_stream = self._initial_window = _WINDOW
        self._settings: deque[int | None] = deque()
        """Initial windows that the client has set, and the server has not acknowledged."""
        self._own = 0
        """Bytes of the answer for which the client has not raised the window of the connection yet. The server has not
        sent them, and must not be told."""

    def copy(self) -> None:
        """Copy until both sides have ended."""
        with self._client, self._server:
            answers = threading.Thread(target=self._until_end, args=(self._copy_answers, self._client), daemon=True)
            answers.start()
            self._until_end(self._copy_calls, self._server)
            answers.join()

    @staticmethod
    def _until_end(copy: Callable[[], None], target: socket.socket) -> None:
        try:
            with suppress(OSError, EOFError):  # a program was killed
                copy()
        finally:  # also after a defect of this module: a program would wait forever
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

    @property
    def _answered(self) -> bool:
        return self._answer is not None and self._answer.complete

    def _copy_answers(self) -> None:
        while not self._answered:
            frame = _frame(self._server)
            with self._writing:
                self._client.sendall(frame.encoded())
                if self._answered:
                    break  # settings that the client has changed since are not in the queue
                if frame.kind == _DATA:
                    self._window -= len(frame.content)
                elif frame.kind == _SETTINGS and frame.flags & _ACK:
                    self._acknowledged()
            self._send()
        _copy(self._server, self._client)

    def _copy_calls(self) -> None:
        self._server.sendall(_read(self._client, _PREFACE))
        headers = Decoder()
        while not self._answered:
            frame = _frame(self._client)
            if frame.kind == _HEADERS and dict(headers.decode(frame.content))[":path"].endswith(f"/{self._method}"):
                self._answer = _Answer(frame.stream, self._message())
                # The server has to read the headers, for they change its table of headers. It then waits for a request
                # until the connection ends. Cancelled, it could still answer, with an error: a server in Go does so
                # if its thread is interrupted at that moment (6 of 1,000,000 calls on a busy machine).
                self._server.sendall(frame.encoded())
            elif self._answer is not None and frame.stream == self._answer.stream:
                self._read_of_answered(frame, self._answer)
            else:
                self._server.sendall(self._forwarded(frame))
            self._send()
        _copy(self._client, self._server)

    def _read_of_answered(self, frame: _Frame, answer: _Answer) -> None:
        if frame.kind == _DATA and frame.flags & _END_STREAM:
            answer.requested = True
        elif frame.kind == _WINDOW_UPDATE:
            with self._writing:
                self._window_of_stream += int.from_bytes(frame.content, "big")
        elif frame.kind == _RST_STREAM:
            answer.complete = True

    def _forwarded(self, frame: _Frame) -> bytes:
        """The bytes to send to the server for a frame of the client."""
        if frame.kind == _SETTINGS and not frame.flags & _ACK:
            settings = dict(struct.unpack_from(">HI", frame.content, at) for at in range(0, len(frame.content), 6))
            with self._writing:
                self._settings.append(settings.get(_INITIAL_WINDOW_SIZE))
        if frame.kind != _WINDOW_UPDATE or frame.stream:
            return frame.encoded()
        raised = int.from_bytes(frame.content, "big")
        with self._writing:
            self._window += raised
            own = min(raised, self._own)
            self._own -= own
        return b"" if own == raised else frame._replace(content=(raised - own).to_bytes(4, "big")).encoded()

    def _acknowledged(self) -> None:
        """Apply the settings of the client that the server has acknowledged: they change the windows of all streams."""
        window = self._settings.popleft()
        if window is not None:
            self._window_of_stream += window - self._initial_window
            self._initial_window = window

    def _send(self) -> None:
        """Send as much of the answer as the client accepts."""
        with self._writing:
            if self._answer is None or not self._answer.requested or self._answer.complete:
                return
            for frame in self._answer.frames(min(self._window, self._window_of_stream)):
                self._client.sendall(frame.encoded())
                if frame.kind == _DATA:
                    self._own += len(frame.content)
                    self._window -= len(frame.content)
                    self._window_of_stream -= len(frame.content)


def serve(path: Path, server: str, method: str, answer: Callable[[], bytes]) -> None:
    """Accept connections in a thread.

    Args:
        path: the Unix socket to create.
        server: the Unix socket of the server.
        method: the name of the method to answer, without that of its service.
        answer: returns the encoded answer of the method.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen(64)

    def accept() -> None:
        while True:
            client, _ = listening.accept()
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connected.connect(server)
            except OSError:  # it has ended
                client.close()
                connected.close()
                continue
            connection = _Connection(client, connected, method, answer)
            threading.Thread(target=connection.copy, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
