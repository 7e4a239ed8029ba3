"""Stacks of hung jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.node_guard.commands import Commands, Stuck
from mlinfra.node_guard.jobs import Job
from mlinfra.node_guard.judgement import History
from mlinfra.node_guard.processes import read_processes
from mlinfra.node_guard.stacks import dump_stacks
from mlinfra.node_guard.state import State

if TYPE_CHECKING:
    import pytest

    from tests.unit.node_guard.conftest import FakeNode


def dump(node: FakeNode, state: State, *jobs: Job) -> None:
    dump_stacks(Commands(Stuck({}), seconds=30), state, jobs, read_processes(node.root).by_id.values())


def test_the_stacks_of_a_hung_job_are_logged_once_for_each_hang(
    node: FakeNode, caplog: pytest.LogCaptureFixture
) -> None:
    node.command("py-spy", 'echo "Thread 0x1 (active): all_reduce"')
    node.process(7)
    node.process(8)
    state = State(History.beginning(0))
    for hung_since in (100.0, 100.0, None, 5000.0):
        dump(node, state, Job("job#1", "bert", hung_since))
    assert node.calls == [f"py-spy dump --nonblocking --pid {pid}" for pid in (7, 8, 7, 8)]
    assert caplog.messages[:2] == [
        "job bert is hung",
        "stacks of process 7 of job bert:\nThread 0x1 (active): all_reduce\n",
    ]


def test_without_py_spy_the_hang_is_logged(node: FakeNode, caplog: pytest.LogCaptureFixture) -> None:
    node.process(7)
    dump(node, State(History.beginning(0)), Job("job#1", "bert", 100.0))
    assert caplog.messages == ["job bert is hung"]
