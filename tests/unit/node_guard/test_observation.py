"""Observation of a node over several minutes."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.node_guard import observation
from mlinfra.node_guard.accelerators import Reading
from mlinfra.node_guard.commands import Commands, Stuck
from mlinfra.node_guard.jobs import Job
from mlinfra.node_guard.judgement import History
from mlinfra.node_guard.notebooks import Kernel
from mlinfra.node_guard.observation import Observation, observe, sample_accelerators
from mlinfra.node_guard.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.node_guard.conftest import FakeNode

KERNEL = "python -m ipykernel_launcher -f /home/ec2-user/runtime/kernel-ab-1.json"


class Watch:
    """Observations of one node, a minute after each other."""

    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self._state = State(History.beginning(node.seconds))

    def minute(self, *ids: int, percent: float | None = 0, jobs: tuple[Job, ...] = (), **reading: Any) -> Observation:
        """The next minute, in which the driver lists some processes."""
        self._node.pass_time(60)
        values = {"complete": True, "process_ids": frozenset(ids)} | reading
        return observe(
            self._node.root,
            self._state,
            Reading(percent, **values),
            jobs,
            now=self._node.seconds,
            wall=time.time(),
        )


@pytest.fixture
def watch(node: FakeNode) -> Watch:
    return Watch(node)


def test_a_process_that_has_started_shows_progress(node: FakeNode, watch: Watch) -> None:
    watch.minute()
    node.process(7)
    assert watch.minute(7).signs.progress == "process 7 has started"
    assert watch.minute(7).signs.progress is None


@pytest.mark.parametrize(("seconds", "progress"), [(2.9, None), (3.1, "CPU time of 0.1 cores")])
def test_cpu_time_of_a_twentieth_of_a_core_is_progress(
    node: FakeNode, watch: Watch, seconds: float, progress: str | None
) -> None:
    node.process(7, cpu_seconds=1000)
    watch.minute(7)
    node.process(7, cpu_seconds=1000 + seconds)
    assert watch.minute(7).signs.progress == progress


def test_the_cpu_time_of_workers_is_progress(node: FakeNode, watch: Watch) -> None:
    node.process(7)
    watch.minute(7)
    node.process(8, parent=7, cpu_seconds=60)
    assert watch.minute(7).signs.progress == "CPU time of 1.0 cores"


def test_cpu_time_of_other_processes_is_that_of_all_but_compute_processes(node: FakeNode, watch: Watch) -> None:
    node.cpu_time(1000)
    node.process(7, cpu_seconds=500)
    assert watch.minute(7).signs.cpu_cores == 0  # the first run does not know the increase
    node.cpu_time(1000 + 180)
    node.process(7, cpu_seconds=500 + 60)
    assert watch.minute(7).signs.cpu_cores == pytest.approx(2, abs=0.01)
    node.process(7, cpu_seconds=500 + 120)  # counted a moment later than the total
    assert watch.minute(7).signs.cpu_cores == 0


def test_cpu_time_of_notebook_kernels_is_not_that_of_other_processes(node: FakeNode, watch: Watch) -> None:
    node.cpu_time(1000)
    node.process(7, command=KERNEL, cpu_seconds=500)
    watch.minute()
    node.cpu_time(1000 + 60)
    node.process(7, command=KERNEL, cpu_seconds=500 + 60)
    assert watch.minute().signs.cpu_cores == pytest.approx(0, abs=0.01)


def test_input_and_output_are_progress(node: FakeNode, watch: Watch) -> None:
    node.process(7, io=10**9)
    watch.minute(7)
    node.process(7, io=10**9 + 5 * 10**6)
    assert watch.minute(7).signs.progress == "5 MB of input and output"


def test_a_later_process_with_the_same_id_has_started(node: FakeNode, watch: Watch) -> None:
    node.process(7, started=10)
    watch.minute(7)
    node.process(7, started=20)
    assert watch.minute(7).signs.progress == "process 7 has started"


IN_CODE = Job("job#bert", "bert", unresponsive_seconds=600)
"""A job whose main thread has executed nothing for 10 minutes."""
WRAPPED = Job("job#bert", "bert")
VARIABLE = "MLINFRA_JOB=bert"


@pytest.mark.parametrize(
    ("jobs", "changes", "seconds"),
    [
        ((), {}, math.inf),
        ((), {"io": 2**20 - 1}, math.inf),
        ((), {"io": 2**20}, 0),
        ((), {"written": 1}, 0),
        ((IN_CODE,), {"written": 5000}, 600),
        ((IN_CODE, replace(IN_CODE, unresponsive_seconds=0)), {}, 0),
        ((replace(IN_CODE, reports_progress=True),), {}, 0),
        ((WRAPPED,), {"variables": VARIABLE}, math.inf),
        ((WRAPPED,), {"variables": VARIABLE, "written": 1}, 0),
        ((WRAPPED,), {"variables": "MLINFRA_JOB=other"}, 0),
        ((replace(WRAPPED, on_one_node=False),), {"variables": VARIABLE}, 0),
        ((IN_CODE, WRAPPED), {}, 0),
    ],
)
def test_compute_processes_wait_if_nothing_but_accelerators_and_cpus_shows_work(
    node: FakeNode, watch: Watch, jobs: tuple[Job, ...], changes: dict[str, Any], seconds: float
) -> None:
    node.process(7)
    watch.minute(7, percent=100, waiting=True)
    node.process(7, **{"cpu_seconds": 60, **changes})
    assert watch.minute(7, percent=100, waiting=True, jobs=jobs).signs.waiting_seconds == seconds


def test_compute_processes_work_while_accelerators_draw_power(node: FakeNode, watch: Watch) -> None:
    node.process(7)
    watch.minute(7, percent=100, waiting=True)
    assert watch.minute(7, percent=100).signs.waiting_seconds == 0


def test_without_compute_processes_or_in_their_first_minute_none_wait(node: FakeNode, watch: Watch) -> None:
    node.process(7)
    assert watch.minute(7, percent=100, waiting=True).signs.waiting_seconds == 0
    assert watch.minute(percent=100, waiting=True).signs.waiting_seconds == 0
    node.process(8)
    assert watch.minute(7, 8, percent=100, waiting=True).signs.waiting_seconds == 0


def test_workers_that_write_and_other_processes_that_compute_show_work(node: FakeNode, watch: Watch) -> None:
    node.cpu_time(1000)
    node.process(7)
    node.process(8, parent=7)
    watch.minute(7, percent=100, waiting=True)
    node.process(8, parent=7, written=1)
    assert watch.minute(7, percent=100, waiting=True).signs.waiting_seconds == 0
    node.cpu_time(1000 + 60)
    assert watch.minute(7, percent=100, waiting=True).signs.waiting_seconds == 0
    assert watch.minute(7, percent=100, waiting=True).signs.waiting_seconds == math.inf


def test_processes_with_unknown_output_may_work(node: FakeNode, watch: Watch) -> None:
    node.process(7)
    watch.minute(7, percent=100, waiting=True)
    node.write("proc/7/io", "")
    assert watch.minute(7, percent=100, waiting=True).signs.waiting_seconds == 0


def test_a_notebook_kernel_that_executes_shows_work(node: FakeNode, watch: Watch) -> None:
    node.process(7, KERNEL)
    watch.minute(7, percent=100, waiting=True)
    node.process(7, KERNEL, cpu_seconds=60)
    assert watch.minute(7, percent=100, waiting=True).signs.waiting_seconds == 0


def test_open_devices_show_the_processes_that_the_driver_cannot_list(node: FakeNode, watch: Watch) -> None:
    node.process(7, devices=("/dev/nvidia3",))
    node.process(8)
    found = watch.minute(percent=None, complete=False, process_ids=None)
    assert [each.pid for each in found.processes] == [7]
    assert not found.signs.readable


def test_a_node_without_accelerators_is_readable(node: FakeNode) -> None:
    found = observe(node.root, State(History.beginning(0)), None, (), now=node.seconds, wall=time.time())
    assert (found.signs.readable, found.signs.percent, found.signs.processes) == (True, None, 0)


def test_an_idle_kernel_that_holds_memory_of_a_gpu_does_not_compute(node: FakeNode, watch: Watch) -> None:
    node.process(7, KERNEL)
    watch.minute(7)
    found = watch.minute(7)
    assert (found.signs.processes, found.signs.kernel_executed, found.kernels) == (0, False, 1)


def test_a_kernel_without_a_known_server_executes_if_it_uses_the_cpu(node: FakeNode, watch: Watch) -> None:
    node.process(7, KERNEL)
    watch.minute(7)
    node.process(7, KERNEL, cpu_seconds=30)
    found = watch.minute(7)
    assert (found.signs.processes, found.signs.kernel_executed) == (1, True)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a server that describes the kernel ab-1."""

    def describe(*, executing: bool, seconds_ago: float) -> None:
        found = {"ab-1": Kernel("ab-1", executing=executing, last_activity=time.time() - seconds_ago)}
        monkeypatch.setattr(observation, "read_kernels", lambda *_, **__: found)

    return describe


@pytest.mark.parametrize(
    ("executing", "seconds_ago", "executed", "processes"),
    [(True, 4000, True, 1), (False, 30, True, 0), (False, 4000, False, 0)],
)
def test_the_server_of_a_kernel_knows_better_than_its_cpu_time(
    node: FakeNode,
    watch: Watch,
    kernel: Callable[..., None],
    seconds_ago: float,
    processes: int,
    *,
    executing: bool,
    executed: bool,
) -> None:
    node.process(7, KERNEL)
    watch.minute(7)
    node.process(7, KERNEL, cpu_seconds=60)
    kernel(executing=executing, seconds_ago=seconds_ago)
    found = watch.minute(7)
    assert (found.signs.kernel_executed, found.signs.processes) == (executed, processes)


def test_traffic_is_counted_from_minute_to_minute(node: FakeNode, watch: Watch) -> None:
    node.traffic(disk=512 * 1000, network=10**9)
    first = watch.minute().signs
    node.traffic(disk=512 * 3000, network=10**9 + 70)
    second = watch.minute().signs
    assert (first.disk_bytes, first.network_bytes) == (0, 0)
    assert (second.disk_bytes, second.network_bytes) == (512 * 2000, 70)


def test_terminals_and_containers_are_counted(node: FakeNode, watch: Watch) -> None:
    node.terminal(0, input_ago=20)
    node.process(7, name="containerd-shim")
    found = watch.minute()
    assert (found.sessions, found.containers, found.signs.terminal_input) == (1, 1, True)


def test_processes_that_started_before_the_hang_are_those_of_the_hung_job(node: FakeNode, watch: Watch) -> None:
    node.process(7, started=node.seconds - 9000)
    hung = Job("job#1", "bert", hung_since=time.time() - 4000)
    signs = watch.minute(7, percent=100, jobs=(hung,)).signs
    assert (signs.processes_hung, signs.hung, signs.jobs) == (True, ("bert",), ())


def test_a_process_that_started_after_the_hang_is_another_job(node: FakeNode, watch: Watch) -> None:
    node.process(7, started=node.seconds - 9000)
    node.process(8, started=node.seconds - 100)
    hung = Job("job#1", "bert", hung_since=time.time() - 4000)
    assert not watch.minute(7, 8, percent=100, jobs=(hung,)).signs.processes_hung


def test_another_running_job_keeps_the_processes_of_a_hung_one(node: FakeNode, watch: Watch) -> None:
    node.process(7, started=node.seconds - 9000)
    jobs = (Job("job#1", "bert", hung_since=time.time() - 4000), Job("job#2", "gpt"))
    signs = watch.minute(7, percent=100, jobs=jobs).signs
    assert (signs.processes_hung, signs.jobs) == (False, ("gpt",))


class Sampling:
    """Samples of a node whose GPUs do what the test says."""

    def __init__(self, node: FakeNode, nvidia_smi: str, *, seconds: float = 55) -> None:
        node.write("dev/nvidia0", "")
        node.command("nvidia-smi", nvidia_smi)
        self.pauses: list[float] = []
        self.reading = sample_accelerators(
            node.root, Commands(Stuck({}), seconds=seconds), idle_percent=5, sleep=self.pauses.append
        )


def test_one_busy_sample_ends_the_sampling(node: FakeNode) -> None:
    looks = node.root / "looks"
    sampling = Sampling(
        node,
        f'[[ "$*" != *compute-apps* ]] || exit 0\necho >>{looks}; [ "$(wc -l <{looks})" = 4 ] && echo 60 || echo 0',
    )
    assert sampling.reading is not None
    assert sampling.reading.percent == 60
    assert sampling.pauses == [5, 5, 5]


def test_an_idle_node_is_sampled_six_times(node: FakeNode) -> None:
    sampling = Sampling(node, "[[ \"$*\" = *compute-apps* ]] || echo '0, Disabled'")
    assert sampling.reading == Reading(0, complete=True, process_ids=frozenset())
    assert len(sampling.pauses) == 5


def test_unreadable_gpus_are_sampled_twice(node: FakeNode) -> None:
    sampling = Sampling(node, "exit 9")
    assert sampling.reading == Reading()
    assert len(sampling.pauses) == 1


def test_sampling_ends_early_enough_to_report(node: FakeNode) -> None:
    assert Sampling(node, "echo '0, Disabled'", seconds=30).pauses == []
