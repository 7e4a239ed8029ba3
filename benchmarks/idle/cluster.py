"""A replayed cluster: its auto scaling group, its nodes with their guards, and the data that the functions read."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from benchmarks.idle.aws import Account, Group, throttled
from benchmarks.idle.node import CPU_READING_SECONDS, READING_SECONDS, Node
from benchmarks.idle.workload import DAY, HOUR, MINUTE, Experiment, Signals
from mlinfra.functions.contract import Activity, Metric, Table, Tag, Variable
from mlinfra.node_guard.judgement import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.idle.environments import Setting
    from benchmarks.idle.faults import Faults
    from benchmarks.idle.timeline import Timeline

_LAUNCH: Final = 30.0
"""The seconds from a change of the desired capacity to a launch."""
_WAITS_FOR_CAPACITY: Final = 0.06
"""The share of starts of multi-node clusters for whose last node EC2 has no capacity at first. With `gang=True`, their
owners wait for the capacity of all nodes together (`mlinfra run`, or `clusters start --wait-for-capacity`)."""
_LONGEST_WAIT: Final = 3 * HOUR
_GUARD_LATE: Final = MINUTE
"""The time from the moment at which a node need not run any more until its guard acts: it runs once a minute, and
samples accelerators for half a minute."""
_EXIT_OF_JOB: Final = 3 * MINUTE
"""The time after the end of a job for which its node may still be active."""


class Cluster:
    """A cluster that follows its group: it launches missing nodes and notices lost ones."""

    def __init__(
        self,
        experiment: Experiment,
        setting: Setting,
        tags: dict[str, str],
        *,
        timeline: Timeline,
        faults: Faults,
    ) -> None:
        """A cluster of size zero.

        Args:
            experiment: its experiment.
            setting: its environment.
            tags: the tags of the group that depend on the experiment.
            timeline: the timeline.
            faults: the faults to inject.
        """
        self._timeline = timeline
        self._faults = faults
        self._experiment = experiment
        self.boot = timeline.lognormal("boot", 5 * MINUTE, 0.3)
        """The seconds from the launch of a node until a job can use it."""
        self.account = Account(lambda: timeline.now, self._values, self.follow, self._refuse)
        name = setting.variables[Variable.PREFIX] + experiment.name
        self.group = Group(
            name,
            {**setting.tags, **setting.gang_tags[experiment.gang], "Name": name, **tags},
            timeline.now - HOUR,
            experiment.nodes,
        )
        self.account.groups[name] = self.group
        self.rules = Limits(
            idle_percent=float(self.group.tags[Tag.IDLE_GPU_PERCENT]),
            idle_seconds=float(self.group.tags[Tag.IDLE_MINUTES]) * MINUTE,
            stalled_seconds=float(self.group.tags[Tag.STALLED_MINUTES]) * MINUTE,
            pause_seconds=float(self.group.tags[Tag.PAUSE_MINUTES]) * MINUTE,
            vacant_seconds=float(self.group.tags[Tag.VACANT_MINUTES]) * MINUTE,
        )
        self.nodes: dict[str, Node] = {}
        self.starts = 0
        """The number of starts by its owner."""
        self.running_seconds: Callable[[], float] = lambda: 0.0
        """The time for which it has run jobs."""
        self.on_change: Callable[[], None] = lambda: None
        self.on_ready: Callable[[Node], None] = lambda node: None  # noqa: ARG005
        self.on_lost: Callable[[Node], None] = lambda node: None  # noqa: ARG005
        self.on_idle: Callable[[], None] = lambda: None
        self._pending = 0
        self._launches = itertools.count()
        self._swept_at = timeline.now
        self._calls = itertools.count()

    @property
    def is_off(self) -> bool:
        """True if it has no nodes and requests none."""
        return not self.nodes and not self.group.desired

    def resize(self, desired: int) -> None:
        """Request at least `desired` nodes, as the owner's `mlinfra clusters start` does."""
        if self.group.desired < desired:
            self.group.desired = desired
            self.follow()

    def empty(self) -> None:
        """Set the size to zero. Protected nodes stay."""
        self.group.desired = self.group.minimum = 0
        self.settle()

    def end(self) -> None:
        """Terminate all nodes, as the owner's `mlinfra clusters stop --force` does."""
        self.group.desired = self.group.minimum = 0
        for node in list(self.nodes.values()):
            self.account.terminate(node.instance)
        self.follow()

    def settle(self) -> None:
        """Let EC2 Auto Scaling end what is above the desired capacity and not protected."""
        self.account.scale_in(self.group)
        self.follow()

    def follow(self) -> None:
        """Notice nodes that ended, and launch those that are missing."""
        for node in [each for each in self.nodes.values() if each.instance.ended is not None]:
            del self.nodes[node.name]
            self.on_lost(node)
        missing = self.group.desired - len(self.nodes) - self._pending
        for index in range(missing):
            self._pending += 1
            waits = self._starts_together or index == missing - 1
            self._timeline.after(_LAUNCH + (self._capacity_wait() if waits else 0.0), self._launch)
        self.on_change()

    def show(self, node: Node, source: str, signals: Signals | None) -> None:
        """Change the signals of a node, and plan what its guard does next."""
        if node.instance.ended is not None:
            return
        now = self._timeline.now
        was_active = node.is_evidently_active(now)
        node.set(source, signals, now)
        if not (was_active and node.is_evidently_active(now)):
            self.on_change()
        if node.has_guard(now) and node.activity(now) != Activity.IDLE:
            node.instance.protected = True
            node.announced = False
        if (idle := node.turns_idle_at) is not None:
            self._timeline.at(idle, self._notice)
        if (release := node.release_at()) is not None:
            self._timeline.at(max(now, release + _GUARD_LATE), partial(self._release, node))

    def readings(self, node: Node, begin: float, end: float) -> list[tuple[float, float]]:
        """The readings of a node that CloudWatch shows now."""
        now = self._timeline.now
        delay = self._faults.metric_delay(now, self._timeline.seed)
        return node.readings(begin, end, now - READING_SECONDS - delay)

    def put(self, record: str, item: dict[str, Any]) -> None:
        """Write an item of the table."""
        items = self.account.items.setdefault(self.group.name, {})
        items[record] = {Table.CLUSTER: self.group.name, Table.RECORD: record, **item}

    def report(self) -> None:
        """Write the reports that guards have written until now, and delete expired items."""
        now = self._timeline.now
        for node in self.nodes.values():
            if node.has_guard(now):
                expires = {Table.EXPIRE_AT: Decimal(int(now + 2 * DAY))}
                self.put(Table.NODE_PREFIX + node.name, node.report(now) | expires)
        if now > self._swept_at + DAY:
            self._swept_at = now
            items = self.account.items[self.group.name]
            for record in [each for each, item in items.items() if item.get(Table.EXPIRE_AT, math.inf) < now]:
                del items[record]

    def release_after_pause(self, node: Node) -> None:
        """Let the guard end the protection of a node after a job and a pause, if nothing else is active until then."""
        ended, pause = self._timeline.now, self.rules.pause_seconds

        def release() -> None:
            now = self._timeline.now
            is_quiet = node.activity(now) == Activity.IDLE and node.idle_since(now) <= ended + _EXIT_OF_JOB
            if node.instance.ended is None and node.has_guard(now) and is_quiet:
                node.instance.protected = False
                self.settle()
                self._announce(node)

        self._timeline.after(pause + _GUARD_LATE if pause else 0.0, release)

    def _notice(self) -> None:
        self.on_change()

    @property
    def _starts_together(self) -> bool:
        """True if no node is launched without capacity for all."""
        return self._experiment.gang and not self.nodes

    def _capacity_wait(self) -> float:
        purpose = f"capacity/{self.starts}"
        if self._experiment.nodes == 1 or self._timeline.rng(purpose).random() > _WAITS_FOR_CAPACITY:
            return 0.0
        return min(_LONGEST_WAIT, self._timeline.lognormal(f"{purpose}/wait", 25 * MINUTE, 0.8))

    def _launch(self) -> None:
        self._pending -= 1
        if len(self.nodes) >= self.group.desired:
            return
        now = self._timeline.now
        instance = self.account.launch(self.group, self._experiment.instance_type)
        faults = self._faults.of_node(now, self._timeline.rng(f"node/{next(self._launches)}"))
        node = Node(instance, now + self.boot, self.rules, faults)
        node.runs_before_idle = self.running_seconds()
        self.nodes[node.name] = node
        self.on_change()
        self._timeline.after(self.boot, partial(self._make_ready, node))
        for at in (faults.agent_dies, faults.guard_dies, faults.gpu_lost):
            self._timeline.at(max(at, node.ready), partial(self.show, node, "fault", None))

    def _make_ready(self, node: Node) -> None:
        if node.instance.ended is None:
            self.show(node, "boot", None)
            self.on_ready(node)

    def _release(self, node: Node) -> None:
        """The guard ends the protection of a node that has been idle for long."""
        now, at = self._timeline.now, node.release_at()
        if node.instance.ended is not None or at is None or at + _GUARD_LATE > now:
            return
        if node.has_guard(now) and node.activity(now) == Activity.IDLE:
            if node.instance.protected:
                node.instance.protected = False
                self.settle()
            self._announce(node)

    def _announce(self, node: Node) -> None:
        """The guard sends an event, once until the node is active again."""
        now = self._timeline.now
        is_idle = node.instance.ended is None and node.has_guard(now) and node.activity(now) == Activity.IDLE
        if is_idle and not node.announced:
            node.announced = True
            self.on_idle()

    def _values(self, metric: str, instance_id: str, begin: float, end: float) -> Iterable[tuple[float, float]]:
        node = self.nodes.get(instance_id)
        if node is None:
            return ()
        if metric == Metric.CPU_UTILISATION:
            return node.cpu_readings(begin, end, self._timeline.now - CPU_READING_SECONDS)
        return self.readings(node, begin, end)

    def _refuse(self, service: str, operation: str) -> None:  # noqa: ARG002
        share = self._faults.throttled_calls
        if share and self._timeline.rng(f"call/{next(self._calls)}").random() < share:
            raise throttled(operation)
