"""Random fleets and metric histories: what works or may work is never stopped, what is known to be idle always is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings, strategies as st

from mlinfra.functions import cost
from mlinfra.functions.activity import gather_evidence
from mlinfra.functions.contract import Tag
from mlinfra.functions.decision import Action, Decision, decide
from mlinfra.functions.expiry import expiry
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.metrics import History
from mlinfra.functions.node_report import NodeReport
from mlinfra.functions.records import Job, Memory
from mlinfra.functions.rules import Rules
from tests.unit.functions.cloud import PRICE, PRICED, UNPRICED, Cloud

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 12, 18, 10, 30, 40, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class NodeStory:
    """The history of a node, independent of the types that the functions use."""

    worked_minutes_ago: int | None
    """When a GPU last worked; None: never."""
    silent: tuple[int, int] | None
    """From and until how many minutes ago its agent was silent; None: never."""
    protected: bool
    broken_answer: bool
    guard_minutes_ago: int | None
    """When its guard last reported. None: never, as an older guard does. Negative: its clock is ahead."""
    guard_says: str
    active_minutes_ago: int
    """When the guard last saw activity, counted back from its report, if it says idle."""
    runs_job: bool
    """Whether it is the node of the cluster's job."""
    hours_up: int

    def agent_was_silent(self, minutes: int) -> bool:
        """True if there was no metric in a period of the last minutes.

        Periods are five minutes, counted from now, or from the newest metric if it is late.
        """
        silent = range(*self.silent) if self.silent else range(0)
        begin = self.agent_is_late
        return self.broken_answer or any(
            all(period + minute in silent for minute in range(1, 6)) for period in range(begin, begin + minutes, 5)
        )

    @property
    def agent_is_late(self) -> int:
        """The minutes by which its metrics are late: more than five, and up to the limit."""
        if not self.silent or self.silent[0] > 1:
            return 0
        newest = min(self.silent[1], self.worked_minutes_ago or self.silent[1])
        return newest - 1 if 5 < newest <= 15 else 0

    def gpu_worked(self, minutes: int) -> bool:
        return self.worked_minutes_ago is not None and self.worked_minutes_ago <= minutes

    @property
    def guard_is_alive(self) -> bool:
        return self.guard_minutes_ago is not None and -12 <= self.guard_minutes_ago <= 12

    def guard_is_gone(self, minutes: int) -> bool:
        """True if reports have ended, or the clock of the node is wrong."""
        if self.guard_minutes_ago is None:
            return self.hours_up * 60 >= minutes
        return self.guard_minutes_ago < -12 or self.guard_minutes_ago >= minutes


@dataclass(frozen=True)
class ClusterStory:
    """The history of a cluster."""

    nodes: tuple[NodeStory, ...]
    missing_nodes: int
    wait_minutes: int
    idle_minutes: int
    stalled_minutes: int
    silence_minutes: int
    days_left: int
    """Until the end of its last day; negative: it is over."""
    grace_hours: int
    extended_days: int | None
    stops_when_idle: bool
    gang: bool
    limit_usd: int | None
    priced: bool
    heartbeat_minutes_ago: int | None
    """Negative: in the future. None: no job runs."""
    progress_minutes_ago: int | None
    """None: the job reports no progress."""
    records_readable: bool

    def node_may_work(self, node: NodeStory) -> bool:
        """True if a source reports that the node works, or no source reports that it is idle."""
        guard_knows = node.guard_is_alive and node.guard_says != "unknown"
        if self.job_hangs_for(self.idle_minutes) and node.runs_job and not guard_knows:
            return False
        # The GPUs of a node with a hung job can be at 100%.
        if node.gpu_worked(self.idle_minutes) and not (self.job_hangs_for(0) and node.runs_job and guard_knows):
            return True
        if guard_knows:
            return node.guard_says == "busy" or node.active_minutes_ago < self.idle_minutes
        if not node.guard_is_alive and not node.guard_is_gone(self.silence_minutes):
            return True
        window = max(self.idle_minutes, self.stalled_minutes)
        may_work = node.gpu_worked(window + node.agent_is_late) or node.agent_was_silent(window)
        return may_work or (node.guard_is_alive and node.protected)

    def job_hangs_for(self, minutes: int) -> bool:
        """True if the job has a fresh heartbeat and has counted as hung for that time."""
        return self.job_beats and self.progress_minutes_ago is not None and self.progress_minutes_ago >= 60 + minutes

    @property
    def job_beats(self) -> bool:
        return self.heartbeat_minutes_ago is not None and self.heartbeat_minutes_ago <= 15

    @property
    def may_work(self) -> bool:
        """True if a source reports that it works, or no source reports that it is idle."""
        works = any(self.node_may_work(node) for node in self.nodes)
        return not self.records_readable or (self.job_beats and not self.job_hangs_for(0)) or works

    @property
    def cost(self) -> float:
        return sum(node.hours_up for node in self.nodes) * PRICE if self.priced else 0

    @property
    def expired_hours(self) -> float:
        """The hours since its expiry. Negative: it has not expired. NOW is at 10:30."""
        days = max(self.days_left, self.extended_days if self.extended_days is not None else -99)
        return -24 * (days + 1) + 10.5

    def is_over_its_bound(self, expired_hours: float) -> bool:
        over = self.limit_usd is not None and self.cost > 1.2 * self.limit_usd
        return over or expired_hours >= max(self.grace_hours, 0.001)

    @property
    def has_cause(self) -> bool:
        """True if there is a reason to stop it when it is idle."""
        return (self.limit_usd is not None and self.cost > self.limit_usd) or self.expired_hours >= 0

    @property
    def waits(self) -> bool:
        """True if nodes are missing for which it may wait."""
        minutes_up = 60 * max(node.hours_up for node in self.nodes)
        return self.gang and self.missing_nodes > 0 and minutes_up < self.wait_minutes

    @property
    def must_stop(self) -> bool:
        if self.records_readable and self.is_over_its_bound(self.expired_hours):
            return True
        if not self.records_readable and self.is_over_its_bound(-24 * (self.days_left + 1) + 10.5):
            return True
        if self.may_work:
            return False
        return self.has_cause or (self.stops_when_idle and not self.waits)


Values = Mapping[str, Sequence[Any]]
MANY = 2**24
"""Hypothesis draws evenly below this number; above it, small numbers more often."""


def values_of(**choices: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A value for each name, evenly from its choices.

    Several are decoded from one number: Hypothesis needs as long to draw a boolean as to draw any number.
    """
    groups: list[dict[str, Sequence[Any]]] = [{}]
    for name, values in choices.items():
        if combinations(groups[-1]) * len(values) > MANY:
            groups.append({})
        groups[-1][name] = values

    def decode(numbers: tuple[int, ...]) -> dict[str, Any]:
        decoded = {}
        for number, group in zip(numbers, groups, strict=True):
            rest = number
            for name, values in group.items():
                rest, at = divmod(rest, len(values))
                decoded[name] = values[at]
        return decoded

    return st.tuples(*(st.integers(0, combinations(group) - 1) for group in groups)).map(decode)


def combinations(choices: Values) -> int:
    return math.prod(map(len, choices.values()))


def equally_likely(*choices: Sequence[Any]) -> list[Any]:
    """Values of several kinds, of each kind as many."""
    size = math.lcm(*map(len, choices))
    return [each for values in choices for each in [*values] * (size // len(values))]


NODES = values_of(
    worked_minutes_ago=equally_likely([None], range(1, 101)),
    silent=equally_likely([None], [None], [(start, start + 10) for start in range(1, 101)], [(0, 200)]),
    protected=[False, False, False, True],
    broken_answer=[False, False, False, True],
    guard_minutes_ago=equally_likely([None], range(-15, 100), range(5)),
    guard_says=["busy", "idle", "idle", "unknown"],
    active_minutes_ago=range(101),
    runs_job=[False, True],
    hours_up=range(1, 51),
).map(lambda values: NodeStory(**values))
QUIET_NODES = values_of(
    worked_minutes_ago=[None],
    silent=[None, (0, 200)],
    protected=[False, True],
    broken_answer=[False],
    guard_minutes_ago=range(6),
    guard_says=["idle"],
    active_minutes_ago=[100],
    runs_job=[True],
    hours_up=range(1, 51),
).map(lambda values: NodeStory(**values))
WITHOUT_GUARD = QUIET_NODES.map(lambda node: replace(node, silent=None, guard_minutes_ago=None))
CLUSTERS = st.builds(
    lambda nodes, values: ClusterStory(nodes=nodes, **values),
    nodes=st.one_of(
        *(st.lists(some, min_size=1, max_size=4).map(tuple) for some in (NODES, QUIET_NODES, WITHOUT_GUARD))
    ),
    values=values_of(
        missing_nodes=[0, 0, 1, 3],
        wait_minutes=[60, 120, 600],
        idle_minutes=[5, 10, 20, 30, 45, 90],
        stalled_minutes=[15, 30, 60],
        silence_minutes=[10, 30, 60],
        days_left=range(-3, 4),
        grace_hours=[0, 12, 24, 48],
        extended_days=equally_likely([None], range(-3, 4)),
        stops_when_idle=[False, True],
        gang=[False, True],
        limit_usd=equally_likely([None], range(1, 301)),
        priced=[False, True],
        heartbeat_minutes_ago=equally_likely([None], range(-500, 200), range(16)),
        progress_minutes_ago=equally_likely([None], range(-20, 300)),
        records_readable=[True, True, True, False],
    ),
)


@cache
def minutes_before(now: datetime) -> list[datetime]:
    """Whole minutes, by how many minutes ago they were."""
    return [now.replace(second=0, microsecond=0) - minutes * MINUTE for minutes in range(111)]


def readings(node: NodeStory, now: datetime) -> dict[datetime, float]:
    """A reading every minute, as the agent writes them."""
    times = minutes_before(now)
    silent = range(*node.silent) if node.silent else ()
    return {
        times[minutes]: 80.0 if minutes == node.worked_minutes_ago else 1.0
        for minutes in range(1, 111)
        if minutes not in silent or minutes == node.worked_minutes_ago
    }


def tags(story: ClusterStory, now: datetime) -> dict[str, Any]:
    values = {
        Tag.AUTO_STOP: "true",
        Tag.EXPIRES: (now.date() + timedelta(days=story.days_left)).isoformat(),
        Tag.IDLE_MINUTES: str(story.idle_minutes),
        Tag.STALLED_MINUTES: str(story.stalled_minutes),
        Tag.SILENCE_MINUTES: str(story.silence_minutes),
        Tag.EXPIRY_GRACE_HOURS: str(story.grace_hours),
        Tag.WAIT_FOR_NODES_MINUTES: str(story.wait_minutes),
        Tag.GANG: str(story.gang).lower(),
        Tag.STOP_WHEN_IDLE: str(story.stops_when_idle).lower(),
    }
    return values if story.limit_usd is None else values | {Tag.SPEND_LIMIT_USD: str(story.limit_usd)}


def target_of(story: ClusterStory) -> Target:
    nodes = tuple(
        Node(
            instance_id=f"i-{index}",
            instance_type=PRICED if story.priced else UNPRICED,
            launched=NOW - timedelta(hours=node.hours_up),
            state="running",
            protected=node.protected,
        )
        for index, node in enumerate(story.nodes)
    )
    return Target("cluster", "group", tags(story, NOW), nodes, desired=len(nodes) + story.missing_nodes)


def memory_of(story: ClusterStory) -> Memory | None:
    """The records, with a job on each node that runs one: its first node reports the progress."""
    if not story.records_readable:
        return None
    jobs: list[Job] = []
    if story.heartbeat_minutes_ago is not None:
        heartbeat = (NOW - story.heartbeat_minutes_ago * MINUTE).timestamp()
        ids = [f"i-{index}" for index, node in enumerate(story.nodes) if node.runs_job] or ["i-of-the-past"]
        jobs = [
            Job(f"job#{rank}" if rank else "job", heartbeat_at=heartbeat, started_at=0, instance_id=instance_id)
            for rank, instance_id in enumerate(ids)
        ]
        if story.progress_minutes_ago is not None:
            at = (NOW - story.progress_minutes_ago * MINUTE).timestamp()
            jobs[0] = replace(jobs[0], progress_at=at)
    extension = None
    if story.extended_days is not None:
        extension = (NOW.date() + timedelta(days=story.extended_days)).isoformat()
    reports = {
        f"i-{index}": NodeReport(
            NOW - node.guard_minutes_ago * MINUTE, node.guard_says, node.active_minutes_ago * MINUTE, "a process"
        )
        for index, node in enumerate(story.nodes)
        if node.guard_minutes_ago is not None
    }
    return Memory(jobs=tuple(jobs), extension=extension, reports=reports)


def decision(story: ClusterStory, target: Target) -> Decision:
    """The decisions of the functions, for a fleet in memory."""
    memory = memory_of(story)
    histories = {
        f"i-{index}": History(readings(node, NOW), "broken" if node.broken_answer else None)
        for index, node in enumerate(story.nodes)
    }
    rules = Rules.of(target.tags)
    known = memory or Memory()
    return decide(
        target,
        rules=rules,
        evidence=gather_evidence(target, rules, memory, histories, NOW),
        expiry=expiry(rules, known),
        cost=cost.so_far(target, known.state, NOW),
        now=NOW,
        jobs=known.jobs,
    )


@given(CLUSTERS)
@settings(max_examples=1_000, deadline=None)
def test_clusters_that_may_work_run_up_to_their_bound_and_idle_ones_are_stopped(story: ClusterStory) -> None:
    decided = decision(story, target_of(story))
    assert (decided.action is Action.STOP) == story.must_stop
    if decided.action is Action.STOP and not decided.is_forced:
        assert not story.may_work


@given(CLUSTERS)
@settings(max_examples=300, deadline=None)
def test_a_reported_job_is_never_stopped_before_its_bound(story: ClusterStory) -> None:
    story = replace(
        story,
        heartbeat_minutes_ago=5,
        progress_minutes_ago=None if story.progress_minutes_ago is None else min(story.progress_minutes_ago, 59),
        records_readable=True,
    )
    decided = decision(story, target_of(story))
    assert decided.action is Action.LEAVE or decided.is_forced
    working = {f"i-{index}" for index, node in enumerate(story.nodes) if node.runs_job}
    assert decided.is_forced or not decided.release & working


@given(CLUSTERS)
@settings(max_examples=300, deadline=None)
def test_only_idle_nodes_leave_one_by_one_and_only_without_a_gang(story: ClusterStory) -> None:
    decided = decision(story, target_of(story))
    if story.gang or decided.action is not Action.LEAVE or not (story.stops_when_idle or story.has_cause):
        assert not decided.release
    for index, node in enumerate(story.nodes):
        if f"i-{index}" in decided.release:
            assert not story.node_may_work(node)
            assert not (node.guard_is_alive and node.protected) or story.job_hangs_for(story.idle_minutes)


@given(CLUSTERS)
@settings(max_examples=200, deadline=None)
def test_a_job_on_a_node_outside_the_group_keeps_all_nodes(story: ClusterStory) -> None:
    nodes = tuple(replace(node, runs_job=False) for node in story.nodes)
    story = replace(
        story, nodes=nodes, gang=False, heartbeat_minutes_ago=5, progress_minutes_ago=None, records_readable=True
    )
    decided = decision(story, target_of(story))
    assert decided.is_forced or (decided.action is Action.LEAVE and not decided.release)


@given(CLUSTERS)
@settings(max_examples=200, deadline=None)
def test_no_node_with_a_live_guard_is_terminated_while_it_is_protected(story: ClusterStory) -> None:
    decided = decision(story, target_of(story))
    for index, node in enumerate(story.nodes):
        if f"i-{index}" in decided.terminate and not decided.is_forced:
            assert not node.guard_is_alive or not node.protected or story.job_hangs_for(story.idle_minutes)


@given(CLUSTERS)
@settings(max_examples=100, deadline=None)
def test_above_its_bound_every_node_is_terminated(story: ClusterStory) -> None:
    story = replace(story, days_left=-4, extended_days=None)
    decided = decision(story, target_of(story))
    assert (decided.action, decided.is_forced) == (Action.STOP, True)
    assert decided.terminate == {f"i-{index}" for index in range(len(story.nodes))}


@given(CLUSTERS)
@settings(max_examples=100, deadline=None)
def test_a_second_run_decides_the_same_and_a_stopped_cluster_stays_stopped(story: ClusterStory) -> None:
    target = target_of(story)
    first = decision(story, target)
    assert decision(story, target) == first
    if first.action is Action.STOP:
        assert decision(story, replace(target, nodes=(), desired=0)).action is Action.NOTHING
        # The nodes that are still in the group are terminated directly.
        assert decision(story, replace(target, desired=0)).action is Action.STOP


@given(CLUSTERS, st.data())
@settings(max_examples=200, deadline=None)
def test_an_additional_sign_of_work_never_stops_a_cluster(story: ClusterStory, data: st.DataObject) -> None:
    spoil: Callable[[NodeStory], NodeStory] = data.draw(
        st.sampled_from(
            [
                lambda node: replace(node, guard_minutes_ago=0, guard_says="busy"),
                lambda node: replace(node, guard_minutes_ago=0, guard_says="idle", active_minutes_ago=1),
                lambda node: replace(node, guard_minutes_ago=None, broken_answer=True),
                # A value in the first minute of the window can describe work before it, and a live guard decides.
                lambda node: replace(node, worked_minutes_ago=story.idle_minutes - 1),
            ]
        )
    )
    worse = replace(story, nodes=(spoil(story.nodes[0]), *story.nodes[1:]), progress_minutes_ago=None)
    decided = decision(worse, target_of(worse))
    assert decided.action is Action.LEAVE or decided.is_forced


READABLE = CLUSTERS.map(
    lambda story: replace(
        story,
        records_readable=True,
        limit_usd=None,
        grace_hours=48,
        missing_nodes=0,
        # Nodes in the local AWS were launched some minutes ago.
        silence_minutes=1,
        nodes=tuple(
            replace(node, broken_answer=False, hours_up=1, guard_minutes_ago=node.guard_minutes_ago)
            for node in story.nodes[:2]
        ),
    )
)


@given(st.lists(READABLE, min_size=3, max_size=6), st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_functions_do_so_with_a_fleet_in_aws(cloud: Cloud, stories: list[ClusterStory], by_look: bool) -> None:  # noqa: FBT001
    cloud.sweep()
    # Nodes are launched by the clock of this machine.
    cloud.now = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(minutes=5)
    names = {}
    for index, story in enumerate(stories):
        name = f"recsys-dev-{index}"
        names[name] = story
        ids = cloud.group(name, nodes=len(story.nodes), **tags(story, cloud.now))
        for instance_id, node in zip(ids, story.nodes, strict=True):
            cloud.readings(instance_id, readings(node, cloud.now))
            cloud.protect([instance_id], protected=node.protected, name=name)
            if node.guard_minutes_ago is not None:
                cloud.report(
                    [instance_id],
                    node.guard_says,
                    idle=node.active_minutes_ago * MINUTE,
                    at=-node.guard_minutes_ago * MINUTE,
                    cluster=name,
                )
        if story.heartbeat_minutes_ago is not None:
            working = [each for each, node in zip(ids, story.nodes, strict=True) if node.runs_job] or ["i-of-the-past"]
            for rank, instance_id in enumerate(working):
                progress = None if rank or story.progress_minutes_ago is None else -story.progress_minutes_ago * MINUTE
                cloud.job(
                    f"job#{rank}" if rank else "job",
                    cluster=name,
                    heartbeat=-story.heartbeat_minutes_ago * MINUTE,
                    started=timedelta(days=-10),
                    progress=progress,
                    node=instance_id,
                )
        if story.extended_days is not None:
            cloud.extend((cloud.now.date() + timedelta(days=story.extended_days)).isoformat(), name)
    run = cloud.look if by_look else cloud.janitor
    for _ in range(3):
        run()
    stopped = {name: not cloud.size(name) and not cloud.alive(name) for name in names}
    assert stopped == {name: story.must_stop for name, story in names.items()}
    running = {name: cloud.alive(name) for name in names}
    assert "stopped" not in run()["counts"]
    assert {name: cloud.alive(name) for name in names} == running
