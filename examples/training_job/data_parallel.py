"""Fit a linear model on several nodes at once: each has its part of the data, and all average their gradients.

    mlinfra run two-tower-v2 --directory examples/training_job -- python3 data_parallel.py --epochs 300

The nodes find each other by the variables that `mlinfra run` sets. The first one adds the gradients of all, over plain
sockets, as an all-reduce does: no library is needed. Anywhere else the same file trains alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import socket
import struct
import sys
import time
from contextlib import ExitStack
from pathlib import Path

log = logging.getLogger("train")

FEATURES = 16
SAMPLES = 400
LEARNING_RATE = 0.05
WAIT_SECONDS = 60.0


class Group:
    """The processes of all nodes, one each."""

    def __init__(self, rank: int, size: int, address: str, port: int) -> None:
        """Connect to the others.

        Args:
            rank: the number of this node, from 0.
            size: the number of nodes.
            address: the address of node 0.
            port: its port.
        """
        self.rank = rank
        self.size = size
        self._until_end = ExitStack()
        self._others: list[socket.socket] = []
        if size == 1:
            return
        if rank == 0:
            with socket.create_server((address, port)) as listener:
                listener.settimeout(WAIT_SECONDS)
                for _ in range(size - 1):
                    self._others.append(self._until_end.enter_context(listener.accept()[0]))
        else:
            self._others.append(self._until_end.enter_context(connected(address, port)))

    def mean(self, values: list[float]) -> list[float]:
        """The mean of the values of all nodes, the same on each."""
        if self.rank > 0:
            send(self._others[0], values)
            return receive(self._others[0], len(values))
        total = list(values)
        for other in self._others:
            total = [a + b for a, b in zip(total, receive(other, len(values)))]  # noqa: B905  Python 3.9 runs it too
        mean = [each / self.size for each in total]
        for other in self._others:
            send(other, mean)
        return mean

    def close(self) -> None:
        """Disconnect."""
        self._until_end.close()


def connected(address: str, port: int) -> socket.socket:
    """A connection to node 0, which may start later."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return socket.create_connection((address, port), timeout=WAIT_SECONDS)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def send(to: socket.socket, values: list[float]) -> None:
    """Send numbers."""
    to.sendall(struct.pack(f"!{len(values)}d", *values))


def receive(source: socket.socket, count: int) -> list[float]:
    """Receive `count` numbers."""
    content = b""
    while len(content) < 8 * count:
        part = source.recv(8 * count - len(content))
        if not part:
            message = "another node has ended"
            raise ConnectionError(message)
        content += part
    return list(struct.unpack(f"!{count}d", content))


def samples(rank: int) -> list[tuple[list[float], float]]:
    """The part of the data of one node: `y` is the sum of `x`, weighted by 1, 2, 3 and so on, with noise."""
    draw = random.Random(rank)  # noqa: S311  the same samples in every run
    made = []
    for _ in range(SAMPLES):
        features = [draw.uniform(-1, 1) for _ in range(FEATURES)]
        made.append((features, sum((i + 1) * x for i, x in enumerate(features)) + draw.gauss(0, 0.1)))
    return made


def train(group: Group, epochs: int) -> list[float]:
    """Train by gradient descent. Returns the weights."""
    weights = [0.0] * FEATURES
    data = samples(group.rank)
    for epoch in range(1, epochs + 1):
        gradient, loss = [0.0] * FEATURES, 0.0
        for features, y in data:
            error = sum(w * x for w, x in zip(weights, features)) - y  # noqa: B905
            loss += error**2 / len(data)
            for index, x in enumerate(features):
                gradient[index] += 2 * error * x / len(data)
        *gradient, loss = group.mean([*gradient, loss])
        weights = [w - LEARNING_RATE * g for w, g in zip(weights, gradient)]  # noqa: B905
        if group.rank == 0 and (epoch % max(1, epochs // 5) == 0 or epoch == 1):
            log.info("epoch %d: loss %.4f on %d samples", epoch, loss, group.size * len(data))
    return weights


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description="Fit a linear model on several nodes.")
    parser.add_argument("--epochs", type=int, default=300, help="the number of passes over the data. Default: 300")
    epochs = parser.parse_args().epochs
    rank, size = int(os.environ.get("NODE_RANK", "0")), int(os.environ.get("NNODES", "1"))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    log.info("node %d of %d", rank, size)
    group = Group(rank, size, os.environ.get("MASTER_ADDR", "127.0.0.1"), int(os.environ.get("MASTER_PORT", "29500")))
    try:
        weights = train(group, epochs)
    finally:
        group.close()
    if rank == 0:
        outputs = Path(os.environ.get("MLINFRA_OUTPUTS", "outputs"))
        outputs.mkdir(parents=True, exist_ok=True)
        (outputs / "model.json").write_text(json.dumps({"weights": weights}))
        log.info("weights: %s", ", ".join(f"{each:.2f}" for each in weights))


if __name__ == "__main__":
    main()
