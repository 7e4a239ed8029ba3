"""Counters of a node."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mlinfra.node_guard.counters import containers, cpu_ticks, disk_bytes, network_bytes, terminal_input, terminals
from mlinfra.node_guard.processes import read_processes

if TYPE_CHECKING:
    from tests.unit.node_guard.conftest import FakeNode


def test_bytes_of_whole_disks_count_once(node: FakeNode) -> None:
    node.traffic(disk=1024 * 1024, network=0)
    assert disk_bytes(node.root) == 1024 * 1024


def test_bytes_of_real_interfaces_and_adapters_count(node: FakeNode) -> None:
    node.traffic(disk=0, network=5000)
    assert network_bytes(node.root) == 5000
    node.write("sys/class/infiniband/rdmap16s27/ports/1/hw_counters/rx_bytes", "700\n")
    node.write("sys/class/infiniband/rdmap16s27/ports/1/hw_counters/tx_bytes", "30\n")
    assert network_bytes(node.root) == 5730


def test_cpu_time_is_that_of_all_programs(node: FakeNode) -> None:
    node.write("proc/stat", "cpu  100 20 3 99999 5000 7 8 9 0 0\ncpu0 50 10 1 99999 5000 7 8 9 0 0\n")
    assert cpu_ticks(node.root) == 123


def test_cpu_time_that_cannot_be_read_is_unknown(node: FakeNode) -> None:
    node.write("proc/stat", "cpu  a b c\n")
    assert cpu_ticks(node.root) is None
    (node.root / "proc/stat").unlink()
    assert cpu_ticks(node.root) is None


def test_missing_counters_are_zero(node: FakeNode) -> None:
    (node.root / "proc/diskstats").unlink()
    (node.root / "proc/net/dev").unlink()
    assert (disk_bytes(node.root), network_bytes(node.root)) == (0, 0)


def test_input_in_any_terminal_counts(node: FakeNode) -> None:
    node.terminal(0, input_ago=7200)
    node.terminal(1, input_ago=30)
    node.write("dev/pts/ptmx", "")
    assert len(terminals(node.root)) == 2
    assert terminal_input(node.root, since=time.time() - 60)
    assert not terminal_input(node.root, since=time.time() - 10)


def test_each_container_has_a_shim(node: FakeNode) -> None:
    node.process(7, name="containerd-shim")
    node.process(8, name="containerd")
    assert containers(read_processes(node.root)) == 1
