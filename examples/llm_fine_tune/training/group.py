"""All processes of a run: the mean of their numbers, over TCP.

With PyTorch, `torch.distributed` does this, over NCCL and the Elastic Fabric Adapters of the nodes. The process with
rank 0 listens on MASTER_ADDR, and the others connect to it.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WAIT_SECONDS = 120
_PAUSE_SECONDS = 0.1
_COUNT = struct.Struct("!I")


class Group:
    """The connections of one process. If a process is lost, the others fail with `OSError`."""

    def __init__(self, rank: int, size: int, address: str, port: int) -> None:
        """Connect the processes.

        Args:
            rank: the number of this process, from 0.
            size: the number of processes on all nodes.
            address: the address of the process with rank 0.
            port: its port.

        Raises:
            OSError: if the processes do not find each other within two minutes.
        """
        self.rank, self.size = rank, size
        self._others: list[socket.socket] = []
        if size == 1:
            return
        self._others = _accepted(size - 1, address, port) if rank == 0 else [_connected(address, port)]
        for each in self._others:
            each.settimeout(_WAIT_SECONDS)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def of_this_process(cls) -> Group:
        """The group that the variables of the launcher name."""
        variables = os.environ
        return cls(
            int(variables["RANK"]),
            int(variables["WORLD_SIZE"]),
            variables["MASTER_ADDR"],
            int(variables["MASTER_PORT"]),
        )

    def mean(self, values: Sequence[float]) -> list[float]:
        """The mean of the values of all processes, the same in each."""
        if self.rank:
            _send(self._others[0], values)
            return _received(self._others[0])
        total = list(values)
        for each in self._others:
            total = [a + b for a, b in zip(total, _received(each))]
        return self.broadcast([each / self.size for each in total])

    def broadcast(self, values: Sequence[float]) -> list[float]:
        """The values of the process with rank 0, in all processes."""
        if self.rank:
            return _received(self._others[0])
        for each in self._others:
            _send(each, values)
        return list(values)

    def close(self) -> None:
        """Close the connections."""
        for each in self._others:
            each.close()


def _accepted(count: int, address: str, port: int) -> list[socket.socket]:
    with socket.create_server((address, port)) as server:
        server.settimeout(_WAIT_SECONDS)
        return [server.accept()[0] for _ in range(count)]


def _connected(address: str, port: int) -> socket.socket:
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        with suppress(ConnectionError):
            return socket.create_connection((address, port), timeout=_WAIT_SECONDS)
        time.sleep(_PAUSE_SECONDS)
    message = f"the process with rank 0 does not answer at {address}:{port}"
    raise TimeoutError(message)


def _send(to: socket.socket, values: Sequence[float]) -> None:
    to.sendall(_COUNT.pack(len(values)) + struct.pack(f"!{len(values)}d", *values))


def _received(source: socket.socket) -> list[float]:
    (count,) = _COUNT.unpack(_read(source, _COUNT.size))
    return list(struct.unpack(f"!{count}d", _read(source, 8 * count)))


def _read(source: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = source.recv(length - len(content))
        if not part:
            message = "another process of the run has closed its connection"
            raise ConnectionError(message)
        content += part
    return bytes(content)
