"""The layers that stop a replayed cluster: when its functions are invoked, and which invocations are skipped.

The look and the janitor run at each of their times, except while they can conclude nothing new. While every source of
evidence shows activity (a fresh heartbeat, or both the guard's report and CloudWatch), only one look in `_STRIDE` runs:
one more minute of the same activity cannot make a cluster idle. No look runs in the minutes after such activity in
which no rule allows a stop yet. After `_DENSE` without any change, one look an hour runs. The janitor is skipped where
a look has just applied the same rules. `every_look` skips none; a test compares both.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from benchmarks.idle.handlers import RETRY_SECONDS, Handlers
from benchmarks.idle.workload import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.idle.cluster import Cluster
    from benchmarks.idle.environments import Setting
    from benchmarks.idle.faults import Faults
    from benchmarks.idle.timeline import Timeline

_LOOK: Final = 5 * MINUTE
_STRIDE: Final = 6 * HOUR
_DENSE: Final = 6 * HOUR
_EVENT_DELAY: Final = 2.0
"""The seconds from an event to the invocation by EventBridge."""
_AROUND_EXPIRY: Final = (-DAY, -HOUR, 0.0, DAY)
"""The times around an expiry at which a decision may change."""


class Layers:
    """The functions and schedules of one environment, for one cluster."""

    def __init__(
        self,
        setting: Setting,
        cluster: Cluster,
        *,
        gang: bool,
        timeline: Timeline,
        faults: Faults,
        every_look: bool,
        refresh: Callable[[], None],
        invoked: Callable[[str], None],
    ) -> None:
        """Layers that wait for a first change.

        Args:
            setting: the environment.
            cluster: the cluster.
            gang: False if nodes may leave one by one.
            timeline: the timeline.
            faults: the faults to inject.
            every_look: True to skip no look.
            refresh: called before each invocation: writes what nodes and jobs have written until now.
            invoked: called after each invocation with the reason of its decision.
        """
        self.handlers = Handlers(setting, cluster.account)
        self._setting = setting
        self._cluster = cluster
        self._gang = gang
        self._timeline = timeline
        self._faults = faults
        self._every_look = every_look
        self._refresh = refresh
        self._invoked = invoked
        self._expires = math.inf
        self._look_at: float | None = None
        self._changed_at = timeline.now
        self._janitor_hour = -1.0
        self._in_alarm = False
        self._nodes_idle = 0

    def begin(self, expires: float) -> None:
        """Begin with quiet hours and the expiry of the experiment."""
        self._plan_quiet_hours()
        self.expires(expires)

    def arm(self) -> None:
        """Skip no look for some time: something has changed."""
        self._changed_at = self._timeline.now
        self._plan_look(_LOOK)

    def expires(self, at: float) -> None:
        """Watch an expiry."""
        self._expires = at
        for offset in _AROUND_EXPIRY:
            self._timeline.at(at + offset, self.arm)

    def job_ended(self, job_id: str) -> None:
        """Deliver the event of the end of a job, unless it is lost."""
        ended, name = self._timeline.now, self._cluster.group.name
        if not self._loses(f"end/{job_id}"):
            self._deliver(lambda: self.handlers.job_ended(name, job_id, ended), after=_EVENT_DELAY)

    def node_idle(self) -> None:
        """Deliver the event of a guard whose node need not run any more, unless it is lost."""
        self._nodes_idle += 1
        if not self._loses(f"idle/{self._nodes_idle}"):
            name = self._cluster.group.name
            self._deliver(lambda: self.handlers.node_idle(name), after=_EVENT_DELAY)

    def _plan_look(self, seconds: float) -> None:
        now = self._timeline.now
        at = math.floor((now + seconds) / _LOOK) * _LOOK
        if self._look_at is None or at < self._look_at or self._look_at <= now:
            self._look_at = at
            self._timeline.at(at, lambda: self._look(at))

    def _look(self, at: float) -> None:
        if self._look_at != at:
            return
        self._look_at = None
        if self._cluster.is_off:
            return
        self._check_alarm()
        if self._was_active_lately():
            self._plan_look(_LOOK)
            return
        looks = not self._loses(f"look/{at}")
        if looks:
            self._deliver(self.handlers.look)
        hour = at // HOUR
        if hour > self._janitor_hour:
            self._janitor_hour = hour
            # Of two functions that AWS throttles at random, one can succeed where the other fails.
            skips = looks and not (self._every_look or self._faults.throttled_calls)
            if not skips and not self._loses(f"janitor/{hour}"):
                self._deliver(self.handlers.janitor)
        if not self._cluster.is_off:
            self._plan_look(self._pause())

    def _was_active_lately(self) -> bool:
        """True if no rule allows a stop yet, because all evidence has shown activity a moment ago."""
        now, rules = self._timeline.now, self._cluster.rules
        if self._every_look or self._is_near_expiry(now) or not self._cluster.nodes:
            return False
        least = min(rules.vacant_seconds, rules.pause_seconds, rules.idle_seconds)
        lately = [now - node.evident_at(now) < least for node in self._cluster.nodes.values()]
        return any(lately) if self._gang else all(lately)

    def _is_near_expiry(self, now: float) -> bool:
        return abs(now - self._expires) < DAY + 3 * HOUR

    def _pause(self) -> float:
        """The time until the next look that is not skipped."""
        if self._every_look:
            return _LOOK
        now = self._timeline.now
        active = [node.is_evidently_active(now) for node in self._cluster.nodes.values()]
        unchanged = now - self._changed_at
        if active and (any(active) if self._gang else all(active)) and unchanged >= _LOOK:
            return HOUR if self._is_near_expiry(now) or self._faults.throttled_calls else _STRIDE
        return HOUR if unchanged > _DENSE else _LOOK

    def _check_alarm(self) -> None:
        """The idle alarm: the highest utilization of all nodes, in periods of 5 minutes, all of which have data."""
        now = self._timeline.now
        end = now - now % _LOOK - _LOOK
        periods = int(self._cluster.rules.idle_seconds // _LOOK)
        in_alarm = all(self._is_idle_period(end - index * _LOOK) for index in range(periods))
        if in_alarm and not self._in_alarm and not self._loses(f"alarm/{now}"):
            self._deliver(lambda: self.handlers.alarm(self._cluster.group.name))
        self._in_alarm = in_alarm

    def _is_idle_period(self, begin: float) -> bool:
        nodes = self._cluster.nodes.values()
        values = [value for node in nodes for _, value in self._cluster.readings(node, begin, begin + _LOOK)]
        return bool(values) and max(values) < self._cluster.rules.idle_percent

    def _deliver(
        self, invoke: Callable[[], bool], *, after: float = 0.0, retries: tuple[int, ...] = RETRY_SECONDS
    ) -> None:
        """Invoke a function now or later, and again if it fails."""

        def attempt() -> None:
            self._refresh()
            succeeded = invoke()
            self._invoked(self.handlers.reason)
            if not succeeded and retries:
                self._deliver(invoke, after=retries[0], retries=retries[1:])

        if after:
            self._timeline.after(after, attempt)
        else:
            attempt()

    def _loses(self, event: str) -> bool:
        share = self._faults.lost_events
        return bool(share) and self._timeline.rng(f"lost/{event}").random() < share

    def _plan_quiet_hours(self) -> None:
        at = self._setting.next_quiet_hours(self._timeline.now)
        if at is not None:
            self._timeline.at(at, self._begin_quiet_hours)

    def _begin_quiet_hours(self) -> None:
        self._cluster.empty()
        self._plan_quiet_hours()
