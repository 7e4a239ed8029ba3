"""The decision to stop a cluster or leave it running. Pure: no AWS calls, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING

from mlinfra.functions import clock
from mlinfra.functions.activity import Verdict
from mlinfra.functions.contract import SPEND_BOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.functions.activity import Evidence
    from mlinfra.functions.cost import Cost
    from mlinfra.functions.expiry import Expiry
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.records import Job
    from mlinfra.functions.rules import Rules


_MINUTE = timedelta(minutes=1)
_EXIT_OF_JOB = timedelta(minutes=3)
"""The time after the end of a job for which its node may still report activity: the job's process has to exit, and the
node reports once a minute."""


class Action(Enum):
    """The action on a cluster."""

    STOP = "stop"
    LEAVE = "leave"
    NOTHING = "nothing"
    """It is already stopped."""


class NotificationFrequency(Enum):
    """The frequency of the notification that a cluster was left running."""

    NEVER = "never"
    """Normal operation: it is only logged."""
    DAILY = "daily"
    HOURLY = "hourly"
    EVERY_RUN = "every run"


@dataclass(frozen=True)
class Decision:
    """An action, its reason, and for LEAVE the frequency of the notification."""

    action: Action
    reason: str
    frequency: NotificationFrequency = NotificationFrequency.NEVER
    is_forced: bool = False
    """For STOP: True if it is stopped even if it is busy, because it is above its bound."""
    terminate: frozenset[str] = field(default_factory=frozenset)
    """For STOP: the nodes that are terminated directly, although they may be protected from scale-in."""
    release: frozenset[str] = field(default_factory=frozenset)
    """For LEAVE: the idle nodes of a cluster with `gang=False`, which are terminated one by one."""

    def outcome(self, *, dry_run: bool) -> str:
        """The outcome once it is carried out: `stopped`, `would_stop`, `left` or `nothing`."""
        if self.action is Action.STOP:
            return "would_stop" if dry_run else "stopped"
        return "left" if self.action is Action.LEAVE else "nothing"


def decide(
    target: Target,
    *,
    rules: Rules,
    evidence: Evidence,
    expiry: Expiry,
    cost: Cost,
    now: datetime,
    jobs: Sequence[Job] = (),
    has_records: bool = True,
) -> Decision:
    """Decide about `target`.

    Up to its bound it is stopped only if it is known to be idle. Above its bound it is stopped in any case.

    Args:
        target: the cluster.
        rules: the rules in its tags.
        evidence: its activity.
        expiry: its expiry.
        cost: its cost so far.
        now: the time of the decision.
        jobs: its jobs, running or ended. Default: none.
        has_records: False if its records could not be read: they may contain an extension of its expiry, so that its
            bound in time is unknown. Default: True.
    """
    if target.is_stopped:
        return Decision(Action.NOTHING, "it is already stopped")
    if bound := _bound(rules, expiry if has_records else None, cost, now):
        # SetDesiredCapacity does not end protected nodes; TerminateInstances does.
        everything = frozenset(node.instance_id for node in target.nodes)
        return Decision(Action.STOP, bound, is_forced=True, terminate=everything)
    cause = _cause(rules, expiry, cost, now)
    if evidence.verdict is Verdict.EMPTY:
        return _without_nodes(target, cause)
    if cause is None and (ended := _after_job(target, evidence, jobs, rules, now)):
        return ended
    if evidence.verdict is Verdict.IDLE:
        return _idle(target, cause, evidence, rules, now, jobs)
    return _in_use(target, cause, evidence, rules)


def _after_job(target: Target, evidence: Evidence, jobs: Sequence[Job], rules: Rules, now: datetime) -> Decision | None:
    """The decision to stop a cluster whose last job has ended `pause_minutes` ago. None: it does not apply.

    It applies if no node has shown activity since the end of the job. Idleness of `idle_minutes` is not required, and
    `stop_when_idle=False` has no effect. After work that began after the job, only `idle_minutes` applies.

    Args:
        target: the cluster.
        evidence: its activity.
        jobs: its jobs.
        rules: the rules in its tags.
        now: the time of the decision.
    """
    last = max((job for job in jobs if job.ended_at is not None), key=lambda job: job.ended_at or 0.0, default=None)
    if target.is_draining or last is None or any(job.may_be_running(now) for job in jobs):
        return None
    ended = datetime.fromtimestamp(last.ended_at or 0.0, tz=timezone.utc)
    pause = rules.pause if last.keep_minutes is None else timedelta(minutes=last.keep_minutes)
    if (
        now - ended < pause
        or _kept(target, jobs, now)
        or any(node.launched is None or node.launched > ended for node in target.nodes)
    ):
        return None
    # The guard removes the protection of its node after the pause, if it is alive.
    guarded = {each.instance_id for each in evidence.nodes if each.is_guarded}
    quiet = {each.instance_id for each in evidence.nodes if each.quiet_for >= now - ended - _EXIT_OF_JOB}
    if not all(node.instance_id in quiet for node in target.nodes):
        return None
    return Decision(
        Action.STOP,
        f"its last job ended at {clock.written(ended)}, and no other began within {int(pause / _MINUTE)} minutes",
        terminate=frozenset(node.instance_id for node in target.nodes if node.protected) - guarded,
    )


def _kept(target: Target, jobs: Sequence[Job], now: datetime) -> str | None:
    """The reason why an ended job keeps an idle cluster, whose nodes it ran on. None: none does."""
    job = max(jobs, key=lambda each: each.kept_until, default=None)
    if job is None or target.is_draining or job.kept_until <= now.timestamp():
        return None
    ended = datetime.fromtimestamp(job.ended_at or 0.0, tz=timezone.utc)
    if all(node.launched is not None and node.launched > ended for node in target.nodes):
        return None
    until = datetime.fromtimestamp(job.kept_until, tz=timezone.utc)
    return f"job {job.name or job.job_id} has ended, and its keep_minutes keep the cluster until {clock.written(until)}"


def _bound(rules: Rules, expiry: Expiry | None, cost: Cost, now: datetime) -> str | None:
    """The reason to stop it even if it is busy. None: there is none."""
    if expiry is not None and expiry.at is not None and expiry.at + rules.expiry_grace <= now:
        hours = rules.expiry_grace / timedelta(hours=1)
        return f"it expired at {clock.written(expiry.at)}, more than its grace period of {hours:g} hours ago"
    limit = rules.spend_limit_usd
    if limit is not None and cost.usd_known > limit * SPEND_BOUND:
        return f"its cost of {cost.usd_known:.2f} USD exceeds {SPEND_BOUND:.0%} of its spend limit of {limit:.2f} USD"
    return None


def _cause(rules: Rules, expiry: Expiry, cost: Cost, now: datetime) -> str | None:
    """The cause to stop it that applies once it is idle: expiry or spend limit. None: there is none."""
    if expiry.at is not None and expiry.is_expired(now):
        return f"it expired at {clock.written(expiry.at)}"
    limit = rules.spend_limit_usd
    # The known part of a cost is enough: the whole is not smaller.
    if limit is not None and cost.usd_known > limit:
        return f"its cost of {cost.usd_known:.2f} USD exceeds its spend limit of {limit:.2f} USD"
    return None


def _without_nodes(target: Target, cause: str | None) -> Decision:
    """GPU capacity can take hours to become available; a cluster that waits for it is not idle."""
    if cause is None:
        return Decision(Action.LEAVE, "it is waiting for its nodes to launch")
    return Decision(Action.STOP, f"{cause}; it has no nodes and still requests {max(target.desired, target.minimum)}")


def _in_use(target: Target, cause: str | None, evidence: Evidence, rules: Rules) -> Decision:
    """The decision about a cluster that is or may be busy."""
    known = "it is busy" if evidence.verdict is Verdict.BUSY else "it may be busy"
    reason = f"{known}: {evidence.reason}"
    if evidence.silence and evidence.verdict is Verdict.BUSY:
        reason = f"{reason}. Unknown: {evidence.silence}"
    may_release = not rules.gang and (rules.stop_when_idle or cause) and not target.is_draining
    # The guard of a protected node removes the protection within a minute, if it is alive.
    guarded = {node.instance_id for node in target.nodes if node.protected} - evidence.unguarded
    release = evidence.idle_nodes - guarded if may_release else frozenset[str]()
    if cause:
        return Decision(Action.LEAVE, f"{cause}, but {reason}", NotificationFrequency.EVERY_RUN, release=release)
    is_unknown = evidence.verdict is Verdict.UNKNOWN and not evidence.is_temporary
    is_unusual = evidence.is_contradictory or is_unknown or evidence.silence is not None
    frequency = NotificationFrequency.DAILY if is_unusual else NotificationFrequency.NEVER
    return Decision(Action.LEAVE, reason, frequency, release=release)


def _idle(  # noqa: PLR0917  all that the decision depends on
    target: Target, cause: str | None, evidence: Evidence, rules: Rules, now: datetime, jobs: Sequence[Job]
) -> Decision:
    terminate = not_released(target, evidence)
    if target.is_draining:
        reason = f"its desired capacity is already 0, and {len(target.nodes)} of its nodes are still in the group"
        return Decision(Action.STOP, f"{reason}: {evidence.reason}", terminate=terminate)
    if cause:
        return Decision(Action.STOP, f"{cause}, and {evidence.reason}", terminate=terminate)
    if waiting := _kept(target, jobs, now) or _waits(target, rules, now):
        return Decision(Action.LEAVE, waiting)
    if rules.stop_when_idle:
        return Decision(Action.STOP, evidence.reason, terminate=terminate)
    return Decision(
        Action.LEAVE, f"{evidence.reason}, but its setting stop_when_idle is False", NotificationFrequency.DAILY
    )


def not_released(target: Target, evidence: Evidence) -> frozenset[str]:
    """The idle nodes that are terminated directly when the cluster is stopped: no guard removes their protection."""
    # The guards of a draining cluster had their time to remove it since the desired capacity was set to 0.
    return evidence.idle_nodes if target.is_draining else evidence.unguarded


def _waits(target: Target, rules: Rules, now: datetime) -> str | None:
    """The reason why an idle cluster waits for its missing nodes. None: it does not wait.

    It waits from the launch of its oldest node, and only for nodes that the group still requests.
    """
    launches = [node.launched for node in target.nodes if node.launched is not None]
    if target.kind != "group" or not rules.gang or len(target.nodes) >= target.desired or not launches:
        return None
    until = min(launches) + rules.wait_for_nodes
    if now >= until:
        return None
    return f"it waits for {target.desired - len(target.nodes)} of its {target.desired} nodes until {until:%H:%M} UTC"
