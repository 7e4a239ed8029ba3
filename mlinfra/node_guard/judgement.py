"""Judgement of one minute: busy, idle or unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Activity

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "nothing runs"
CPU_CORES = 1.0
"""The CPU time of all processes but compute processes and notebook kernels that counts as activity, in cores. The
daemons of an idle node use a tenth of it."""
TRANSFER_BYTES = 60 * 1000 * 1000
"""The bytes of disk or network traffic in a minute that count as activity: 1 MB per second. Agents and logs of an idle
node stay far below."""
PROGRESS_CPU = 0.05
"""The CPU time of a process tree that counts as progress, in cores."""
PROGRESS_IO_BYTES = 1 << 20
"""The bytes that a process tree has read or written in a minute that count as progress."""


@dataclass(frozen=True)
class Limits:
    """The settings of the environment."""

    idle_percent: float
    """The utilization below which an accelerator is idle, in percent."""
    idle_seconds: float
    """The idle time after which the node is no longer protected from scale-in."""
    stalled_seconds: float
    """The time without progress after which compute processes no longer count as activity."""
    pause_seconds: float = math.inf
    """The time after a job for which the node stays protected. Default: endless."""
    vacant_seconds: float = math.inf
    """The time after which a vacant node is no longer protected. Default: endless."""

    @property
    def preparation_seconds(self) -> float:
        """The time for which CPU use, disk and network traffic count as activity, without a direct sign of work."""
        return 2 * self.stalled_seconds


@dataclass(frozen=True)
class Signs:
    """The observations of one minute."""

    percent: float | None = None
    """The utilization of the busiest accelerator, in percent. None: unknown."""
    readable: bool = True
    """False if an accelerator could not be read. True for a node without accelerators."""
    processes: int = 0
    """The number of compute processes, without idle notebook kernels."""
    users: tuple[str, ...] = ()
    progress: str | None = None
    """The progress of the compute processes other than by an accelerator. None: none."""
    kernel_executed: bool = False
    """True if a notebook kernel is executing or executed in this minute."""
    terminal_input: bool = False
    cpu_cores: float = 0.0
    """The CPU time of all processes but compute processes and notebook kernels, in cores. Unknown: 0."""
    disk_bytes: int = 0
    """In this minute. A first run after the boot does not know them: 0."""
    network_bytes: int = 0
    jobs: Sequence[str] = ()
    """The names of the running jobs that are not hung."""
    hung: Sequence[str] = ()
    """The names of the hung jobs."""
    processes_hung: bool = False
    """True if all compute processes are those of hung jobs."""
    left_by_job: bool = False
    """True if all compute processes were started by the last reported job of the node, which has ended."""
    waiting_seconds: float = 0.0
    """The longest time for which compute processes can have waited for a lost process, as far as this minute tells;
    infinity if it sets no limit. 0: they work, or may work.

    They wait if all of these hold: each GPU in use is at full utilization with little power; no process was started;
    less than 1 MiB was read and written; no other process uses a core; the main thread of each reported job executes
    no Python code, and where there is none that is known, nothing at all was written."""


@dataclass(frozen=True)
class History:
    """The times of the last signs, in seconds since the boot."""

    active: float
    """The last minute that was not idle, not counting those whose only sign are compute processes without progress."""
    progress: float
    """The last progress of a compute process, or the last minute without any."""
    waiting: float | None = None
    """The first of the minutes until now in which compute processes waited. None: they do not wait."""
    preparation: float | None = None
    """The first CPU use or traffic that counted as activity since the last direct sign of work, such as a compute
    process or input. None: there was none."""

    @classmethod
    def beginning(cls, now: float) -> History:
        """The history of a node that has just booted: its idle time begins now."""
        return cls(active=now, progress=now)


@dataclass(frozen=True)
class Verdict:
    """The activity of the minute."""

    activity: str
    why: str
    idle_seconds: float
    stalled_seconds: float
    history: History
    is_hung: bool = False
    """True if the compute processes and all jobs count as hung, because they wait although accelerators are in use."""


def judge(signs: Signs, history: History, now: float, limits: Limits) -> Verdict:
    """Judge a minute.

    Args:
        signs: the observations.
        history: the times of earlier signs.
        now: seconds since the boot.
        limits: the settings.
    """
    history, waiting = _wait(signs, history, now)
    is_hung = waiting >= limits.stalled_seconds
    if is_hung:
        signs = replace(signs, jobs=(), hung=(*signs.hung, *signs.jobs), processes_hung=True)
    history, stalled = _progress(signs, history, now, limits)
    direct = _direct_sign(signs, limits, stalled=stalled)
    why = direct or _preparation(signs)
    if direct:
        history = replace(history, preparation=None)
    elif why:
        begun = now if history.preparation is None else history.preparation
        history = replace(history, preparation=begun)
        if now - begun >= limits.preparation_seconds:
            why = ""
    if why:
        activity = Activity.BUSY
    elif _is_unknown(signs, stalled, limits):
        activity, why = Activity.UNKNOWN, "the accelerators cannot be read, and processes have them open"
    else:
        activity, why = Activity.IDLE, _why_idle(signs, stalled)
        if is_hung:
            why = f"{why}: its GPUs draw little power, and nothing else has shown work for {waiting / 60:.0f} minutes"
    # Once they have shown no progress for too long, they were idle all the time.
    is_weak = bool(direct) and not _strong_sign(signs, limits) and not _preparation(signs)
    if activity != Activity.IDLE and not is_weak:
        history = replace(history, active=now)
    return Verdict(
        activity=activity,
        why=why,
        idle_seconds=max(0.0, now - history.active) if activity == Activity.IDLE else 0.0,
        stalled_seconds=stalled,
        history=history,
        is_hung=is_hung,
    )


def _wait(signs: Signs, history: History, now: float) -> tuple[History, float]:
    """The history with the time since which compute processes wait, and the seconds for which they have waited."""
    if not signs.waiting_seconds:
        return replace(history, waiting=None), 0.0
    begun = now if history.waiting is None else history.waiting
    return replace(history, waiting=begun), min(now - begun, signs.waiting_seconds)


def _is_unknown(signs: Signs, stalled: float, limits: Limits) -> bool:
    """True if the accelerators may compute unseen. Without CPU time and I/O for long, their processes do not."""
    unseen = not signs.readable and signs.processes > 0 and not signs.processes_hung
    return unseen and stalled < limits.stalled_seconds


def _works(signs: Signs, limits: Limits) -> bool:
    return signs.percent is not None and signs.percent >= limits.idle_percent


def _progress(signs: Signs, history: History, now: float, limits: Limits) -> tuple[History, float]:
    """The history with the last progress, and the seconds for which compute processes have shown none."""
    if signs.processes and not signs.processes_hung and not signs.progress and not _works(signs, limits):
        return history, max(0.0, now - history.progress)
    # Without compute processes, the time begins again with the next one.
    return replace(history, progress=now), 0.0


def _direct_sign(signs: Signs, limits: Limits, *, stalled: float) -> str | None:
    """The strongest direct sign of work, or compute processes that may still work. None: there is none."""
    if sign := _strong_sign(signs, limits):
        return sign
    computing = signs.processes and not signs.processes_hung and not signs.left_by_job
    if computing and signs.readable and stalled < limits.stalled_seconds:
        return f"{_processes(signs)}, without progress for {stalled / 60:.0f} minutes"
    return None


def _strong_sign(signs: Signs, limits: Limits) -> str | None:
    """The strongest direct sign of work in this minute. None: there is none."""
    if signs.jobs:
        return f"job {', '.join(sorted(signs.jobs))}"
    if _works(signs, limits) and not signs.processes_hung:
        return f"an accelerator is in use at {signs.percent:.0f} %"
    computing = signs.processes and not signs.processes_hung
    if computing and signs.progress:
        return f"{_processes(signs)}: {signs.progress}"
    if signs.kernel_executed or signs.terminal_input:
        return "a notebook kernel executes" if signs.kernel_executed else "input in a terminal"
    return None


def _preparation(signs: Signs) -> str:
    """The CPU use or traffic that may be the preparation of a job, or its last writes. Empty: there is none."""
    if signs.cpu_cores >= CPU_CORES:
        return f"{signs.cpu_cores:.1f} cores in use by other processes"
    for name, count in (("network", signs.network_bytes), ("disk", signs.disk_bytes)):
        if count >= TRANSFER_BYTES:
            return f"{count / 1e6:.0f} MB of {name} traffic in a minute"
    return ""


def _why_idle(signs: Signs, stalled: float) -> str:
    if signs.hung:
        return f"job {', '.join(sorted(signs.hung))} is hung"
    if signs.processes_hung:
        return f"{_processes(signs)} hung"
    if signs.processes and signs.left_by_job:
        return f"{_processes(signs)}, left by a job that has ended"
    if signs.processes:
        return f"{_processes(signs)}, without progress for {stalled / 60:.0f} minutes"
    return NOTHING


def _processes(signs: Signs) -> str:
    count = "1 compute process" if signs.processes == 1 else f"{signs.processes} compute processes"
    return f"{count} of {', '.join(signs.users)}" if signs.users else count
