"""Training converges, alone and on two nodes, and goes on from a checkpoint."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training.checkpoint import load_checkpoint
from training.interactions import load_interactions
from training.model import TwoTower

PROJECT = Path(__file__).resolve().parent.parent


def start(folder: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLINFRA_")}
    environment |= {"MLINFRA_OUTPUTS": str(folder), **variables}
    return subprocess.Popen(
        [sys.executable, "-m", "training", *options],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def metrics(folder: Path) -> dict[str, float]:
    content: dict[str, float] = json.loads((folder / "metrics.json").read_text())
    return content


@pytest.fixture
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def two_nodes(tmp_path: Path, port: str, *options: str, **variables: str) -> list[subprocess.Popen[str]]:
    return [
        start(
            tmp_path / str(rank),
            *options,
            NODE_RANK=str(rank),
            NNODES="2",
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port,
            **variables,
        )
        for rank in range(2)
    ]


def test_the_model_finds_held_out_items_far_more_often_than_by_chance(tmp_path: Path) -> None:
    ended(start(tmp_path))
    found = metrics(tmp_path)
    assert found["recall_at_10"] > 3 * found["recall_at_10_by_chance"]


def test_two_nodes_train_one_model(tmp_path: Path, port: str) -> None:
    for node in two_nodes(tmp_path, port, "--steps", "100"):
        ended(node)
    found = metrics(tmp_path / "0")
    assert found["recall_at_10"] > 3 * found["recall_at_10_by_chance"]
    assert not (tmp_path / "1").exists()


def test_a_run_that_is_stopped_goes_on_from_its_checkpoint_with_the_same_result(tmp_path: Path) -> None:
    ended(start(tmp_path / "whole", "--steps", "120"))
    variables = {"MLINFRA_CHECKPOINTS": str(tmp_path / "checkpoints")}
    first = start(tmp_path / "parts", "--steps", "120", **variables)
    while not (tmp_path / "checkpoints" / "checkpoint.json").exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert first.returncode == 128 + signal.SIGTERM
    saved = load_checkpoint(tmp_path / "checkpoints")
    assert saved is not None
    assert 0 < saved[0] < 120
    assert f"resumed after step {saved[0]}" in ended(start(tmp_path / "parts", "--steps", "120", **variables))
    models = [TwoTower.load(tmp_path / each / "model") for each in ("whole", "parts")]
    assert models[0] == models[1]


def test_a_lost_node_ends_the_others(tmp_path: Path, port: str) -> None:
    nodes = two_nodes(tmp_path, port, "--steps", "100000", MLINFRA_CHECKPOINTS=str(tmp_path / "checkpoints"))
    while not (tmp_path / "checkpoints" / "checkpoint.json").exists():
        assert nodes[0].poll() is None, nodes[0].communicate()
        time.sleep(0.01)
    nodes[1].kill()
    nodes[1].communicate(timeout=60)
    _, errors = nodes[0].communicate(timeout=60)
    assert nodes[0].returncode != 0
    assert "another node of the run has closed its connection" in errors or "Connection reset" in errors


def test_a_gradient_is_the_slope_of_the_loss() -> None:
    model = TwoTower.new(users=4, topic_of=[0, 1, 0], size=3, seed=1)
    batch = [(0, 0), (1, 1), (2, 2), (3, 0)]
    loss, gradients = model.gradients(batch)
    for name, gradient in gradients.items():
        table, _, row = name.partition("/")
        vector = getattr(model, table)[int(row)]
        for position, slope in enumerate(gradient):
            vector[position] += 1e-6
            assert (model.gradients(batch)[0] - loss) / 1e-6 == pytest.approx(slope, abs=1e-4)
            vector[position] -= 1e-6


def test_no_held_out_item_is_in_the_training_data() -> None:
    data = load_interactions()
    assert not set(data.train) & set(data.test)
    assert {user for user, _ in data.test} == {user for user, _ in data.train}
