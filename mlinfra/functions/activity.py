"""Activity of a cluster: busy, idle or unknown. What is unknown counts as busy.

There are two sources of evidence for each node: the reports of its guard, in the table, and the GPU metrics of the
CloudWatch agent. Where one is silent, the other decides. Where both are, the CPU metrics of EC2 do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING

from mlinfra.functions.contract import NO_REASON, Activity
from mlinfra.functions.fleet import IN_SERVICE
from mlinfra.functions.metrics import CPU, History, beginning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mlinfra.functions.fleet import Node, Target
    from mlinfra.functions.node_report import NodeReport
    from mlinfra.functions.records import Memory
    from mlinfra.functions.rules import Rules

_PERIOD = timedelta(minutes=5)
"""The node's agent reports every minute. The activity in a period without a report is unknown."""
_MINUTE = timedelta(minutes=1)
_LATE = timedelta(minutes=15)
"""The age up to which the newest GPU metric ends the window: CloudWatch can show metrics late, and the clock of a node
can be slow."""
_CPU_LATE = timedelta(minutes=20)
"""The same for CPU metrics, by the beginning of their period of 5 minutes."""
IDLE_CORES = 0.5
"""The CPU use below which a node without reports and GPU metrics is idle, in cores. A process that drives a GPU uses
about one, and the daemons of an idle node a tenth of one."""


class Verdict(Enum):
    """The conclusion from the evidence."""

    EMPTY = "empty"
    """The cluster has no nodes."""
    IDLE = "idle"
    """All its nodes are known to be idle."""
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class NodeEvidence:
    """The activity of one node, and the reason for that conclusion."""

    instance_id: str
    verdict: Verdict
    reason: str
    quiet_for: timedelta = timedelta(0)
    """The time for which it has shown no activity, according to its guard, or to its GPU metrics if the guard is
    silent. It can be shorter than the time after which it counts as idle."""
    vacant_for: timedelta | None = None
    """The time after which it is idle because it is vacant. None: it is not vacant."""
    is_guarded: bool = False
    """True if its guard is alive, which removes the protection from scale-in of an idle node."""
    is_temporary: bool = False
    """True if the activity is unknown only until more reports or metrics arrive, so that no notification is sent."""
    is_silent: bool = False
    """True if neither reports nor GPU metrics arrive, so that CPU metrics decide."""


@dataclass(frozen=True)
class Evidence:
    """The activity of a cluster, and the reason for that conclusion."""

    verdict: Verdict
    reason: str
    is_contradictory: bool = False
    """True if the evidence contradicts itself, such as a running job on idle nodes."""
    is_temporary: bool = False
    """True if the activity is unknown only for a short time, so that no notification is sent."""
    nodes: tuple[NodeEvidence, ...] = ()
    """The activity of each node, without that of jobs."""
    idle_nodes: frozenset[str] = field(default_factory=frozenset)
    """The nodes that are known to be idle and on which no job runs."""

    @property
    def silence(self) -> str | None:
        """The reason for the unknown activity of silent nodes, also if others are busy. None: there are none."""
        reasons = [each.reason for each in self.nodes if each.is_silent and each.verdict is Verdict.UNKNOWN]
        return _several(reasons) if reasons else None

    @property
    def unguarded(self) -> frozenset[str]:
        """The idle nodes without a live guard: their protection from scale-in is not removed by the node."""
        return self.idle_nodes - {each.instance_id for each in self.nodes if each.is_guarded}


def gather_evidence(
    target: Target,
    rules: Rules,
    memory: Memory | None,
    histories: Mapping[str, History],
    now: datetime,
    *,
    read_cpus: Callable[[Collection[str]], Mapping[str, History]] = lambda _: {},
) -> Evidence:
    """Determine the activity of `target`.

    Args:
        target: the cluster.
        rules: the times and the utilization from which its nodes count as idle.
        memory: its records, with the jobs and the node reports. None: they could not be read.
        histories: the GPU metrics of its nodes over `evidence_window`, by instance id.
        now: the end of the window.
        read_cpus: reads the CPU metrics of silent nodes over `cpu_window`, by instance id. Called at most once.
            Default: there are none.
    """
    if memory is None:
        return Evidence(Verdict.UNKNOWN, "its records could not be read, so jobs may be running")
    if not target.nodes:
        return _with_jobs(Evidence(Verdict.EMPTY, "it has no nodes"), memory, now)
    if rules.idle_for is None or rules.idle_percent is None:
        return _with_jobs(Evidence(Verdict.UNKNOWN, _several(rules.problems)), memory, now)
    hung = _hung_nodes(target, memory, now)
    limits = _Limits(
        rules.idle_for,
        rules.idle_percent,
        max(rules.idle_for, rules.stalled_for),
        rules.silence,
        rules.vacant_for,
    )
    signs = {
        node.instance_id: _Signs(
            node, limits, memory.reports.get(node.instance_id), histories.get(node.instance_id), None, now
        )
        for node in target.nodes
    }
    found = {name: each.conclude(hung.get(name)) for name, each in signs.items()}
    silent = [name for name, each in found.items() if each.is_silent]
    if silent:
        cpus = read_cpus(silent)
        found |= {name: replace(signs[name], cpus=cpus.get(name)).conclude(hung.get(name)) for name in silent}
    nodes = tuple(found.values())
    return _with_jobs(_of_nodes(nodes, rules.idle_for), memory, now)


def evidence_window(rules: Rules) -> timedelta | None:
    """The window of the GPU metrics that `gather_evidence` needs. None: idleness is not defined."""
    return max(rules.idle_for, rules.stalled_for) + _LATE if rules.idle_for else None


def cpu_window(rules: Rules) -> timedelta | None:
    """The window of the CPU metrics that `gather_evidence` needs. None: idleness is not defined."""
    return max(rules.idle_for, rules.stalled_for) + _CPU_LATE + CPU.period if rules.idle_for else None


@dataclass(frozen=True)
class _Limits:
    idle_for: timedelta
    idle_percent: float
    metrics_idle_for: timedelta
    """The time for which GPU metrics alone must be idle: a job can compute on the CPU for long."""
    silence: timedelta
    vacant_for: timedelta | None


def _of_nodes(nodes: tuple[NodeEvidence, ...], idle_for: timedelta) -> Evidence:
    idle_nodes = frozenset(each.instance_id for each in nodes if each.verdict is Verdict.IDLE)
    for verdict in (Verdict.BUSY, Verdict.UNKNOWN):
        found = [each for each in nodes if each.verdict is verdict]
        if found:
            return Evidence(
                verdict,
                _several([each.reason for each in found]),
                is_temporary=all(each.is_temporary for each in found),
                nodes=nodes,
                idle_nodes=idle_nodes,
            )
    reasons = sorted({each.reason for each in nodes})
    reason = f"all its nodes were idle for at least {_minutes(idle_for)} minutes"
    if len(reasons) == 1:
        reason = reasons[0]
    elif any(each.vacant_for is not None for each in nodes):
        reason = _several(reasons)
    return Evidence(Verdict.IDLE, reason, nodes=nodes, idle_nodes=idle_nodes)


def _with_jobs(seen: Evidence, memory: Memory, now: datetime) -> Evidence:
    """The evidence together with the running jobs. A job on a node that is not in the group keeps all."""
    hung = memory.hung_since(now)
    running = [job for job in memory.jobs if job.may_be_running(now) and job.run_id not in hung]
    if not running:
        return seen
    occupied = {job.instance_id for job in running}
    is_known = occupied <= {each.instance_id for each in seen.nodes}
    return Evidence(
        Verdict.BUSY,
        _several([f"job {job.name or job.job_id} is reported as running" for job in running]),
        is_contradictory=seen.verdict is Verdict.IDLE,
        nodes=seen.nodes,
        idle_nodes=seen.idle_nodes - occupied if is_known else frozenset(),
    )


def _hung_nodes(target: Target, memory: Memory, now: datetime) -> dict[str, datetime]:
    """The nodes on which only hung jobs run, or hung compute processes without a job, each with the time since when.

    The GPUs of a node whose job waits for a lost peer can be at 100%: their utilization is not a sign of activity. The
    nodes of a job that names none are all nodes of the cluster.
    """
    hung = memory.hung_since(now)
    jobs = [job for job in memory.jobs if job.may_be_running(now)]
    found: dict[str, datetime] = {}
    for node in target.nodes:
        here = [job for job in jobs if job.instance_id in {None, node.instance_id}]
        reported = memory.node_hung_at(node.instance_id, now)
        if not here and reported is not None:
            found[node.instance_id] = reported
        elif here and all(job.run_id in hung for job in here):
            since = max(hung[job.run_id] for job in here)
            found[node.instance_id] = datetime.fromtimestamp(since, tz=timezone.utc)
    return found


@dataclass(frozen=True)
class _Signs:
    """The signs of activity of one node, from both sources."""

    node: Node
    limits: _Limits
    report: NodeReport | None
    history: History | None
    cpus: History | None
    now: datetime

    def conclude(self, hung_since: datetime | None) -> NodeEvidence:
        """The conclusion.

        Args:
            hung_since: the time since which only hung jobs run on it. None: it is not so.
        """
        name = self.node.instance_id
        if self.node.lifecycle != IN_SERVICE:
            return NodeEvidence(name, Verdict.BUSY, f"{name} has the lifecycle state {self.node.lifecycle}")
        if self.node.state != "running":
            reason = f"EC2 reports the state of {name} as {self.node.state or 'unknown'}"
            return NodeEvidence(name, Verdict.UNKNOWN, reason)
        guard, metrics = self._guard(), self._metrics()
        if hung_since is not None and guard.is_guarded and guard.verdict is not Verdict.UNKNOWN:
            # The guard tells the processes of a hung job from others. The GPU metrics do not.
            return guard
        if hung_since is not None and self.now - hung_since >= self.limits.idle_for:
            reason = f"the job on {name} has reported no progress, and counts as hung since {hung_since:%H:%M} UTC"
            return NodeEvidence(name, Verdict.IDLE, reason)
        quiet_for = metrics.quiet_for
        if guard.is_guarded:
            since_busy = self._since_busy()
            quiet_for = guard.quiet_for if since_busy is None else min(guard.quiet_for, since_busy)
        return replace(self._together(guard, metrics), quiet_for=quiet_for)

    def _together(self, guard: NodeEvidence, metrics: NodeEvidence) -> NodeEvidence:
        name = self.node.instance_id
        since = beginning(self.now, guard.vacant_for or self.limits.idle_for)
        if guard.verdict is Verdict.IDLE:
            since += _MINUTE  # the first minute may have begun with work
        readings = self._readings(since)
        # Not any(value >= ...): NaN compares as false, and has to count as busy.
        if not all(0 <= value < self.limits.idle_percent for value in readings.values()):
            reason = f"GPU utilization of {name} reached {max(readings.values()):g}%"
            return NodeEvidence(name, Verdict.BUSY, reason, is_guarded=guard.is_guarded)
        if guard.verdict is not Verdict.UNKNOWN or guard.is_temporary:
            return guard
        if metrics.verdict is Verdict.IDLE and not (guard.is_guarded and self.node.protected):
            return metrics
        unknown = NodeEvidence(
            name,
            Verdict.UNKNOWN,
            f"{guard.reason}, and {metrics.reason}",
            is_guarded=guard.is_guarded,
            is_temporary=metrics.is_temporary,
        )
        if guard.is_guarded or metrics.is_temporary or self.history is None or self.history.problem:
            return unknown
        return self._by_cpus(replace(unknown, is_silent=True))

    def _by_cpus(self, silent: NodeEvidence) -> NodeEvidence:
        """The conclusion about a silent node: idle if its CPUs were for the same time as GPUs would have to be."""
        readings = self.cpus.readings if self.cpus and not self.cpus.problem else {}
        newest = max(readings, default=self.now - 2 * _CPU_LATE)
        if self.node.vcpus is None or newest < self.now - _CPU_LATE:
            return silent
        count = math.ceil(self.limits.metrics_idle_for / CPU.period)
        cores = [value / 100 * self.node.vcpus for at, value in readings.items() if at > newest - count * CPU.period]
        # Not any(value >= ...): NaN compares as false, and has to count as busy.
        if len(cores) < count or not all(0 <= each < IDLE_CORES for each in cores):
            return silent
        reason = (
            f"neither reports nor GPU metrics of {silent.instance_id} arrive, and it has used less than {IDLE_CORES:g} "
            f"CPU cores for {_minutes(count * CPU.period)} minutes"
        )
        return replace(silent, verdict=Verdict.IDLE, reason=reason)

    def _guard(self) -> NodeEvidence:
        """The conclusion from the report of the node's guard alone.

        Unknown and not temporary: the guard is silent, or the node could not determine its activity.
        """
        name, report = self.node.instance_id, self.report
        if report is None or report.reported_at is None or self._is_of_an_earlier_run(report.reported_at):
            launched = self.node.launched
            is_new = launched is not None and self.now - launched < self.limits.silence
            return NodeEvidence(name, Verdict.UNKNOWN, f"{name} has sent no node report", is_temporary=is_new)
        if not report.is_fresh(self.now):
            age = self.now - report.reported_at
            if age < timedelta(0):
                reason = f"the last node report of {name} is {_minutes(-age)} minutes in the future"
                return NodeEvidence(name, Verdict.UNKNOWN, reason)
            reason = f"the last node report of {name} is {_minutes(age)} minutes old"
            return NodeEvidence(name, Verdict.UNKNOWN, reason, is_temporary=age < self.limits.silence)
        return self._reported(report)

    def _reported(self, report: NodeReport) -> NodeEvidence:
        name, idle_for = self.node.instance_id, self.limits.idle_for
        if report.activity != Activity.IDLE:
            is_busy = report.activity == Activity.BUSY
            said = "is busy" if is_busy else "reports an unknown activity"
            reason = f"{name} {said}: {report.why or NO_REASON}"
            return NodeEvidence(name, Verdict.BUSY if is_busy else Verdict.UNKNOWN, reason, is_guarded=True)
        if self.limits.vacant_for is not None and report.vacant_for >= self.limits.vacant_for:
            minutes = _minutes(self.limits.vacant_for)
            reason = f"its nodes reported for {minutes} minutes that nothing on them can start work"
            return NodeEvidence(
                name,
                Verdict.IDLE,
                reason,
                quiet_for=report.idle_for,
                vacant_for=self.limits.vacant_for,
                is_guarded=True,
            )
        if report.idle_for < idle_for:
            reason = f"{name} is idle for only {_minutes(report.idle_for)} of {_minutes(idle_for)} minutes"
            return NodeEvidence(name, Verdict.BUSY, reason, quiet_for=report.idle_for, is_guarded=True)
        # Not the time for which it has been idle: the reason is the same for all nodes, and in each notification.
        reason = f"its nodes reported no activity for {_minutes(idle_for)} minutes"
        return NodeEvidence(name, Verdict.IDLE, reason, quiet_for=report.idle_for, is_guarded=True)

    def _is_of_an_earlier_run(self, reported_at: datetime) -> bool:
        """True for a report from before the start of the node: a stopped instance keeps its id."""
        return self.node.launched is not None and reported_at < self.node.launched - _PERIOD

    def _metrics(self) -> NodeEvidence:
        """The conclusion from the GPU metrics alone."""
        name, limits = self.node.instance_id, self.limits
        if self.history is None:
            return NodeEvidence(name, Verdict.UNKNOWN, f"{name}: its GPU metrics were not queried")
        if self.history.problem:
            return NodeEvidence(name, Verdict.UNKNOWN, f"{name}: {self.history.problem}")
        present = beginning(self.now, timedelta(0))
        newest = max(self.history.readings, default=present)
        end = newest + _MINUTE if present - _LATE <= newest < present - _PERIOD else present
        start = end - limits.metrics_idle_for
        readings = self._readings(start)
        since_busy = self._since_busy()
        idle_since = start if since_busy is None else max(start, present - since_busy)
        gap = _gap(readings, idle_since, end)
        # Activity after late metrics is unknown.
        quiet_for = end - (gap[1] if gap else idle_since) if end == present else timedelta(0)
        if gap is not None:
            since, until = gap
            # An agent that has reported since then closes the gap with time.
            reports = any(at >= end - 2 * _PERIOD for at in readings)
            reason = f"{name} has no GPU metrics from {since:%H:%M} to {until:%H:%M} UTC"
            return NodeEvidence(name, Verdict.UNKNOWN, reason, is_temporary=reports, quiet_for=quiet_for)
        if idle_since > start:
            reason = (
                f"the GPUs of {name} were idle for only {_minutes(end - idle_since)} of {_minutes(end - start)} minutes"
            )
            return NodeEvidence(name, Verdict.UNKNOWN, reason, is_temporary=True, quiet_for=quiet_for)
        reason = f"GPU utilization was below {limits.idle_percent:g}% for {_minutes(end - start)} minutes"
        return NodeEvidence(name, Verdict.IDLE, reason, quiet_for=quiet_for)

    def _readings(self, start: datetime) -> dict[datetime, float]:
        return {at: value for at, value in self.history.readings.items() if at >= start} if self.history else {}

    def _since_busy(self) -> timedelta | None:
        """The time since the last reading of a busy GPU. None: there is none, or readings are missing."""
        end, percent = beginning(self.now, timedelta(0)), self.limits.idle_percent
        readings = self.history.readings.items() if self.history else ()
        busy = [at for at, value in readings if not 0 <= value < percent]
        return max(end - max(busy) - _MINUTE, timedelta(0)) if busy else None


def _gap(readings: Mapping[datetime, float], start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """The latest period without readings. None: there is none."""
    until, before = end, end + _MINUTE
    while until > start:
        since = max(until - _PERIOD, start)
        if not any(since <= at < before for at in readings):
            return since, until
        before = until = since
    return None


def _minutes(time: timedelta) -> int:
    return int(time / _MINUTE)


def _several(reasons: list[str] | tuple[str, ...]) -> str:
    most = 3
    more = f", and {len(reasons) - most} more" if len(reasons) > most else ""
    return "; ".join(reasons[:most]) + more
