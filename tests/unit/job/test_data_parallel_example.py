"""The data-parallel example trains the same model on one node and on two."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = ROOT / "examples/training_job/data_parallel.py"


def start(rank: int, size: int, port: int, outputs: Path, epochs: int) -> subprocess.Popen[str]:
    variables = {
        **os.environ,
        "NODE_RANK": str(rank),
        "NNODES": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "MLINFRA_OUTPUTS": str(outputs),
    }
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), "--epochs", str(epochs)],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_two_nodes_average_their_gradients(tmp_path: Path) -> None:
    port = free_port()
    first, second = (start(rank, 2, port, tmp_path, epochs=150) for rank in (0, 1))
    lines, others = first.communicate(timeout=120)[0].splitlines(), second.communicate(timeout=120)[0].splitlines()
    assert (first.returncode, second.returncode) == (0, 0)
    assert others == ["node 1 of 2"]
    assert lines[1].startswith("epoch 1: loss 524.8")
    assert lines[1].endswith("on 800 samples")
    weights = json.loads((tmp_path / "model.json").read_text())["weights"]
    assert max(abs(weight - index) for index, weight in enumerate(weights, start=1)) < 0.5


def test_it_trains_alone_anywhere_else(tmp_path: Path) -> None:
    alone = start(0, 1, 0, tmp_path, epochs=2)
    assert "on 400 samples" in alone.communicate(timeout=60)[0]
    assert alone.returncode == 0


def test_a_node_ends_with_an_error_if_another_one_ends(tmp_path: Path) -> None:
    port = free_port()
    first, second = (start(rank, 2, port, tmp_path, epochs=100_000) for rank in (0, 1))
    assert first.stdout is not None
    first.stdout.readline()
    first.stdout.readline()
    second.kill()
    second.communicate()
    first.communicate(timeout=60)
    assert first.returncode == 1
