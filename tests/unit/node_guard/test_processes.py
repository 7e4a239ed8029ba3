"""Processes of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.node_guard.processes import io_bytes, read_processes, variable

if TYPE_CHECKING:
    from tests.unit.node_guard.conftest import FakeNode


def test_a_process_with_spaces_and_brackets_in_its_name_is_read(node: FakeNode) -> None:
    node.process(7, "python -m train", name="pt (main) 0", parent=3, cpu_seconds=2.5)
    process = read_processes(node.root).by_id[7]
    assert (process.parent, process.name, process.command) == (3, "pt (main) 0", "python -m train")


def test_processes_that_have_ended_are_left_out(node: FakeNode) -> None:
    node.process(7, state="Z")
    node.write("proc/8/cmdline", "gone")
    assert read_processes(node.root).by_id == {}


@pytest.mark.parametrize(
    ("device", "counts"),
    [
        ("/dev/nvidia0", True),
        ("/dev/nvidia-caps/nvidia-cap1", True),
        ("/dev/neuron15", True),
        ("/dev/kfd", True),
        ("/dev/nvidiactl", False),
        ("/dev/nvidia-uvm", False),
        ("/dev/null", False),
    ],
)
def test_open_device_files_show_compute_processes(node: FakeNode, device: str, *, counts: bool) -> None:
    node.process(7, devices=("/dev/null", device))
    assert [each.pid for each in read_processes(node.root).with_devices()] == ([7] if counts else [])


@pytest.mark.parametrize(
    "name",
    [
        "nvidia-smi",
        "nvidia-persiste",
        "nv-hostengine",
        "nv-fabricmanage",
        "nvidia-cuda-mps",
        "dcgm-exporter",
        "nvtop",
        "amazon-cloudwat",
        "neuron-monitor",
        "Xorg",
    ],
)
def test_monitoring_daemons_do_not_compute(node: FakeNode, name: str) -> None:
    node.process(7, name=name, devices=("/dev/nvidia0",))
    processes = read_processes(node.root)
    assert processes.with_devices() == []
    assert processes.computing([7]) == []


def test_processes_of_the_driver_that_have_ended_are_left_out(node: FakeNode) -> None:
    node.process(7)
    assert [each.pid for each in read_processes(node.root).computing([7, 8])] == [7]


def test_the_tree_of_a_process(node: FakeNode) -> None:
    for pid, parent in ((7, 1), (8, 7), (9, 8), (10, 1)):
        node.process(pid, parent=parent)
    processes = read_processes(node.root)
    assert {each.pid for each in processes.tree(processes.by_id[7])} == {7, 8, 9}


def test_workers_belong_to_the_kernel_that_forked_them(node: FakeNode) -> None:
    node.process(7, "python -m ipykernel_launcher -f /home/ec2-user/.local/share/jupyter/runtime/kernel-ab12-cd.json")
    node.process(8, "python -c worker", parent=7)
    node.process(9)
    processes = read_processes(node.root)
    kernel = processes.kernel_of(processes.by_id[8])
    assert kernel is not None
    assert (kernel.pid, kernel.kernel_id) == (7, "ab12-cd")
    assert processes.kernel_of(processes.by_id[9]) is None


def test_the_input_and_output_of_a_process(node: FakeNode) -> None:
    node.process(7, io=4096)
    assert io_bytes(node.root, 7) == (4096, 0)
    assert io_bytes(node.root, 8) is None


def test_the_variables_of_a_process(node: FakeNode) -> None:
    node.process(7, variables="HOME=/root MLINFRA_JOB=bert-1 PATH=/bin")
    assert variable(node.root, 7, "MLINFRA_JOB") == "bert-1"
    assert variable(node.root, 7, "MLINFRA") is None
    assert variable(node.root, 8, "MLINFRA_JOB") is None
