"""The replay of one experiment: its owner, its jobs, and its bill."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from benchmarks.idle import causes
from benchmarks.idle.aws import moment
from benchmarks.idle.cluster import Cluster
from benchmarks.idle.jobs import UNCLEAR_HANGS, Lane, Run
from benchmarks.idle.layers import Layers
from benchmarks.idle.node import RESIDUE
from benchmarks.idle.oracle import oracle_usd
from benchmarks.idle.outcome import Outcome, Stop
from benchmarks.idle.timeline import Timeline
from benchmarks.idle.workload import DAY, HORIZON, HOUR, MINUTE, Signals
from mlinfra.functions import clock
from mlinfra.functions.contract import HEARTBEAT_FRESH_SECONDS, JobStatus, Table, Tag
from mlinfra.functions.prices import on_demand_prices

if TYPE_CHECKING:
    from benchmarks.idle.environments import Setting
    from benchmarks.idle.faults import Faults
    from benchmarks.idle.node import Node
    from benchmarks.idle.workload import Experiment, Job

Policy = Literal["mlinfra", "nothing", "autostop"]

_SCRIPT: Final = "script"
"""The source of the signals of a script that submits the next job."""
_AUTOSTOP: Final = 5 * MINUTE
_SPEND_LIMIT: Final = 3
"""The spend limit of an experiment, as a multiple of the oracle's bill: a bound that work does not reach."""


class Replay:
    """One experiment in one environment."""

    def __init__(
        self,
        experiment: Experiment,
        setting: Setting,
        *,
        policy: Policy = "mlinfra",
        faults: Faults,
        seed: int,
        every_look: bool = False,
    ) -> None:
        """A replay from the experiment's begin to the end of its cluster, or to the end of the trace.

        Args:
            experiment: the experiment.
            setting: the environment.
            policy: `mlinfra`, or a baseline.
            faults: the faults to inject.
            seed: the seed of boots, faults and owners.
            every_look: True to skip no look. Default: False.
        """
        self._experiment = experiment
        self._policy = policy
        self._faults = faults
        self._timeline = Timeline(experiment.begins, f"{seed}/{experiment.name}")
        self._price = on_demand_prices()[experiment.instance_type] / 3600
        self._lanes = [Lane(jobs, number) for number, jobs in enumerate(experiment.lanes)]
        self._hangs = {job.job_id: self._hang(job) for job in experiment.jobs}
        self._expires = _end_of_day(experiment.planned_end + experiment.margin_days * DAY)
        self._cluster = Cluster(experiment, setting, self._tags(), timeline=self._timeline, faults=faults)
        self._outcome = Outcome(experiment.name, oracle_usd(experiment, self._cluster.boot))
        limit = _SPEND_LIMIT * self._outcome.oracle_usd + 200
        self._cluster.group.tags[Tag.SPEND_LIMIT_USD] = f"{limit:.2f}"
        self._cluster.on_change, self._cluster.on_ready = self._follow, self._use
        self._cluster.on_lost = self._lose
        self._cluster.running_seconds = self._count_running
        self._cluster.on_idle = self._announce
        self._layers = Layers(
            setting,
            self._cluster,
            gang=experiment.gang,
            timeline=self._timeline,
            faults=faults,
            every_look=every_look,
            refresh=self._refresh,
            invoked=self._explain,
        )
        self._done_at: float | None = None
        self._changes = 0
        self._explained = 0
        self._running_seconds = 0.0
        self._counted_at = self._timeline.now
        self._is_running = False

    def run(self) -> Outcome:
        """The outcome."""
        for lane in self._lanes:
            self._timeline.after(lane.job.gap, partial(self._submit, lane, by_script=False))
        if self._policy == "mlinfra":
            self._layers.begin(self._expires)
        with self._layers.handlers.installed() if self._policy == "mlinfra" else nullcontext():
            while not (self._done_at is not None and self._cluster.is_off):
                if not self._timeline.advance(HORIZON):
                    break
        self._close()
        return self._outcome

    # The owner, and scripts on nodes.

    def _submit(self, lane: Lane, *, by_script: bool) -> None:
        if lane.run or lane.waiting or lane.is_done:
            return
        if by_script and any(node.instance.ended is not None for node in lane.nodes):
            self._cut(lane)
            return
        if not by_script:
            self._extend(lane.job)
        nodes = lane.nodes if by_script else self._free_nodes(lane)
        if nodes and not by_script:
            # The owner starts a cluster that is being stopped.
            self._cluster.resize(len(self._cluster.nodes))
        if nodes:
            self._start(lane, nodes)
            return
        lane.waiting = True
        busy = sum(1 for each in self._lanes if each.run or each.waiting)
        needed = self._experiment.nodes if self._experiment.gang else busy
        if self._cluster.group.desired < needed:
            if self._cluster.starts:
                self._outcome.restarts += 1
            self._cluster.starts += 1
            self._cluster.resize(needed)

    def _cut(self, lane: Lane) -> None:
        """The nodes of a queue have ended. The owner notices, and submits its next job."""
        lane.waiting = False
        self._outcome.cut_queues += 1
        self._return(lane, 45 * MINUTE)

    def _return(self, lane: Lane, median: float) -> None:
        seconds = self._timeline.lognormal(f"return/{lane.number}/{lane.index}", median, 0.8)
        self._timeline.after(seconds, partial(self._submit, lane, by_script=False))

    def _free_nodes(self, lane: Lane) -> list[Node]:
        used = {node for each in self._lanes if each.run for node in each.run.nodes}
        now = self._timeline.now
        ready = [node for node in self._cluster.nodes.values() if node.ready <= now and node not in used]
        needed = self._experiment.nodes if len(self._lanes) == 1 else 1
        ready.sort(key=lambda node: node not in lane.nodes)
        return ready[:needed] if len(ready) >= needed else []

    def _extend(self, job: Job) -> None:
        """Extend the experiment if it expires before the job could end."""
        now = self._timeline.now
        if now + job.seconds + 2 * DAY < self._expires:
            return
        self._expires = _end_of_day(now + job.seconds + 7 * DAY)
        until = moment(self._expires - DAY).date().isoformat()
        self._cluster.put(Table.EXTENSION, {Table.UNTIL: until, Table.EXTENDED_AT: clock.written(moment(now))})
        if self._policy == "mlinfra":
            self._layers.expires(self._expires)

    def _hang(self, job: Job) -> float | None:
        """The time for which a job hangs until its owner notices; infinity for the last one of an abandoned cluster."""
        if self._timeline.rng(f"hang/{job.job_id}").random() >= self._faults.hung_jobs:
            return None
        if self._experiment.abandoned and any(job is lane[-1] for lane in self._experiment.lanes):
            return math.inf
        return self._timeline.lognormal(f"notice/{job.job_id}", 10 * HOUR, 0.8)

    # Jobs.

    def _start(self, lane: Lane, nodes: list[Node]) -> None:
        now = self._timeline.now
        lane.waiting, lane.nodes = False, nodes
        lane.run = run = Run(lane.job, lane, nodes, now)
        self._count_running()
        for node in nodes:
            self._count_idle(*causes.until_job(node, self._idle_seconds(node), self._cluster.boot))
            node.set(RESIDUE, None, now)
            node.set(_SCRIPT, None, now)
            if run.is_reported:
                node.instance.protected = True
        run.phase, seconds = lane.phase_left or (0, run.job.phases[0].seconds)
        lane.phase_left = None
        self._begin_phase(run, seconds)

    def _begin_phase(self, run: Run, seconds: float) -> None:
        run.phase_ends = self._timeline.now + seconds
        if run.phase_signals.progress:
            run.progress_at, run.counts_as_hung = self._timeline.now, False
        self._show(run)
        self._timeline.after(seconds, partial(self._end_phase, run))
        self._plan_progress_timeout(run)

    def _end_phase(self, run: Run) -> None:
        if run.over:
            return
        if run.phase_signals.progress:
            run.progress_at = self._timeline.now
        run.phase += 1
        if run.phase < len(run.job.phases):
            self._begin_phase(run, run.job.phases[run.phase].seconds)
        elif self._hangs[run.job.job_id] is None:
            self._finish(run)
        else:
            self._begin_hang(run, self._hangs[run.job.job_id] or 0.0)

    def _begin_hang(self, run: Run, seconds: float) -> None:
        run.hangs = True
        run.hangs_unclearly = self._timeline.rng(f"unclear/{run.job.job_id}").random() < UNCLEAR_HANGS
        self._count_running()
        for node in run.nodes:
            node.without_job_since = self._timeline.now
            node.runs_before_idle = self._running_seconds
        self._show(run)
        self._plan_progress_timeout(run)
        self._timeline.after(seconds, lambda: None if run.over else self._finish(run))

    def _plan_progress_timeout(self, run: Run) -> None:
        """A job that reported progress counts as hung after its timeout without progress."""
        if run.progress_at is None or run.phase_signals.progress:
            return
        phase = run.phase

        def check() -> None:
            if not run.over and run.phase == phase and not run.counts_as_hung:
                run.counts_as_hung = True
                self._show(run)
                self._follow()

        self._timeline.at(max(self._timeline.now, run.progress_at + self._cluster.rules.stalled_seconds), check)

    def _show(self, run: Run) -> None:
        for node in run.nodes:
            self._cluster.show(node, run.job.job_id, run.signals)

    def _finish(self, run: Run) -> None:
        self._leave_nodes(run)
        job = run.job
        residue = replace(job.residue, left_by_job=run.is_reported and job.residue.process)
        for node in run.nodes:
            self._cluster.show(node, RESIDUE, residue)
            self._timeline.after(job.residue_seconds, partial(self._cluster.show, node, RESIDUE, None))
            if run.crashes:  # its last heartbeat stays fresh for some time
                self._cluster.show(node, job.job_id, Signals(heartbeat=True))
                self._timeline.after(HEARTBEAT_FRESH_SECONDS, partial(self._cluster.show, node, job.job_id, None))
        if run.is_reported:
            self._record(run, JobStatus.RUNNING if run.crashes else JobStatus.COMPLETED)
        if run.is_reported and not run.crashes:
            for node in run.nodes:
                self._cluster.release_after_pause(node)
            if self._policy == "mlinfra":
                self._layers.job_ended(job.job_id)
        self._advance(run.lane)

    def _interrupt(self, run: Run) -> None:
        """A node of the job was terminated."""
        left = max(1.0, run.phase_ends - self._timeline.now)
        self._leave_nodes(run)
        if run.is_reported:
            self._record(run, JobStatus.FAILED)
        if run.hangs:
            self._advance(run.lane)
            return
        self._outcome.count_stop(Stop(run.job.job_id, run.job.kind, self._timeline.now, run.phase_signals))
        run.lane.phase_left = (run.phase, left)
        self._return(run.lane, HOUR)

    def _leave_nodes(self, run: Run) -> None:
        run.over, run.lane.run = True, None
        self._count_running()
        for node in run.nodes:
            if run.hangs:
                self._count_idle(causes.HUNG, self._idle_seconds(node))
            node.without_job_since = self._timeline.now
            node.runs_before_idle = self._running_seconds
            node.last_work = causes.work_of(run)
            node.after_reported_job = run.is_reported and not run.crashes
            self._cluster.show(node, run.job.job_id, None)

    def _advance(self, lane: Lane) -> None:
        lane.index += 1
        if not lane.is_done:
            if lane.job.chained:
                for node in lane.nodes:
                    self._cluster.show(node, _SCRIPT, Signals(script=True))
            submit = partial(self._submit, lane, by_script=lane.job.chained)
            self._timeline.after(lane.job.gap, submit)
        elif all(each.is_done for each in self._lanes):
            self._done_at = self._timeline.now
            if not self._experiment.abandoned:
                self._timeline.after(self._timeline.lognormal("leave", 5 * MINUTE, 1.0), self._cluster.end)
            elif not self._cluster.nodes:
                self._outcome.off_after = 0.0
        self._watch_autostop()

    def _record(self, run: Run, status: str) -> None:
        for record, item in run.records(status, self._timeline.now):
            self._cluster.put(record, item)

    def _refresh(self) -> None:
        """Write what nodes and jobs have written until now."""
        self._cluster.report()
        for lane in self._lanes:
            if lane.run and lane.run.is_reported:
                self._record(lane.run, JobStatus.RUNNING)

    # The cluster.

    def _follow(self) -> None:
        for lane in self._lanes:
            if lane.waiting and not self._cluster.group.desired:
                self._cut(lane)
        self._changes += 1
        self._watch_autostop()
        if self._policy == "mlinfra":
            self._layers.arm()

    def _use(self, node: Node) -> None:  # noqa: ARG002
        for lane in self._lanes:
            if lane.waiting and (nodes := self._free_nodes(lane)):
                self._start(lane, nodes)

    def _lose(self, node: Node) -> None:
        self._outcome.usd += (self._timeline.now - node.instance.launched) * self._price
        runs = [lane.run for lane in self._lanes if lane.run and node in lane.run.nodes]
        if not runs:
            self._count_idle_end(node)
        for run in runs:
            self._interrupt(run)
        if not self._cluster.nodes and self._done_at is not None and self._experiment.abandoned:
            self._outcome.off_after = self._timeline.now - self._done_at

    def _announce(self) -> None:
        if self._policy == "mlinfra":
            self._layers.node_idle()

    def _watch_autostop(self) -> None:
        """The baseline: five minutes after the last job, unless a session is logged in."""
        if self._policy != "autostop" or not self._is_quiet():
            return
        changes = self._changes

        def stop() -> None:
            if self._changes == changes and self._is_quiet():
                self._cluster.end()

        self._timeline.after(_AUTOSTOP, stop)

    def _is_quiet(self) -> bool:
        nodes = self._cluster.nodes.values()
        return (
            bool(nodes)
            and all(node.ready <= self._timeline.now and not node.signals.logged_in for node in nodes)
            and not any(lane.run or lane.waiting for lane in self._lanes)
        )

    # The bill.

    def _tags(self) -> dict[str, str]:
        return {
            Tag.EXPERIMENT: self._experiment.name,
            Tag.EXPIRES: moment(self._expires - DAY).date().isoformat(),
            Tag.NODES: str(self._experiment.nodes),
        }

    def _count_idle(self, cause: str, seconds: float) -> None:
        self._outcome.count_idle(cause, seconds * self._price)

    def _count_idle_end(self, node: Node) -> None:
        """Count the idle time of a node that ends."""
        tags = self._cluster.group.tags
        for cause, seconds in causes.until_stop(node, self._idle_seconds(node), self._timeline.now, tags):
            self._count_idle(cause, seconds)

    def _idle_seconds(self, node: Node) -> float:
        """The time without a job, not counting that in which other nodes of a cluster with `gang=True` have one."""
        running = self._count_running()
        shared = running - node.runs_before_idle if self._experiment.gang else 0.0
        return self._timeline.now - node.without_job_since - shared

    def _count_running(self) -> float:
        """The seconds until now in which any job ran. To be called at each change of the running jobs."""
        now = self._timeline.now
        if self._is_running:
            self._running_seconds += now - self._counted_at
        self._counted_at = now
        self._is_running = any(lane.run and not lane.run.hangs for lane in self._lanes)
        return self._running_seconds

    def _explain(self, reason: str) -> None:
        """Note the reason of an invocation with the jobs that it stopped."""
        for stop in self._outcome.stops[self._explained :]:
            if stop.at == self._timeline.now:
                stop.why = reason
        self._explained = len(self._outcome.stops)

    def _close(self) -> None:
        """Count what still runs at the end of the trace."""
        nodes = self._cluster.nodes
        if nodes:
            self._timeline.now = HORIZON
            if self._done_at is not None and self._experiment.abandoned:
                self._outcome.off_after = HORIZON - self._done_at
        for node in nodes.values():
            self._outcome.usd += (HORIZON - node.instance.launched) * self._price
            if not any(lane.run and node in lane.run.nodes and not lane.run.hangs for lane in self._lanes):
                self._count_idle_end(node)
        self._outcome.bounded = not nodes or self._expires + 2 * DAY > HORIZON
        self._outcome.invocations = self._layers.handlers.invocations
        self._outcome.failures = self._layers.handlers.failures


def _end_of_day(at: float) -> float:
    return math.ceil(at / DAY) * DAY
