"""Random fleets and metric histories: what works or may work is never stopped, what is known to be idle always is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings, strategies as st

from mlinfra.functions import cost
from mlinfra.functions.activity import gather_evidence
from mlinfra.functions.contract import Tag
from mlinfra.functions.decision import Action, Decision, decide
from mlinfra.functions.expiry import expiry
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.metrics import History
from mlinfra.functions.records import Job, Memory
from mlinfra.functions.rules import Rules
from tests.unit.functions.cloud import PRICE, PRICED, UNPRICED, Cloud

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 12, 18, 10, 30, 40, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class NodeStory:
    """What happened on a node, in words of its own: not how the functions see it."""

    worked_minutes_ago: int | None
    """When a GPU last worked; None: never."""
    silent: tuple[int, int] | None
    """From and until how many minutes ago its agent was silent; None: never."""
    protected: bool
    broken_answer: bool

    def was_silent_for_a_period_of_the_last(self, minutes: int) -> bool:
        """Periods are five minutes, counted back from now."""
        silent = range(*self.silent) if self.silent else range(0)
        return any(all(period + minute in silent for minute in range(1, 6)) for period in range(0, minutes, 5))


@dataclass(frozen=True)
class ClusterStory:
    """What happened to a cluster."""

    nodes: tuple[NodeStory, ...]
    idle_minutes: int
    days_left: int
    """Until the end of its last day; negative: it is over."""
    extended_days: int | None
    stops_when_idle: bool
    hours_up: int
    limit_usd: int | None
    priced: bool
    heartbeat_minutes_ago: int | None
    """Negative: in the future. None: no job runs."""
    records_readable: bool

    @property
    def may_work(self) -> bool:
        """Whether anybody could say that it works, or nobody can say that it does not."""
        window = self.idle_minutes
        return (
            not self.records_readable
            or (self.heartbeat_minutes_ago is not None and self.heartbeat_minutes_ago <= 15)
            or any(
                node.protected
                or node.broken_answer
                or (node.worked_minutes_ago is not None and node.worked_minutes_ago <= window)
                or node.was_silent_for_a_period_of_the_last(window)
                for node in self.nodes
            )
        )

    @property
    def is_due(self) -> bool:
        """Whether there is a cause to stop it."""
        over = self.limit_usd is not None and self.priced and self.hours_up * len(self.nodes) * PRICE > self.limit_usd
        expired = max(self.days_left, self.extended_days if self.extended_days is not None else -99) < 0
        return over or expired or self.stops_when_idle


def silences() -> st.SearchStrategy[tuple[int, int]]:
    return st.integers(1, 100).map(lambda start: (start, start + 10))


NODES = st.builds(
    NodeStory,
    worked_minutes_ago=st.none() | st.integers(1, 100),
    silent=st.none() | st.none() | silences(),
    protected=st.sampled_from([False, False, False, True]),
    broken_answer=st.sampled_from([False, False, False, True]),
)
QUIET_NODES = st.just(NodeStory(worked_minutes_ago=None, silent=None, protected=False, broken_answer=False))
CLUSTERS = st.builds(
    ClusterStory,
    nodes=st.lists(NODES, min_size=1, max_size=4).map(tuple) | st.lists(QUIET_NODES, min_size=1, max_size=4).map(tuple),
    idle_minutes=st.sampled_from([5, 10, 30, 45, 90]),
    days_left=st.integers(-3, 3),
    extended_days=st.none() | st.integers(-3, 3),
    stops_when_idle=st.booleans(),
    hours_up=st.integers(1, 50),
    limit_usd=st.none() | st.integers(1, 300),
    priced=st.booleans(),
    heartbeat_minutes_ago=st.none() | st.integers(-500, 200),
    records_readable=st.sampled_from([True, True, True, False]),
)


def readings(node: NodeStory, now: datetime) -> dict[datetime, float]:
    """A reading every minute, as the agent writes them."""
    whole = now.replace(second=0, microsecond=0)
    silent = range(*node.silent) if node.silent else ()
    return {
        whole - minutes * MINUTE: 80.0 if minutes == node.worked_minutes_ago else 1.0
        for minutes in range(1, 111)
        if minutes not in silent or minutes == node.worked_minutes_ago
    }


def tags(story: ClusterStory, now: datetime) -> dict[str, Any]:
    values = {
        Tag.AUTO_STOP: "true",
        Tag.EXPIRES: (now.date() + timedelta(days=story.days_left)).isoformat(),
        Tag.IDLE_MINUTES: str(story.idle_minutes),
        Tag.STOP_WHEN_IDLE: str(story.stops_when_idle).lower(),
    }
    return values if story.limit_usd is None else values | {Tag.SPEND_LIMIT_USD: str(story.limit_usd)}


def target_of(story: ClusterStory) -> Target:
    nodes = tuple(
        Node(
            instance_id=f"i-{index}",
            instance_type=PRICED if story.priced else UNPRICED,
            launched=NOW - timedelta(hours=story.hours_up),
            state="running",
            protected=node.protected,
        )
        for index, node in enumerate(story.nodes)
    )
    return Target("cluster", "group", tags(story, NOW), nodes, desired=len(nodes))


def decision(story: ClusterStory, target: Target) -> Decision:
    """What the functions decide, with a fleet in memory."""
    jobs: tuple[Job, ...] = ()
    if story.heartbeat_minutes_ago is not None:
        jobs = (Job("job", heartbeat_at=(NOW - story.heartbeat_minutes_ago * MINUTE).timestamp()),)
    extension = None
    if story.extended_days is not None:
        extension = (NOW.date() + timedelta(days=story.extended_days)).isoformat()
    memory = Memory(jobs=jobs, extension=extension) if story.records_readable else None
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
    )


@given(CLUSTERS)
@settings(max_examples=400, deadline=None)
def test_what_may_work_is_left_and_what_is_known_to_be_idle_and_due_is_stopped(story: ClusterStory) -> None:
    decided = decision(story, target_of(story))
    assert (decided.action is Action.STOP) == (story.is_due and not story.may_work)


@given(CLUSTERS)
@settings(max_examples=100, deadline=None)
def test_a_second_look_decides_the_same_and_what_is_stopped_stays_so(story: ClusterStory) -> None:
    target = target_of(story)
    first = decision(story, target)
    assert decision(story, target) == first
    if first.action is Action.STOP:
        assert decision(story, replace(target, nodes=(), desired=0)).action is Action.NOTHING
        assert decision(story, replace(target, desired=0)).action is Action.LEAVE


@given(CLUSTERS, st.data())
@settings(max_examples=100, deadline=None)
def test_one_more_sign_of_work_never_stops_anything(story: ClusterStory, data: st.DataObject) -> None:
    spoil: Callable[[NodeStory], NodeStory] = data.draw(
        st.sampled_from(
            [
                lambda node: replace(node, protected=True),
                lambda node: replace(node, broken_answer=True),
                lambda node: replace(node, worked_minutes_ago=story.idle_minutes),
            ]
        )
    )
    worse = replace(story, nodes=(spoil(story.nodes[0]), *story.nodes[1:]))
    assert decision(worse, target_of(worse)).action is Action.LEAVE


READABLE = CLUSTERS.map(
    lambda story: replace(
        story,
        records_readable=True,
        limit_usd=None,
        nodes=tuple(replace(node, broken_answer=False) for node in story.nodes[:2]),
    )
)


@given(st.lists(READABLE, min_size=3, max_size=6))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_janitor_does_so_with_a_fleet_in_aws(cloud: Cloud, stories: list[ClusterStory]) -> None:
    cloud.sweep()
    names = {}
    for index, story in enumerate(stories):
        name = f"recsys-dev-{index}"
        names[name] = story
        ids = cloud.group(name, nodes=len(story.nodes), **tags(story, cloud.now))
        for instance_id, node in zip(ids, story.nodes, strict=True):
            cloud.readings(instance_id, readings(node, cloud.now))
            cloud.protect([instance_id], protected=node.protected, name=name)
        if story.heartbeat_minutes_ago is not None:
            cloud.job(cluster=name, heartbeat=-story.heartbeat_minutes_ago * MINUTE)
        if story.extended_days is not None:
            cloud.extend((cloud.now.date() + timedelta(days=story.extended_days)).isoformat(), name)
    cloud.janitor()
    cloud.janitor()
    stopped = {name: not cloud.size(name) and not cloud.nodes(name) for name in names}
    assert stopped == {name: story.is_due and not story.may_work for name, story in names.items()}
    running = {name: cloud.nodes(name) for name in names}
    assert "stopped" not in cloud.janitor()["counts"]
    assert {name: cloud.nodes(name) for name in names} == running
