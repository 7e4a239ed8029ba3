"""The decision to stop a cluster or leave it running. Pure: no AWS calls, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mlinfra.functions import clock
from mlinfra.functions.activity import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.functions.activity import Evidence
    from mlinfra.functions.cost import Cost
    from mlinfra.functions.expiry import Expiry
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.rules import Rules


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
    EVERY_RUN = "every run"


@dataclass(frozen=True)
class Decision:
    """An action, its reason, and for LEAVE the frequency of the notification."""

    action: Action
    reason: str
    frequency: NotificationFrequency = NotificationFrequency.NEVER

    def outcome(self, *, dry_run: bool) -> str:
        """The outcome once it is carried out: `stopped`, `would_stop`, `left` or `nothing`."""
        if self.action is Action.STOP:
            return "would_stop" if dry_run else "stopped"
        return "left" if self.action is Action.LEAVE else "nothing"


def decide(target: Target, *, rules: Rules, evidence: Evidence, expiry: Expiry, cost: Cost, now: datetime) -> Decision:
    """Decide about `target`. It is stopped only for a cause, and only if it is known to be idle.

    Args:
        target: the cluster.
        rules: the rules in its tags.
        evidence: its activity.
        expiry: its expiry.
        cost: its cost so far.
        now: the time of the decision.
    """
    if target.is_stopped:
        return Decision(Action.NOTHING, "it is already stopped")
    cause = _cause(rules, expiry, cost, now)
    if evidence.verdict is Verdict.EMPTY:
        return _without_nodes(target, cause)
    if evidence.verdict is Verdict.IDLE:
        return _idle(target, cause, evidence, stop_when_idle=rules.stop_when_idle)
    known = "it is busy" if evidence.verdict is Verdict.BUSY else "it may be busy"
    reason = f"{known}: {evidence.reason}"
    if cause:
        return Decision(Action.LEAVE, f"{cause}, but {reason}", NotificationFrequency.EVERY_RUN)
    is_unusual = evidence.is_contradictory or evidence.verdict is Verdict.UNKNOWN
    return Decision(Action.LEAVE, reason, NotificationFrequency.DAILY if is_unusual else NotificationFrequency.NEVER)


def _cause(rules: Rules, expiry: Expiry, cost: Cost, now: datetime) -> str | None:
    """The cause to stop it that applies whether or not it is idle: expiry or spend limit. None: there is none."""
    if expiry.at is not None and expiry.is_expired(now):
        return f"it expired at {clock.written(expiry.at)}"
    limit = rules.spend_limit_usd
    if limit is not None and cost.usd is not None and cost.usd > limit:
        return f"its cost of {cost.usd:.2f} USD exceeds its spend limit of {limit:.2f} USD"
    return None


def _without_nodes(target: Target, cause: str | None) -> Decision:
    """GPU capacity can take hours to become available; a cluster that waits for it is not idle."""
    if cause is None:
        return Decision(Action.LEAVE, "it is waiting for its nodes to launch")
    return Decision(Action.STOP, f"{cause}; it has no nodes and still requests {max(target.desired, target.minimum)}")


def _idle(target: Target, cause: str | None, evidence: Evidence, *, stop_when_idle: bool) -> Decision:
    if target.is_draining:
        reason = f"its desired capacity is already 0, and {len(target.nodes)} of its nodes are still in the group"
        return Decision(Action.LEAVE, reason, NotificationFrequency.DAILY)
    if cause:
        return Decision(Action.STOP, f"{cause}, and {evidence.reason}")
    if stop_when_idle:
        return Decision(Action.STOP, evidence.reason)
    return Decision(
        Action.LEAVE, f"{evidence.reason}, but its setting stop_when_idle is False", NotificationFrequency.DAILY
    )
