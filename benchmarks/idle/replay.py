"""The replay of one experiment: its jobs, its nodes, and the functions that stop them.

Time advances from event to event. The look and the janitor run at each of their times, except while they can conclude
nothing new. While every source of evidence shows activity (a fresh heartbeat, or both the guard's report and
CloudWatch), only one look in `_STRIDE` runs: one more minute of the same activity cannot make a cluster idle. After
`_DENSE` without any change, one look an hour runs. `every_look` skips none; a test compares both.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from benchmarks.idle.aws import Account, Group, moment, throttled
from benchmarks.idle.handlers import RETRY_SECONDS, Handlers
from benchmarks.idle.node import READING_SECONDS, GuardRules, Node
from benchmarks.idle.oracle import oracle_usd
from benchmarks.idle.workload import DAY, HORIZON, HOUR, MINUTE, Signals
from mlinfra.functions.contract import (
    HEARTBEAT_FRESH_SECONDS,
    HEARTBEAT_SECONDS,
    Activity,
    JobStatus,
    Table,
    Tag,
    Variable,
)
from mlinfra.functions.prices import on_demand_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.idle.environments import Setting
    from benchmarks.idle.faults import Faults
    from benchmarks.idle.workload import Experiment, Job

Policy = Literal["mlinfra", "nothing", "autostop"]

_LOOK: Final = 5 * MINUTE
_STRIDE: Final = 6 * HOUR
_DENSE: Final = 6 * HOUR
"""The time after a change for which no look is skipped, unless the cluster is visibly active."""
_AROUND_EXPIRY: Final = (-DAY, -HOUR, 0.0, DAY)
_WAITS_FOR_CAPACITY: Final = 0.06
"""The share of starts of multi-node clusters that wait for their last node."""
_AUTOSTOP: Final = 5 * MINUTE
_KEPT_RECORDS: Final = 3 * DAY
"""The time for which records of ended jobs are kept. AWS keeps them for 90 days, which no handler needs."""


@dataclass
class Stop:
    """A job that was stopped."""

    job_id: str
    kind: str
    at: float
    signals: Signals
    """Its signals at that time."""
    why: str = "the size of its group was 0, and its node was not protected from scale-in"


@dataclass
class Outcome:
    """The outcome of one experiment."""

    experiment: str
    oracle_usd: float
    usd: float = 0.0
    idle_usd: dict[str, float] = field(default_factory=dict)
    """The cost of nodes without a job, by the time: boot, gap (before a job), stop (before a stop), abandoned, hung."""
    stops: list[Stop] = field(default_factory=list)
    restarts: int = 0
    cut_queues: int = 0
    off_after: float | None = None
    """The seconds from the end of the last job until no node ran. None: its owner stopped the cluster."""
    bounded: bool = True
    """False if nodes ran longer than a day after the experiment's bound."""
    invocations: int = 0
    failures: int = 0


@dataclass(eq=False)
class _Lane:
    jobs: tuple[Job, ...]
    number: int
    index: int = 0
    nodes: list[Node] = field(default_factory=list)
    """The nodes of its last job."""
    run: _Run | None = None
    waiting: bool = False
    phases_left: tuple[int, float] | None = None
    """Of a stopped job: the phase in which it resumes, and the seconds left of it."""

    @property
    def job(self) -> Job:
        return self.jobs[self.index]

    @property
    def is_done(self) -> bool:
        return self.index >= len(self.jobs)


@dataclass(eq=False)
class _Run:
    job: Job
    lane: _Lane
    nodes: list[Node]
    started: float
    phase: int = 0
    phase_ends: float = 0.0
    progress_at: float | None = None
    counts_as_hung: bool = False
    hung: bool = False
    over: bool = False


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
        self._setting = setting
        self._policy = policy
        self._faults = faults
        self._every_look = every_look
        self._seed = f"{seed}/{experiment.name}"
        self._now: float = experiment.begins
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._account = Account(lambda: self._now, self._values, self._changed, self._refuse)
        self._handlers = Handlers(setting, self._account)
        self._boot = 60 * math.exp(self._rng("boot").gauss(math.log(5), 0.3))
        self._outcome = Outcome(experiment.name, oracle_usd(experiment, self._boot))
        self._hangs = {job.job_id: self._hang(job) for job in experiment.jobs}
        self._expires = _end_of_day(experiment.planned_end + experiment.margin_days * DAY)
        self._group = Group(
            setting.variables[Variable.PREFIX] + experiment.name, {}, self._now - HOUR, experiment.nodes
        )
        self._group.tags = self._tags()
        self._account.groups[self._group.name] = self._group
        self._rules = GuardRules(
            idle_percent=float(self._group.tags[Tag.IDLE_GPU_PERCENT]),
            idle_seconds=float(self._group.tags[Tag.IDLE_MINUTES]) * MINUTE,
            stalled_seconds=float(self._group.tags[Tag.STALLED_MINUTES]) * MINUTE,
        )
        self._lanes = [_Lane(jobs, number) for number, jobs in enumerate(experiment.lanes)]
        self._nodes: dict[str, Node] = {}
        self._pending = 0
        self._launches = itertools.count()
        self._starts = 0
        self._done_at: float | None = None
        self._look_at: float | None = None
        self._changed_at = self._now
        self._janitor_hour = -1.0
        self._in_alarm = False
        self._swept_at = self._now
        self._calls = 0

    def run(self) -> Outcome:
        """The outcome."""
        for lane in self._lanes:
            self._after(lane.job.gap, partial(self._submit, lane, by_script=False))
        if self._policy == "mlinfra":
            for at in _AROUND_EXPIRY:
                self._after(self._expires + at - self._now, self._arm)
            self._plan_quiet_hours()
        with self._handlers.installed() if self._policy == "mlinfra" else nullcontext():
            while self._queue and not self._is_over:
                at, _, action = heapq.heappop(self._queue)
                if at > HORIZON:
                    break
                self._now = at
                action()
        self._close()
        return self._outcome

    # The queue.

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        if math.isfinite(seconds) and seconds >= 0:
            heapq.heappush(self._queue, (self._now + seconds, next(self._order), action))

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self._seed}/{purpose}")  # noqa: S311  a replay is repeatable

    @property
    def _is_over(self) -> bool:
        return self._done_at is not None and not self._nodes and not self._group.desired

    # Jobs and their owner.

    def _submit(self, lane: _Lane, *, by_script: bool) -> None:
        if lane.run or lane.waiting or lane.is_done:
            return
        if by_script and any(node.instance.ended is not None for node in lane.nodes):
            self._cut(lane)
            return
        if not by_script:
            self._extend(lane.job)
        nodes = lane.nodes if by_script else self._free_nodes(lane)
        if nodes and not by_script:
            # The owner starts the cluster if it is being stopped.
            self._resize(len(self._nodes))
        if nodes:
            self._start(lane, nodes)
            return
        lane.waiting = True
        busy = sum(1 for each in self._lanes if each.run or each.waiting)
        needed = self._experiment.nodes if self._experiment.gang else busy
        if self._group.desired < needed:
            if self._starts:
                self._outcome.restarts += 1
            self._starts += 1
            self._resize(needed)

    def _cut(self, lane: _Lane) -> None:
        """The nodes of a queue have ended. The owner notices, and submits its next job."""
        lane.waiting = False
        self._outcome.cut_queues += 1
        self._return(lane, 45 * MINUTE)

    def _return(self, lane: _Lane, median: float) -> None:
        rng = self._rng(f"return/{lane.number}/{lane.index}")
        self._after(median * math.exp(rng.gauss(0, 0.8)), lambda: self._submit(lane, by_script=False))

    def _free_nodes(self, lane: _Lane) -> list[Node]:
        used = {node for each in self._lanes if each.run for node in each.run.nodes}
        ready = [node for node in self._nodes.values() if node.ready <= self._now and node not in used]
        needed = self._experiment.nodes if len(self._lanes) == 1 else 1
        ready.sort(key=lambda node: node not in lane.nodes)
        return ready[:needed] if len(ready) >= needed else []

    def _start(self, lane: _Lane, nodes: list[Node]) -> None:
        lane.waiting, lane.nodes = False, nodes
        lane.run = run = _Run(lane.job, lane, nodes, self._now)
        for node in nodes:
            self._count_idle(node, "gap" if node.had_job else "boot")
            node.had_job = True
            node.set("residue", None, self._now)
            if run.job.kind == "reported":
                node.instance.protected = True
        left = None
        if lane.phases_left:
            run.phase, left = lane.phases_left
            lane.phases_left = None
        self._begin_phase(run, left)

    def _begin_phase(self, run: _Run, seconds: float | None = None) -> None:
        if run.phase >= len(run.job.phases):
            self._reach_end(run)
            return
        phase = run.job.phases[run.phase]
        seconds = phase.seconds if seconds is None else seconds
        run.phase_ends = self._now + seconds
        if phase.signals.progress:
            run.progress_at, run.counts_as_hung = self._now, False
        self._show(run, phase.signals)
        self._after(seconds, lambda: self._end_phase(run, run.phase))
        self._plan_progress_timeout(run, run.phase)

    def _end_phase(self, run: _Run, phase: int) -> None:
        if run.over or run.phase != phase:
            return
        if run.job.phases[phase].signals.progress:
            run.progress_at = self._now
        run.phase += 1
        self._begin_phase(run)

    def _plan_progress_timeout(self, run: _Run, phase: int) -> None:
        """A job that reported progress counts as hung after its timeout without progress."""
        if run.progress_at is None or (phase < len(run.job.phases) and run.job.phases[phase].signals.progress):
            return

        def check() -> None:
            if not run.over and run.phase == phase and not run.counts_as_hung:
                run.counts_as_hung = True
                self._arm()
                self._show(run, run.job.phases[phase].signals if phase < len(run.job.phases) else _HANGING)

        self._after(max(0.0, run.progress_at + self._rules.stalled_seconds - self._now), check)

    def _show(self, run: _Run, signals: Signals) -> None:
        if run.job.kind == "reported":
            signals |= Signals(stuck=True) if run.counts_as_hung else Signals(heartbeat=True)
        for node in run.nodes:
            self._set(node, run.job.job_id, signals)

    def _reach_end(self, run: _Run) -> None:
        hang = self._hangs[run.job.job_id]
        if hang is None or run.hung:
            self._finish(run)
            return
        run.hung = True
        for node in run.nodes:
            node.without_job_since = self._now
        self._show(run, _HANGING)
        self._plan_progress_timeout(run, run.phase)
        self._after(hang, lambda: None if run.over else self._finish(run))

    def _finish(self, run: _Run) -> None:
        job, lane = run.job, run.lane
        run.over, lane.run = True, None
        for node in run.nodes:
            if run.hung:
                self._count_idle(node, "hung")
            node.without_job_since = self._now
            node.set("residue", job.residue, self._now)
            self._set(node, job.job_id, Signals(heartbeat=True) if self._crashed(run) else None)
            self._after(job.residue_seconds, partial(self._set, node, "residue", None))
            if self._crashed(run):
                self._after(HEARTBEAT_FRESH_SECONDS, partial(self._set, node, job.job_id, None))
        if job.kind == "reported":
            self._record(run, JobStatus.RUNNING if self._crashed(run) else JobStatus.COMPLETED)
            if not self._crashed(run):
                self._report_end(run)
        self._advance(lane)

    def _crashed(self, run: _Run) -> bool:
        return run.job.crashes and run.job.kind == "reported"

    def _report_end(self, run: _Run) -> None:
        for node in run.nodes:
            if not node.signals.process and not node.signals.heartbeat:
                node.instance.protected = False
        ended = self._now
        if self._policy == "mlinfra" and not self._loses(f"end/{run.job.job_id}"):
            name = run.job.job_id
            self._deliver(lambda: self._handlers.job_ended(self._group.name, name, ended), after=2)
        self._account.scale_in(self._group)
        self._changed()

    def _advance(self, lane: _Lane) -> None:
        lane.index += 1
        if lane.is_done:
            if all(each.is_done for each in self._lanes):
                self._done_at = self._now
                if not self._experiment.abandoned:
                    self._after(60 * math.exp(self._rng("leave").gauss(math.log(5), 1)), self._stop_by_owner)
        else:
            job = lane.job
            self._after(job.gap, lambda: self._submit(lane, by_script=job.chained))
        self._watch_autostop()

    def _stop_by_owner(self) -> None:
        self._group.desired = 0
        for node in list(self._nodes.values()):
            self._account.terminate(node.instance)
        self._changed()

    def _extend(self, job: Job) -> None:
        """Owners extend an experiment that expires before the job could end."""
        if self._now + job.seconds + 2 * DAY < self._expires:
            return
        self._expires = _end_of_day(self._now + job.seconds + 7 * DAY)
        until = moment(self._expires - DAY).date().isoformat()
        extended = {Table.UNTIL: until, Table.EXTENDED_AT: moment(self._now).strftime("%Y-%m-%dT%H:%M:%SZ")}
        self._put(Table.EXTENSION, extended)
        for at in _AROUND_EXPIRY:
            self._after(self._expires + at - self._now, self._arm)

    def _hang(self, job: Job) -> float | None:
        """The time for which a job hangs until its owner notices; infinity for the last one of an abandoned cluster."""
        rng = self._rng(f"hang/{job.job_id}")
        if rng.random() >= self._faults.hung_jobs:
            return None
        if self._experiment.abandoned and any(job is lane[-1] for lane in self._experiment.lanes):
            return math.inf
        return 10 * HOUR * math.exp(rng.gauss(0, 0.8))

    # The cluster.

    def _resize(self, desired: int) -> None:
        if self._group.desired < desired:
            self._group.desired = desired
            self._changed()

    def _changed(self) -> None:
        """Follow a change of the group: nodes that ended, nodes that are missing."""
        for node in [each for each in self._nodes.values() if each.instance.ended is not None]:
            self._lose(node)
        for lane in self._lanes:
            if lane.waiting and not self._group.desired:
                self._cut(lane)
        missing = self._group.desired - len(self._nodes) - self._pending
        for index in range(missing):
            self._pending += 1
            self._after(30 + self._capacity_wait(last=index == missing - 1), self._launch)
        self._arm()

    def _capacity_wait(self, *, last: bool) -> float:
        """Multi-node clusters sometimes wait for their last node."""
        rng = self._rng(f"capacity/{self._starts}")
        if not last or self._experiment.nodes == 1 or rng.random() > _WAITS_FOR_CAPACITY:
            return 0.0
        return min(3 * HOUR, 25 * MINUTE * math.exp(rng.gauss(0, 0.8)))

    def _launch(self) -> None:
        self._pending -= 1
        if len(self._nodes) >= self._group.desired:
            return
        instance = self._account.launch(self._group, self._experiment.instance_type)
        faults = self._faults.of_node(self._now, self._rng(f"node/{next(self._launches)}"))
        node = Node(instance, self._now + self._boot, self._rules, faults)
        self._nodes[node.name] = node
        self._arm()

        def refresh() -> None:
            self._set(node, "fault", None)

        self._after(self._boot, lambda: self._make_ready(node))
        for at in (faults.agent_dies, faults.guard_dies, faults.gpu_lost):
            self._after(max(at, node.ready) - self._now, refresh)

    def _make_ready(self, node: Node) -> None:
        if node.instance.ended is not None:
            return
        self._set(node, "boot", None)
        for lane in self._lanes:
            if lane.waiting and (nodes := self._free_nodes(lane)):
                self._start(lane, nodes)

    def _set(self, node: Node, source: str, signals: Signals | None) -> None:
        """Change the signals of a node, and plan what its guard does next."""
        if node.instance.ended is not None:
            return
        was_active = node.is_evidently_active(self._now)
        node.set(source, signals, self._now)
        if not (was_active and node.is_evidently_active(self._now)):
            self._arm()
        if node.has_guard(self._now) and node.activity(self._now) != Activity.IDLE:
            node.instance.protected = True
        if (idle := node.turns_idle_at) is not None:
            self._after(idle - self._now, self._arm)
        if (release := node.release_at()) is not None:
            self._after(max(0.0, release - self._now), lambda: self._release(node))

    def _release(self, node: Node) -> None:
        at = node.release_at()
        if node.instance.ended is not None or at is None or at > self._now or not node.instance.protected:
            return
        if node.has_guard(self._now) and node.activity(self._now) == Activity.IDLE:
            node.instance.protected = False
            self._account.scale_in(self._group)
            self._changed()

    def _lose(self, node: Node) -> None:
        del self._nodes[node.name]
        ended = node.instance.ended
        assert ended is not None  # noqa: S101  for mypy
        self._outcome.usd += (ended - node.instance.launched) * self._price
        run = next((lane.run for lane in self._lanes if lane.run and node in lane.run.nodes), None)
        if run is None:
            category = "abandoned" if self._done_at is not None else "stop" if node.had_job else "boot"
            self._count_idle(node, category)
        else:
            self._interrupt(run)
        if not self._nodes and self._done_at is not None and self._experiment.abandoned:
            self._outcome.off_after = self._now - self._done_at

    def _interrupt(self, run: _Run) -> None:
        lane = run.lane
        run.over, lane.run = True, None
        for node in run.nodes:
            if run.hung:
                self._count_idle(node, "hung")
            node.without_job_since = self._now
            self._set(node, run.job.job_id, None)
        if run.job.kind == "reported":
            self._record(run, JobStatus.FAILED)
        if run.hung:
            self._advance(lane)
            return
        stop = Stop(run.job.job_id, run.job.kind, self._now, run.job.phases[run.phase].signals)
        if all(each.job_id != stop.job_id for each in self._outcome.stops):
            self._outcome.stops.append(stop)
        lane.phases_left = (run.phase, max(1.0, run.phase_ends - self._now))
        self._return(lane, HOUR)

    @property
    def _price(self) -> float:
        return on_demand_prices()[self._experiment.instance_type] / 3600

    def _count_idle(self, node: Node, category: str) -> None:
        usd = (self._now - node.without_job_since) * self._price
        self._outcome.idle_usd[category] = self._outcome.idle_usd.get(category, 0.0) + usd

    # The functions.

    def _arm(self) -> None:
        """Something has changed: no look is skipped from now on."""
        self._changed_at = self._now
        self._watch_autostop()
        if self._policy == "mlinfra":
            self._plan_look(_LOOK)

    def _plan_look(self, seconds: float) -> None:
        at = math.floor((self._now + seconds) / _LOOK) * _LOOK
        if self._look_at is None or at < self._look_at or self._look_at <= self._now:
            self._look_at = at
            self._after(at - self._now, lambda: self._look(at))

    def _look(self, at: float) -> None:
        if self._look_at != at:
            return
        self._look_at = None
        if not self._nodes and not self._group.desired:
            return
        hour = at // HOUR
        if hour > self._janitor_hour:
            self._janitor_hour = hour
            if not self._loses(f"janitor/{hour}"):
                self._deliver(self._handlers.janitor)
        self._check_alarm()
        if not self._loses(f"look/{at}"):
            self._deliver(self._handlers.look)
        if self._nodes or self._group.desired:
            self._plan_look(self._pause())

    def _pause(self) -> float:
        """The time until the next look that is not skipped."""
        if self._every_look:
            return _LOOK
        near = abs(self._now - self._expires) < 27 * HOUR
        active = [node.is_evidently_active(self._now) for node in self._nodes.values()]
        unchanged = self._now - self._changed_at
        if active and (any(active) if self._experiment.gang else all(active)) and unchanged >= _LOOK:
            return HOUR if near or self._faults.throttled_calls else _STRIDE
        return HOUR if unchanged > _DENSE else _LOOK

    def _check_alarm(self) -> None:
        """The idle alarm: the highest utilization of all nodes, in periods of 5 minutes, all of which have data."""
        end = self._now - self._now % _LOOK - _LOOK
        in_alarm = all(
            self._is_idle_period(end - index * _LOOK) for index in range(int(self._rules.idle_seconds // _LOOK))
        )
        if in_alarm and not self._in_alarm and not self._loses(f"alarm/{self._now}"):
            self._deliver(lambda: self._handlers.alarm(self._group.name))
        self._in_alarm = in_alarm

    def _is_idle_period(self, begin: float) -> bool:
        values = [value for node in self._nodes.values() for _, value in self._readings(node, begin, begin + _LOOK)]
        return bool(values) and max(values) < self._rules.idle_percent

    def _deliver(
        self, invoke: Callable[[], bool], *, after: float = 0.0, retries: tuple[int, ...] = RETRY_SECONDS
    ) -> None:
        """Invoke a function now or later, and again if it fails."""

        def attempt() -> None:
            self._refresh_items()
            stops = len(self._outcome.stops)
            succeeded = invoke()
            for stop in self._outcome.stops[stops:]:
                stop.why = self._handlers.reason
            if not succeeded and retries:
                self._deliver(invoke, after=retries[0], retries=retries[1:])

        if after:
            self._after(after, attempt)
        else:
            attempt()

    def _loses(self, event: str) -> bool:
        return bool(self._faults.lost_events) and self._rng(f"lost/{event}").random() < self._faults.lost_events

    def _refuse(self, service: str, operation: str) -> None:  # noqa: ARG002
        if self._faults.throttled_calls:
            self._calls += 1
            if self._rng(f"call/{self._calls}").random() < self._faults.throttled_calls:
                raise throttled(operation)

    def _plan_quiet_hours(self) -> None:
        at = self._setting.next_quiet_hours(self._now)
        if at is not None:
            self._after(at - self._now, self._begin_quiet_hours)

    def _begin_quiet_hours(self) -> None:
        self._group.desired = self._group.minimum = 0
        self._account.scale_in(self._group)
        self._changed()
        self._plan_quiet_hours()

    def _watch_autostop(self) -> None:
        """The baseline: five minutes after the last job, unless a session is logged in."""
        if self._policy != "autostop" or not self._is_quiet():
            return
        changed_at = self._changed_at

        def stop() -> None:
            if self._changed_at == changed_at and self._is_quiet():
                self._stop_by_owner()

        self._after(_AUTOSTOP, stop)

    def _is_quiet(self) -> bool:
        return (
            bool(self._nodes)
            and all(node.ready <= self._now and not node.signals.logged_in for node in self._nodes.values())
            and not any(lane.run or lane.waiting for lane in self._lanes)
        )

    # What the functions read.

    def _tags(self) -> dict[str, str]:
        expires = moment(self._expires - DAY).date().isoformat()
        return {
            **self._setting.tags,
            **self._setting.gang_tags[self._experiment.gang],
            "Name": self._group.name,
            Tag.EXPERIMENT: self._experiment.name,
            Tag.EXPIRES: expires,
            Tag.SPEND_LIMIT_USD: f"{3 * self._outcome.oracle_usd + 200:.2f}",
            Tag.NODES: str(self._experiment.nodes),
        }

    def _values(self, metric: str, instance_id: str, begin: float, end: float) -> Iterable[tuple[float, float]]:  # noqa: ARG002
        node = self._nodes.get(instance_id)
        return () if node is None else self._readings(node, begin, end)

    def _readings(self, node: Node, begin: float, end: float) -> Iterable[tuple[float, float]]:
        visible = self._now - READING_SECONDS - self._faults.metric_delay(self._now, self._seed)
        return node.readings(begin, end, visible)

    def _refresh_items(self) -> None:
        """Write what guards and jobs have written until now."""
        items = self._account.items.setdefault(self._group.name, {})
        for node in self._nodes.values():
            if node.has_guard(self._now):
                items[Table.NODE_PREFIX + node.name] = {
                    Table.CLUSTER: self._group.name,
                    Table.RECORD: Table.NODE_PREFIX + node.name,
                    Table.EXPIRE_AT: Decimal(int(self._now + 2 * DAY)),
                    **node.report(self._now),
                }
        for lane in self._lanes:
            if lane.run and lane.run.job.kind == "reported":
                self._record(lane.run, JobStatus.RUNNING)
        if self._now > self._swept_at + DAY:
            self._swept_at = self._now
            for record in [each for each, item in items.items() if item.get(Table.EXPIRE_AT, math.inf) < self._now]:
                del items[record]

    def _record(self, run: _Run, status: str) -> None:
        beat = run.started + (self._now - run.started) // HEARTBEAT_SECONDS * HEARTBEAT_SECONDS
        item: dict[str, Any] = {
            Table.JOB_NAME: run.job.job_id,
            Table.JOB_STATUS: status,
            Table.HEARTBEAT_AT: Decimal(int(beat if status == JobStatus.RUNNING else self._now)),
            Table.STARTED_AT: Decimal(int(run.started)),
            Table.EXPIRE_AT: Decimal(int(self._now + _KEPT_RECORDS)),
        }
        if status != JobStatus.RUNNING:
            item[Table.ENDED_AT] = Decimal(int(self._now))
        if run.progress_at is not None:
            item |= {
                Table.PROGRESS_AT: Decimal(int(self._progress_at(run))),
                Table.PROGRESS_TIMEOUT: Decimal(int(self._rules.stalled_seconds)),
            }
        for rank, node in enumerate(run.nodes):
            record = f"{Table.JOB_PREFIX}{run.job.job_id}" + (f"#{rank}" if rank else "")
            self._put(record, item | {Table.INSTANCE: node.name})

    def _progress_at(self, run: _Run) -> float:
        phases = run.job.phases
        goes_on = not run.over and run.phase < len(phases) and phases[run.phase].signals.progress
        return self._now if goes_on else run.progress_at or 0.0

    def _put(self, record: str, item: dict[str, Any]) -> None:
        items = self._account.items.setdefault(self._group.name, {})
        items[record] = {Table.CLUSTER: self._group.name, Table.RECORD: record, **item}

    def _close(self) -> None:
        """Count what still runs at the end of the trace."""
        if self._nodes:
            self._now = HORIZON
            if self._done_at is not None and self._experiment.abandoned:
                self._outcome.off_after = HORIZON - self._done_at
        for node in self._nodes.values():
            self._outcome.usd += (HORIZON - node.instance.launched) * self._price
            if not any(lane.run and node in lane.run.nodes and not lane.run.hung for lane in self._lanes):
                self._count_idle(node, "abandoned")
        self._outcome.bounded = not self._nodes or self._expires + 2 * DAY > HORIZON
        self._outcome.invocations = self._handlers.invocations
        self._outcome.failures = self._handlers.failures


_HANGING: Final = Signals(gpu=100.0, process=True, works=True)


def _end_of_day(at: float) -> float:
    return math.ceil(at / DAY) * DAY
