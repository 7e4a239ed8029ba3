"""Compute processes of others on the node of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.job import other_processes, reporter, training_job
from mlinfra.job.node import Node
from mlinfra.job.other_processes import other_compute_processes
from tests.unit.node_guard.conftest import FakeNode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.job.conftest import Cluster

GPU = ("/dev/nvidia0",)
OWN = 100


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    """A node with GPUs, on which a job runs whose tree has two processes."""
    made = FakeNode(tmp_path / "node")
    monkeypatch.setenv("PATH", f"{made.root}/bin:/usr/bin:/bin")
    made.write("dev/nvidia0", "")
    made.process(90, "torchrun", parent=1)
    made.process(OWN, parent=90, devices=GPU)
    made.process(101, parent=OWN, devices=GPU)
    made.process(102, parent=90, devices=GPU)
    return made


def others(node: FakeNode, *, has_launcher: bool = True) -> list[int]:
    return sorted(other_compute_processes(has_launcher=has_launcher, root=node.root, pid=OWN))


def test_the_processes_of_the_job_itself_do_not_count(node: FakeNode) -> None:
    assert others(node) == []


def test_without_a_launcher_only_descendants_belong_to_the_job(node: FakeNode) -> None:
    assert others(node, has_launcher=False) == [102]


def test_a_script_of_another_user_counts(node: FakeNode) -> None:
    node.process(200, "python sweep.py", devices=GPU)
    assert others(node) == [200]


def test_the_list_of_the_driver_is_preferred(node: FakeNode) -> None:
    node.process(200, "python sweep.py")
    node.process(201, "python only_opens.py", devices=GPU)
    node.command("nvidia-smi", "printf '%s\\n' 100 101 102 200 999")
    assert others(node) == [200]


def test_daemons_and_notebook_kernels_do_not_count(node: FakeNode) -> None:
    node.process(200, name="nv-hostengine", devices=GPU)
    node.process(201, "python -m ipykernel_launcher -f kernel-1.json", devices=GPU)
    assert others(node) == []


def test_a_driver_that_does_not_answer_costs_two_seconds(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_processes, "_SECONDS", 0.2)
    node.command("nvidia-smi", "exec sleep 60")
    node.process(200, devices=GPU)
    assert others(node) == [200]


def test_a_node_without_accelerators_has_no_compute_processes(node: FakeNode) -> None:
    (node.root / "dev/nvidia0").unlink()
    node.process(200, devices=GPU)
    assert others(node) == []


def test_the_protection_stays_while_another_process_computes(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    monkeypatch.setenv("MLINFRA_INSTANCE_ID", "i-0123456789abcdef0")
    monkeypatch.setattr(Node, "protect_from_scale_in", lambda *_, on: calls.append(on))
    found = [[4711], []]
    monkeypatch.setattr(reporter, "other_compute_processes", lambda **_: found.pop(0))
    for job_id, expected in (("1", [True]), ("2", [True, True, False])):
        with training_job("train", job_id=job_id):
            pass
        assert cluster.record(job_id)["status"] == "completed"
        assert calls == expected
