"""Observation of the node for one minute."""

from __future__ import annotations

import math
import os
import pwd
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Variable
from mlinfra.node_guard.accelerators import Reading, read_accelerators
from mlinfra.node_guard.counters import containers, cpu_ticks, disk_bytes, network_bytes, terminal_input, terminals
from mlinfra.node_guard.judgement import CPU_CORES, PROGRESS_CPU, PROGRESS_IO_BYTES, Signs
from mlinfra.node_guard.notebooks import Kernel, read_kernels
from mlinfra.node_guard.processes import Process, Processes, io_bytes, read_processes, variable
from mlinfra.node_guard.vacancy import find_occupant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from mlinfra.node_guard.commands import Commands
    from mlinfra.node_guard.jobs import EndedJob, Job
    from mlinfra.node_guard.state import State

_SAMPLES = 6
_PAUSE_SECONDS = 5
_RESERVE_SECONDS = 28
"""The time that is kept for the report, in seconds: four calls of AWS."""
_KERNEL_SECONDS = 6
_TICKS = os.sysconf("SC_CLK_TCK")
_MINUTE = 60.0
_IMPORT_SECONDS = 300.0
"""The longest time from the start of a training process until it reports its job: it imports its libraries before."""


@dataclass(frozen=True)
class Observation:
    """The signs of activity, and what else is reported of the node."""

    signs: Signs
    processes: tuple[Process, ...]
    """The compute processes, without idle notebook kernels."""
    containers: int
    kernels: int
    sessions: int
    occupant: str | None = None
    """A terminal, process or timer that may start work. None: there is none."""


def sample_accelerators(
    root: Path, commands: Commands, *, idle_percent: float, sleep: Callable[[float], None] = time.sleep
) -> Reading | None:
    """The accelerators during about half a minute, until one of them is in use. None: the node has none.

    A job that sometimes waits for data is idle in one sample, but not in all.

    Args:
        root: the folder with /dev, /proc and /sys of the node.
        commands: how to run tools; its deadline ends the sampling.
        idle_percent: the utilization below which an accelerator is idle, in percent.
        sleep: how to wait, in seconds.
    """
    total: Reading | None = None
    for index in range(_SAMPLES):
        begun = time.monotonic()
        reading = read_accelerators(root, commands)
        if reading is None:
            return None
        total = total.then(reading) if total else reading
        duration = time.monotonic() - begun + _PAUSE_SECONDS
        in_use = total.percent is not None and total.percent >= idle_percent
        if in_use or index + 1 == _SAMPLES or commands.seconds_left < _RESERVE_SECONDS + duration:
            break
        if not reading.complete and index:
            break
        sleep(_PAUSE_SECONDS)
    return total


def observe(
    root: Path,
    state: State,
    reading: Reading | None,
    jobs: Sequence[Job],
    *,
    now: float,
    wall: float,
    ended: EndedJob | None = None,
) -> Observation:
    """Observe the node and update `state` for the next minute.

    Args:
        root: the folder with /dev, /proc and /sys of the node.
        state: the values of the last minute.
        reading: the accelerators. None: the node has none.
        jobs: the running jobs of the node.
        now: seconds since the boot.
        wall: epoch seconds by the node's clock.
        ended: the job after whose end nothing else was active. Default: there is none.
    """
    elapsed = _MINUTE if state.at is None else max(1.0, now - state.at)
    processes = read_processes(root)
    if reading is None:
        found: list[Process] = []
    elif reading.process_ids is None:
        found = processes.with_devices()
    else:
        found = processes.computing(reading.process_ids)
    kernel_processes = [each for each in processes.by_id.values() if _is_first_kernel(each, processes)]
    usage = _Usage(root, processes, state, [*found, *kernel_processes], elapsed)
    known = read_kernels(root, processes, deadline=time.monotonic() + _KERNEL_SECONDS)
    executing = {each.pid for each in kernel_processes if _executes(each, known, usage)}
    computing = tuple(each for each in found if _computes(processes.kernel_of(each), executing))

    ticks, disk, network = cpu_ticks(root), disk_bytes(root), network_bytes(root)
    hung = [each for each in jobs if each.hung_since is not None]
    running = [each for each in jobs if each.hung_since is None]
    cpu_cores = max(0.0, _increase(ticks, state.cpu_ticks) / _TICKS / elapsed - usage.all_cores)
    waits = reading is not None and reading.waiting and not executing and cpu_cores < CPU_CORES
    signs = Signs(
        percent=None if reading is None else reading.percent,
        readable=reading is None or reading.complete,
        processes=len(computing),
        users=tuple(sorted({_user(each.user_id) for each in computing})),
        progress=_progress(computing, usage, state),
        kernel_executed=bool(executing) or _executed_since(known.values(), wall - elapsed),
        terminal_input=terminal_input(root, since=wall - elapsed),
        cpu_cores=cpu_cores,
        disk_bytes=_increase(disk, state.disk_bytes),
        network_bytes=_increase(network, state.network_bytes),
        jobs=tuple(each.name for each in running),
        hung=tuple(each.name for each in hung),
        processes_hung=bool(hung) and not running and all(_is_of_hung(each, hung, wall - now) for each in computing),
        left_by_job=ended is not None and all(_is_of_ended(each, ended) for each in computing),
        waiting_seconds=_waiting_seconds(root, computing, usage, state, running) if waits else 0.0,
    )
    state.at, state.cpu_ticks, state.disk_bytes, state.network_bytes = now, ticks, disk, network
    state.usage, state.roots = usage.values, [_key(each) for each in computing]
    return Observation(
        signs=signs,
        processes=computing,
        containers=containers(processes),
        kernels=max(len(kernel_processes), len(known)),
        sessions=len(terminals(root)),
        occupant=find_occupant(root, processes),
    )


def _key(process: Process) -> str:
    return f"{process.pid} {process.start}"


class _Usage:
    """The CPU time and I/O of processes since the last minute."""

    def __init__(
        self, root: Path, processes: Processes, state: State, roots: Iterable[Process], elapsed: float
    ) -> None:
        self._processes = processes
        self._before = state.usage
        self._is_first = state.at is None
        self._elapsed = elapsed
        self.values: dict[str, list[int]] = {}
        self.is_known = not self._is_first
        """False if the input and output of a process is unknown."""
        for each in roots:
            for one in processes.tree(each):
                if _key(one) not in self.values:
                    counts = io_bytes(root, one.pid)
                    self.is_known = self.is_known and counts is not None
                    read, written = counts or (0, 0)
                    self.values[_key(one)] = [one.ticks, read + written, written]

    def cores(self, process: Process) -> float:
        """The cores that its tree has used on average."""
        return self._increase(process, 0) / _TICKS / self._elapsed

    @property
    def all_cores(self) -> float:
        """The cores that all trees have used on average."""
        return sum(self._increase_of(key, 0) for key in self.values) / _TICKS / self._elapsed

    def io(self, process: Process) -> int:
        """The bytes that its tree has read and written."""
        return self._increase(process, 1)

    def written(self, process: Process) -> int:
        """The bytes that its tree has written."""
        return self._increase(process, 2)

    def _increase(self, process: Process, index: int) -> int:
        return sum(self._increase_of(_key(each), index) for each in self._processes.tree(process))

    def _increase_of(self, key: str, index: int) -> int:
        now = self.values[key]
        # A process that was not there before has used all its time since.
        before = self._before.get(key, now if self._is_first else [0, 0])
        return max(0, now[index] - before[index])


def _is_first_kernel(process: Process, processes: Processes) -> bool:
    """True if it is a kernel and not a worker that a kernel has forked."""
    parent = processes.by_id.get(process.parent)
    return process.is_kernel and not (parent is not None and parent.is_kernel)


def _executes(kernel: Process, known: dict[str, Kernel], usage: _Usage) -> bool:
    """True if a kernel executes: its server says so, or its CPU time, if no server knows it."""
    told = known.get(kernel.kernel_id or "")
    return told.executing if told else usage.cores(kernel) >= PROGRESS_CPU


def _executed_since(kernels: Iterable[Kernel], since: float) -> bool:
    return any(each.executing or (each.last_activity or 0) >= since for each in kernels)


def _computes(kernel: Process | None, executing: set[int]) -> bool:
    return kernel is None or kernel.pid in executing or kernel.parent in executing


def _progress(computing: Iterable[Process], usage: _Usage, state: State) -> str | None:
    """The strongest progress of compute processes other than by an accelerator. None: none."""
    cores, count = 0.0, 0
    for each in computing:
        if _key(each) not in state.roots:
            return f"process {each.pid} has started"
        cores, count = max(cores, usage.cores(each)), max(count, usage.io(each))
    if cores >= PROGRESS_CPU:
        return f"CPU time of {cores:.1f} cores"
    if count >= PROGRESS_IO_BYTES:
        return f"{count / 1e6:.0f} MB of input and output"
    return None


def _waiting_seconds(
    root: Path, computing: Sequence[Process], usage: _Usage, state: State, jobs: Sequence[Job]
) -> float:
    """The time for which nothing but accelerators shows that compute processes work, as far as this minute tells.

    Infinity if the minute sets no limit, 0 if it shows work. `judgement.Signs.waiting_seconds` describes the signs.
    """
    is_quiet = computing and usage.is_known and all(_key(each) in state.roots for each in computing)
    if not is_quiet or any(usage.io(each) >= PROGRESS_IO_BYTES for each in computing):
        return 0.0
    longest = math.inf
    has_written = any(usage.written(each) for each in computing)
    for job in jobs:
        if job.reports_progress:
            return 0.0
        if job.unresponsive_seconds is not None:
            longest = min(longest, job.unresponsive_seconds)
        elif has_written or not job.on_one_node or not _runs(root, computing, job):
            return 0.0
    return 0.0 if has_written and not jobs else longest


def _runs(root: Path, computing: Iterable[Process], job: Job) -> bool:
    """True if a compute process is part of the command of a job."""
    return any(variable(root, each.pid, Variable.JOB) == job.job_id for each in computing)


def _increase(value: int | None, before: int | None) -> int:
    # Counters of a device that was removed are missing from the sum.
    return 0 if value is None or before is None else max(0, value - before)


def _is_of_hung(process: Process, hung: Iterable[Job], booted_at: float) -> bool:
    """True if a process started before a hang: one that started later is another job."""
    started_at = booted_at + process.start / _TICKS
    return any(started_at <= (each.hung_since or 0) for each in hung)


def _is_of_ended(process: Process, ended: EndedJob) -> bool:
    """True if a process started while the job ran, or is the job's own, which began shortly before its record."""
    started = process.start / _TICKS
    return ended.began - _IMPORT_SECONDS <= started <= ended.seen + _MINUTE


def _user(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
