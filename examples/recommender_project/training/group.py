"""The nodes of a run: mean of their gradients, over TCP.

With PyTorch, `torch.distributed` does this. Rank 0 listens on MASTER_ADDR, the others connect to it.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADER = struct.Struct("!I")
_CONNECT_SECONDS = 120
_ANSWER_SECONDS = 120
_PAUSE_SECONDS = 0.1


class Group:
    """All ranks of a run. If one is lost, each of the others fails with `ConnectionError` or `TimeoutError`."""

    def __init__(self, rank: int, size: int, address: str = "127.0.0.1", port: int = 29500) -> None:
        """Connect the ranks.

        Args:
            rank: the rank of this node, from 0.
            size: the number of nodes.
            address: the address of rank 0. Default: this machine.
            port: the port of rank 0. Default: that of torchrun.

        Raises:
            OSError: if the ranks do not find each other within two minutes.
        """
        self.rank, self.size = rank, size
        self._others: list[socket.socket] = []
        if size > 1:
            self._others = _accept(size - 1, address, port) if rank == 0 else [_connect(address, port)]

    @classmethod
    def of_this_run(cls) -> Group:
        """The nodes of the run that this process belongs to. Outside of a run: this process alone."""
        variables = os.environ
        return cls(
            int(variables.get("NODE_RANK", "0")),
            int(variables.get("NNODES", "1")),
            variables.get("MASTER_ADDR", "127.0.0.1"),
            int(variables.get("MASTER_PORT", "29500")),
        )

    def mean(self, gradients: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
        """The mean of the gradients of all ranks; a row that a rank lacks counts as zeros."""
        if self.rank:
            _send(self._others[0], gradients)
            found: dict[str, list[float]] = _receive(self._others[0])
            return found
        total = {name: list(values) for name, values in gradients.items()}
        for each in self._others:
            for name, values in _receive(each).items():
                known = total.get(name)
                total[name] = values if known is None else [a + b for a, b in zip(known, values)]
        mean = {name: [value / self.size for value in values] for name, values in total.items()}
        for each in self._others:
            _send(each, mean)
        return mean

    def broadcast(self, value: Any) -> Any:  # noqa: ANN401  any JSON
        """The value of rank 0, on all ranks."""
        if self.rank:
            return _receive(self._others[0])
        for each in self._others:
            _send(each, value)
        return value

    def close(self) -> None:
        """Close the connections."""
        for each in self._others:
            each.close()


def _accept(count: int, address: str, port: int) -> list[socket.socket]:
    with socket.create_server((address, port)) as server:
        server.settimeout(_CONNECT_SECONDS)
        found = [server.accept()[0] for _ in range(count)]
    for each in found:
        each.settimeout(_ANSWER_SECONDS)
    return found


def _connect(address: str, port: int) -> socket.socket:
    end = time.monotonic() + _CONNECT_SECONDS
    while time.monotonic() < end:
        with suppress(ConnectionError):
            return socket.create_connection((address, port), timeout=_ANSWER_SECONDS)
        time.sleep(_PAUSE_SECONDS)
    message = f"rank 0 does not answer at {address}:{port}"
    raise TimeoutError(message)


def _send(to: socket.socket, value: object) -> None:
    content = json.dumps(value).encode()
    to.sendall(_HEADER.pack(len(content)) + content)


def _receive(source: socket.socket) -> Any:  # noqa: ANN401  any JSON
    (length,) = _HEADER.unpack(_read(source, _HEADER.size))
    return json.loads(_read(source, length))


def _read(source: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = source.recv(length - len(content))
        if not part:
            message = "another node of the run has closed its connection"
            raise ConnectionError(message)
        content += part
    return bytes(content)
