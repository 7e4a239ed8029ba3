"""Shutdown of a cluster by a function: reassess under a lease, stop, notify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions import clock, stopping
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.decision import Action, Decision, NotificationFrequency
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.fleet import DescribeFailedError, Target
from mlinfra.functions.notifications import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Records
    from mlinfra.functions.settings import Settings

    Assess: TypeAlias = Callable[[], tuple[Target, Decision] | None]
    """Assesses a cluster now. None: it no longer exists."""


class IncompleteRunError(Exception):
    """A target could not be read, or a notification was not delivered. Everything else was done."""


class Shutdown:
    """Stops clusters for one run of one function."""

    def __init__(
        self, clients: Clients, settings: Settings, records: Records, notifier: Notifier, now: datetime
    ) -> None:
        self._clients = clients
        self._settings = settings
        self._records = records
        self._notifier = notifier
        self._deduplication = Deduplication(records, notifier)
        self._now = now

    def process(self, cluster: str, occasion: str, assess: Assess) -> dict[str, str]:
        """Assess one cluster, carry out the decision, and notify.

        Args:
            cluster: its name.
            occasion: the trigger, as a clause.
            assess: assesses the cluster now.

        Returns:
            The cluster, the decision and the reason, as JSON values.

        Raises:
            DescribeFailedError: if the state of the cluster or its jobs could not be read. It is left running, a
                notification is sent, and Lambda delivers the event again.
            IncompleteRunError: at the end, if a notification was not delivered.
        """
        try:
            seen = assess()
        except (DescribeFailedError, *FAILURES) as error:
            reason = f"{occasion}, but the state of the cluster could not be read: {error_code(error)}: {error}"
            self.notify_left_running(
                Target(cluster, "group"), Decision(Action.LEAVE, reason, NotificationFrequency.EVERY_RUN)
            )
            raise DescribeFailedError(reason) from error
        if seen is None:
            decision = Decision(Action.NOTHING, "the auto scaling group does not exist")
        else:
            target, decision = seen
            if decision.action is Action.STOP:
                decision = self.stop(target, decision, assess)
            if decision.action is Action.LEAVE:
                self.notify_left_running(target, decision)
        outcome = {
            "cluster": cluster,
            "decision": decision.outcome(dry_run=self._settings.dry_run),
            "reason": decision.reason,
        }
        self._notifier.log("Done", **outcome)
        if self._notifier.undelivered:
            raise IncompleteRunError("; ".join(self._notifier.undelivered))
        return outcome

    def stop(self, target: Target, decision: Decision, again: Assess) -> Decision:
        """Stop `target`, unless another run is stopping it or the decision has changed.

        Args:
            target: the cluster.
            decision: the decision to stop it.
            again: reassesses the cluster. None: it no longer exists.

        Returns:
            The final decision: STOP if it was stopped or, in a dry run, would have been.
        """
        if self._settings.dry_run:
            self._notify_stopped(target, decision, stopping.plan(target, self._now, self._settings.grace))
            return decision
        try:
            with self._records.lease(target.name, clock.now()) as mine:
                if not mine:
                    return Decision(Action.LEAVE, "another run is stopping it")
                return self._stop_unless_changed(again)
        except (DescribeFailedError, *FAILURES) as error:
            reason = f"{decision.reason}, but it could not be stopped: {error_code(error)}: {error}"
            return Decision(Action.LEAVE, reason, NotificationFrequency.EVERY_RUN)

    def _stop_unless_changed(self, again: Assess) -> Decision:
        seen = again()
        if seen is None:
            return Decision(Action.NOTHING, "it no longer exists")
        target, decision = seen
        if decision.action is not Action.STOP:
            return decision
        count_cost(self._records, target, clock.now())
        stopped = stopping.stop(self._clients, target, self._now, self._settings.grace)
        self._notify_stopped(target, decision, stopped)
        try:
            self._records.note_stopped(target.name, decision.reason, self._now)
        except FAILURES as error:
            # The cluster is stopped. An instance without this record is kept and never terminated.
            self._notifier.log("Not Remembered", cluster=target.name, why=error_code(error))
        return decision

    def _notify_stopped(self, target: Target, decision: Decision, stopped: stopping.Stopped) -> None:
        self._notifier.notify(
            Event.DRY_RUN if self._settings.dry_run else Event.CLUSTER_STOPPED,
            cluster=target.name,
            tags=target.tags,
            what="would be stopped" if self._settings.dry_run else "stopped",
            why=decision.reason,
            action=f"To start it again: {_start(target)}",
            usd_saved=stopped.usd_saved,
            kind=target.kind,
            nodes=[node.instance_id for node in stopped.nodes],
            staying=[node.instance_id for node in stopped.staying],
            volumes=list(stopped.volumes),
            delete_after=clock.written(stopped.delete_after) if stopped.delete_after else None,
        )

    def notify_left_running(self, target: Target, decision: Decision) -> None:
        """Log and notify that `target` was left running, as frequently as `decision` requires."""
        once_a_day = decision.frequency is NotificationFrequency.DAILY
        self._notifier.log("Assessed", cluster=target.name, decision=decision.action.value, why=decision.reason)
        if decision.frequency is NotificationFrequency.NEVER or (
            once_a_day and not self.claim(target, "left", self._today)
        ):
            return
        told = self._notifier.notify(
            Event.CLUSTER_LEFT,
            cluster=target.name,
            tags=target.tags,
            what="left running",
            why=decision.reason,
            action=f"To stop it: {_stop(target)}",
            kind=target.kind,
            nodes=[node.instance_id for node in target.nodes],
        )
        if once_a_day and not told:
            self.release(target, "left", self._today)

    def claim(self, target: Target, about: str, what: str) -> bool:
        """Claim a notification for this run; see `Deduplication.claim`. True in a dry run, which stores nothing."""
        return self._settings.dry_run or self._deduplication.claim(target.name, about, what)

    def release(self, target: Target, about: str, what: str) -> None:
        """Undo a claim after a failed delivery."""
        if not self._settings.dry_run:
            self._deduplication.release(target.name, about, what)

    @property
    def _today(self) -> str:
        return self._now.date().isoformat()


def _start(target: Target) -> str:
    if target.kind == "instance":
        return f"aws ec2 start-instances --instance-ids {target.name}"
    return command("start", target.tags)


def _stop(target: Target) -> str:
    if target.kind == "instance":
        return f"aws ec2 stop-instances --instance-ids {target.name}"
    return f"{command('stop', target.tags)} (with --force if it is busy, which ends its jobs)"


def refusal(target: Target, prefix: str) -> Decision | None:
    """The reason why a group named by an event must not be changed. None: it may be.

    Args:
        target: the group.
        prefix: the name prefix of the environment's clusters. An empty prefix matches none.
    """
    if not prefix or not target.name.startswith(prefix):
        return Decision(
            Action.LEAVE, f"its name does not begin with {prefix!r}, the prefix of this environment's clusters"
        )
    if not target.may_be_stopped:
        return Decision(Action.LEAVE, f"its tag {Tag.AUTO_STOP} is not true")
    return None
