"""A replayed node: its activity, its guard's report and its agent's readings.

The guard judges as `mlinfra.node_guard.judgement` does, but over phases with constant signals instead of minute by
minute; a test compares both. It protects an active node from scale-in, and ends the protection after `idle_minutes` of
idleness, or after a job and a pause (`Cluster.release_after_pause`).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from benchmarks.idle.workload import MINUTE, NOTHING, Signals
from mlinfra.catalog import instance_types
from mlinfra.functions.contract import Activity, NodeReport
from mlinfra.functions.metrics import CPU

if TYPE_CHECKING:
    from benchmarks.idle.aws import Instance
    from benchmarks.idle.faults import NodeFaults
    from mlinfra.node_guard.judgement import Limits

RESIDUE: Final = "residue"
"""The source of the signals of what jobs leave."""
READING_SECONDS: Final = 90
"""The age at which a minute's reading is in CloudWatch: the minute itself, and the agent's interval of sending."""


CPU_READING_SECONDS: Final = 10 * MINUTE
"""The age at which EC2's reading of 5 minutes is in CloudWatch."""
_CPU_PERIOD: Final = int(CPU.period.total_seconds())
_BUSY_CORES: Final = 2.0
_IDLE_CORES: Final = 0.15


class Node:
    """A node from its launch to its end."""

    def __init__(self, instance: Instance, ready: float, rules: Limits, faults: NodeFaults) -> None:
        """A node without activity.

        Args:
            instance: its EC2 instance.
            ready: the time at which its boot scripts end, and guard and agent begin.
            rules: the settings of its guard.
            faults: its faults.
        """
        self.instance = instance
        self.ready = ready
        self.faults = faults
        self.without_job_since = instance.launched
        self.runs_before_idle = 0.0
        """The seconds for which its cluster had run jobs at `without_job_since`."""
        self.last_work = ""
        """The cause of idle time after its last job (`causes.work_of`). Empty: it has had no job."""
        self.after_reported_job = False
        """True if its last job was reported, and its end too."""
        self._rules = rules
        self.announced = False
        """True if its guard has sent an event since the node became idle."""
        self._sources: dict[str, Signals] = {}
        self._signals = NOTHING
        self._since = ready
        self._idle_from: float | None = ready
        self._active_until = ready
        self._progress_at = -math.inf
        self._preparation_at: float | None = None
        self._is_used = False
        self._vacant_since: float | None = None
        self._waits_since: float | None = None
        self._evident_at = -math.inf
        self._times: list[float] = [ready]
        self._gpus: list[float] = [0.0]
        self._cores: list[float] = [_IDLE_CORES]
        self._vcpus = instance_types()[instance.instance_type].vcpu

    @property
    def name(self) -> str:
        """The instance id."""
        return self.instance.instance_id

    @property
    def signals(self) -> Signals:
        """The present signals of all that runs on it."""
        return self._signals

    @property
    def turns_idle_at(self) -> float | None:
        """The time at which it becomes idle if nothing changes. None: never, or it is idle already."""
        return self._idle_from if self._idle_from is not None and self._idle_from > self._since else None

    def set(self, source: str, signals: Signals | None, now: float) -> None:
        """Replace the signals of `source`; None removes them. Also to be called when a fault begins."""
        self._evident_at = self.evident_at(now)
        self._remember(now)
        if signals is None:
            self._sources.pop(source, None)
        else:
            self._sources[source] = signals
        self._is_used = self._is_used or (signals is not None and source != RESIDUE)
        # A job has processes even while it shows no signs. What it leaves has none without signs.
        if any(name != RESIDUE or each != NOTHING for name, each in self._sources.items()):
            self._vacant_since = None
        elif self._vacant_since is None and self._is_used:
            self._vacant_since = now
        had_process = self._signals.process
        self._signals = NOTHING
        for each in self._sources.values():
            self._signals |= each
        if self._signals.process and not had_process:
            self._progress_at = now
        waits = self._signals.waits and now < self.faults.gpu_lost  # later, the guard cannot find it
        self._waits_since = (now if self._waits_since is None else self._waits_since) if waits else None
        self._since = now
        self._idle_from = self._idle_after(now)
        gpu, cores = self._signals.gpu, _cores(self._signals)
        if (gpu, cores) != (self._gpus[-1], self._cores[-1]):
            self._times.append(now)
            self._gpus.append(gpu)
            self._cores.append(cores)

    def has_guard(self, now: float) -> bool:
        """True if its guard runs."""
        return self.ready <= now < self.faults.guard_dies

    def has_agent(self, now: float) -> bool:
        """True if its CloudWatch agent reports utilization."""
        return self.ready <= now < min(self.faults.agent_dies, self.faults.gpu_lost)

    def activity(self, now: float) -> str:
        """`busy`, `idle` or `unknown`, as a guard finds it."""
        if self._idle_from is not None and now >= self._idle_from:
            return Activity.IDLE
        signals = self._signals
        direct = signals.kernel or signals.heartbeat or signals.prepares or (signals.process and signals.works)
        known = direct or now < self.faults.gpu_lost or signals.is_hung
        return Activity.BUSY if known else Activity.UNKNOWN

    def idle_since(self, now: float) -> float:
        """The begin of the present idleness; `now` if it is not idle."""
        if self._idle_from is None or now < self._idle_from:
            return now
        return self._idle_from if self._idle_from > self._since and not self._is_stalled() else self._active_until

    def vacant_for(self, now: float) -> float:
        """The time for which nothing on it could start work; 0 before its first job."""
        if self._vacant_since is None or self.activity(now) != Activity.IDLE:
            return 0.0
        return now - self._vacant_since

    def release_at(self) -> float | None:
        """The time at which the guard ends the protection from scale-in if nothing changes. None: never."""
        if self._idle_from is None:
            return None
        at = self.idle_since(max(self._idle_from, self._since)) + self._rules.idle_seconds
        if self._vacant_since is not None:
            at = min(at, self._vacant_since + self._rules.vacant_seconds)
        return at if at < self.faults.guard_dies else None

    def is_evidently_active(self, now: float) -> bool:
        """True if every source of evidence shows activity: a heartbeat, or both its guard and its agent."""
        return not self._is_hung(now) and (
            self._signals.heartbeat
            or (
                self._signals.gpu >= self._rules.idle_percent
                and self.has_guard(now)
                and self.has_agent(now)
                and not self.faults.skew
                and not self._signals.is_hung
            )
        )

    def evident_at(self, now: float) -> float:
        """The last time until `now` at which it was evidently active, as far as known. Minus infinity: never."""
        return now if self.is_evidently_active(now) else self._evident_at

    @property
    def _hangs_at(self) -> float:
        """The time from which on its processes and jobs count as hung if nothing changes."""
        return math.inf if self._waits_since is None else self._waits_since + self._rules.stalled_seconds

    def _is_hung(self, now: float) -> bool:
        return now >= self._hangs_at and now < self.faults.gpu_lost

    def report(self, now: float) -> dict[str, Any]:
        """The guard's last report, as an item of the table without its key."""
        at = now - (now - self.ready) % MINUTE
        activity = self.activity(at)
        idle = activity == Activity.IDLE
        item: dict[str, Any] = {
            NodeReport.REPORTED_AT: Decimal(int(at + self.faults.skew)),
            NodeReport.ACTIVITY: activity,
            NodeReport.IDLE_SECONDS: Decimal(int(max(0.0, at - self.idle_since(at)))),
            NodeReport.WHY: "nothing runs" if idle else "replayed activity",
            NodeReport.PROCESSES: Decimal(int(self._signals.process)),
            NodeReport.CONTAINERS: Decimal(0),
            NodeReport.KERNELS: Decimal(int(self._signals.kernel)),
            NodeReport.SESSIONS: Decimal(int(self._signals.logged_in)),
            NodeReport.VACANT_SECONDS: Decimal(int(self.vacant_for(at))),
            NodeReport.STALLED_SECONDS: Decimal(int(max(0.0, at - self._progress_at)) if self._is_stalled() else 0),
        }
        if self._is_hung(at):
            item[NodeReport.HUNG_AT] = Decimal(int(self._hangs_at + self.faults.skew))
        if at < self.faults.gpu_lost:
            item[NodeReport.ACCELERATOR_PERCENT] = Decimal(int(self._signals.gpu))
        return item

    def readings(self, begin: float, end: float, visible: float) -> list[tuple[float, float]]:
        """The agent's maximum of each minute from `begin` to before `end`, by AWS's clock.

        Args:
            begin: the begin of the first minute.
            end: the end of the last minute.
            visible: the time from which on readings are not in CloudWatch yet.
        """
        skew = self.faults.skew - self.faults.skew % MINUTE
        first = max(begin, math.ceil((self.ready + skew) / MINUTE) * MINUTE)
        last = min(end, visible + skew, min(self.faults.agent_dies, self.faults.gpu_lost) + skew - MINUTE)
        if first >= last:
            return []
        minutes = [first + index * MINUTE for index in range(math.ceil((last - first) / MINUTE))]
        if bisect_right(self._times, first - skew) == bisect_left(self._times, minutes[-1] - skew + MINUTE):
            percent = self._gpus[bisect_right(self._times, first - skew) - 1]  # the same in all minutes
            return [(at, percent) for at in minutes]
        return [(at, self._highest(self._gpus, at - skew, at - skew + MINUTE)) for at in minutes]

    def cpu_readings(self, begin: float, end: float, visible: float) -> list[tuple[float, float]]:
        """EC2's CPU utilization in percent, of each period of 5 minutes from `begin` to before `end`.

        Args:
            begin: the begin of the first period, rounded up.
            end: the end of the last period.
            visible: the time from which on periods are not in CloudWatch yet.
        """
        first = math.ceil(max(begin, self.instance.launched) / _CPU_PERIOD) * _CPU_PERIOD
        found = []
        for at in range(int(first), int(min(end, visible)) - _CPU_PERIOD + 1, _CPU_PERIOD):
            cores = _BUSY_CORES if at < self.ready else self._highest(self._cores, at, at + _CPU_PERIOD)
            found.append((float(at), 100 * min(1.0, cores / self._vcpus)))
        return found

    def _highest(self, values: list[float], begin: float, end: float) -> float:
        """The highest of `values` from `begin` to before `end`."""
        first = max(0, bisect_right(self._times, begin) - 1)
        last = bisect_left(self._times, end)
        return values[first] if last - first <= 1 else max(values[first:last])

    def _remember(self, now: float) -> None:
        """Note the times of the last signs before the signals change."""
        before = self._signals
        if self._idle_from is None:
            self._active_until = now
        elif self._idle_from > self._since and not self._is_stalled():
            self._active_until = min(self._idle_from, now)
        if before.is_hung or self._shows_progress(before, self._since):
            self._progress_at = now
        direct_until = min(self._direct_until(before, self._since, now), max(self._since, self._hangs_at))
        if direct_until > self._since:
            self._preparation_at = None
        if before.prepares and direct_until < now and self._preparation_at is None:
            self._preparation_at = direct_until

    def _direct_until(self, signals: Signals, since: float, now: float) -> float:
        """The end of the direct signs of work from `since` to `now`; `since` if there was none."""
        if signals.kernel or signals.heartbeat or self._shows_progress(signals, since):
            return now
        if signals.process and not signals.is_hung and not signals.left_by_job and since < self.faults.gpu_lost:
            return max(since, min(now, self._progress_at + self._rules.stalled_seconds))
        return since

    def _shows_progress(self, signals: Signals, at: float) -> bool:
        """True if accelerators or compute processes work."""
        in_use = at < self.faults.gpu_lost and signals.gpu >= self._rules.idle_percent
        return not signals.is_hung and (in_use or (signals.process and signals.works))

    def _idle_after(self, now: float) -> float | None:
        """The time from which the present signals count as idle. None: never."""
        signals = self._signals
        if self._hangs_at < self.faults.gpu_lost:
            return max(now, self._hangs_at)
        if signals.kernel or signals.heartbeat or self._shows_progress(signals, now):
            return None
        idle = now
        if signals.process and not signals.is_hung and not (signals.left_by_job and now < self.faults.gpu_lost):
            idle = max(idle, self._progress_at + self._rules.stalled_seconds)
        if signals.prepares:
            direct_until = self._direct_until(signals, now, math.inf)
            begin = direct_until if direct_until > now or self._preparation_at is None else self._preparation_at
            idle = max(idle, begin + self._rules.preparation_seconds)
        return idle

    def _is_stalled(self) -> bool:
        """True if compute processes without progress are its only sign."""
        signals = self._signals
        return (
            signals.process
            and self._since < self.faults.gpu_lost
            and not (signals.is_hung or signals.waits or signals.prepares or signals.kernel or signals.heartbeat)
            and not self._shows_progress(signals, self._since)
        )


def _cores(signals: Signals) -> float:
    """The CPU use of a node. A process that drives accelerators or waits for others actively uses a core."""
    works = signals.gpu > 0 or signals.works or signals.kernel or signals.cpu
    return _BUSY_CORES if works else _IDLE_CORES
