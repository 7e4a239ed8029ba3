"""What is to be done with a cluster, given all that is known of it. No call to AWS, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mlinfra.functions import clock
from mlinfra.functions.busy import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.functions.busy import Evidence
    from mlinfra.functions.cost import Cost
    from mlinfra.functions.expiry import Expiry
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.rules import Rules


class Action(Enum):
    """What is to be done."""

    STOP = "stop"
    LEAVE = "leave"
    NOTHING = "nothing"
    """Nothing of it runs."""


class Telling(Enum):
    """How often somebody hears that a cluster was left running."""

    NEVER = "never"
    """All is well. The log has it."""
    DAILY = "daily"
    EVERY_RUN = "every run"


@dataclass(frozen=True)
class Decision:
    """What is to be done, why, and how often to say so where it is to be left."""

    action: Action
    reason: str
    telling: Telling = Telling.NEVER

    def outcome(self, *, dry_run: bool) -> str:
        """What was done where it is carried out: `stopped`, `would_stop`, `left` or `nothing`."""
        if self.action is Action.STOP:
            return "would_stop" if dry_run else "stopped"
        return "left" if self.action is Action.LEAVE else "nothing"


def decide(target: Target, *, rules: Rules, evidence: Evidence, expiry: Expiry, cost: Cost, now: datetime) -> Decision:
    """What is to be done with `target`. It is stopped for a cause, and only where it is known that it does not work.

    Args:
        target: the cluster.
        rules: what its tags say.
        evidence: whether it works.
        expiry: when it expires.
        cost: what it has cost so far.
        now: the moment that the decision is made for.
    """
    if target.is_stopped:
        return Decision(Action.NOTHING, "nothing of it runs")
    cause = _cause(rules, expiry, cost, now)
    if evidence.verdict is Verdict.EMPTY:
        return _without_nodes(target, cause)
    if evidence.verdict is Verdict.IDLE:
        return _idle(target, cause, evidence, stop_when_idle=rules.stop_when_idle)
    known = "it works" if evidence.verdict is Verdict.BUSY else "it may work"
    reason = f"{known}: {evidence.reason}"
    if cause:
        return Decision(Action.LEAVE, f"{cause}, but {reason}", Telling.EVERY_RUN)
    worth_telling = evidence.is_odd or evidence.verdict is Verdict.UNKNOWN
    return Decision(Action.LEAVE, reason, Telling.DAILY if worth_telling else Telling.NEVER)


def _cause(rules: Rules, expiry: Expiry, cost: Cost, now: datetime) -> str | None:
    """Why it has to end, whether it works or not; None: it may go on."""
    if expiry.at is not None and expiry.has_come(now):
        return f"it expired at {clock.written(expiry.at)}"
    limit = rules.spend_limit_usd
    if limit is not None and cost.usd is not None and cost.usd > limit:
        return f"it has cost {cost.usd:.2f} USD, and its limit is {limit:.2f} USD"
    return None


def _without_nodes(target: Target, cause: str | None) -> Decision:
    """GPU capacity can take hours to come; what waits for it is not idle."""
    if cause is None:
        return Decision(Action.LEAVE, "it waits for its nodes")
    return Decision(Action.STOP, f"{cause}; it has no nodes and asks for {max(target.desired, target.minimum)}")


def _idle(target: Target, cause: str | None, evidence: Evidence, *, stop_when_idle: bool) -> Decision:
    if target.is_leaving:
        reason = f"its size is zero already, and {len(target.nodes)} of its nodes have not left yet"
        return Decision(Action.LEAVE, reason, Telling.DAILY)
    if cause:
        return Decision(Action.STOP, f"{cause}, and {evidence.reason}")
    if stop_when_idle:
        return Decision(Action.STOP, evidence.reason)
    return Decision(Action.LEAVE, f"{evidence.reason}, but it is not to be stopped for that", Telling.DAILY)
