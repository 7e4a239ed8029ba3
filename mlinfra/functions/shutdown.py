"""Stop a cluster that is to be stopped, after one more look, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions import clock, stopping
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.decision import Action, Decision, Telling
from mlinfra.functions.fleet import LookFailedError, Target
from mlinfra.functions.once import Once

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.records import Records
    from mlinfra.functions.settings import Settings
    from mlinfra.functions.telling import Teller

    Looking: TypeAlias = Callable[[], tuple[Target, Decision] | None]
    """Looks at a cluster now, and says what is to be done with it; None: it is gone."""


class IncompleteRunError(Exception):
    """Something could not even be looked at, or somebody could not be told. The rest was done."""


class Shutdown:
    """Stops clusters for one run of one function."""

    def __init__(self, clients: Clients, settings: Settings, records: Records, teller: Teller, now: datetime) -> None:
        self._clients = clients
        self._settings = settings
        self._records = records
        self._teller = teller
        self._once = Once(records, teller)
        self._now = now

    def of_one(self, cluster: str, occasion: str, look: Looking) -> dict[str, str]:
        """Do what is to be done with one cluster, and say so.

        Args:
            cluster: its name.
            occasion: what made somebody look, as a clause.
            look: looks at it.

        Returns:
            The cluster, what was done with it, and why. JSON takes it.

        Raises:
            LookFailedError: where AWS did not say what the cluster is like, or what runs on it. It is left, and
                that is told. Lambda then delivers the event again.
            IncompleteRunError: at the end, where somebody could not be told what was done.
        """
        try:
            seen = look()
        except (LookFailedError, *FAILURES) as error:
            reason = f"{occasion}, but it could not be looked at: {error_code(error)}: {error}"
            self.tell_left(Target(cluster, "group"), Decision(Action.LEAVE, reason, Telling.EVERY_RUN))
            raise LookFailedError(reason) from error
        if seen is None:
            decision = Decision(Action.NOTHING, "there is no such group")
        else:
            target, decision = seen
            if decision.action is Action.STOP:
                decision = self.stop(target, decision, look)
            if decision.action is Action.LEAVE:
                self.tell_left(target, decision)
        outcome = {
            "cluster": cluster,
            "decision": decision.outcome(dry_run=self._settings.dry_run),
            "reason": decision.reason,
        }
        self._teller.log("Done", **outcome)
        if self._teller.undelivered:
            raise IncompleteRunError("; ".join(self._teller.undelivered))
        return outcome

    def stop(self, target: Target, decision: Decision, again: Looking) -> Decision:
        """Stop `target`, unless it is another's turn or not to be stopped any more.

        Args:
            target: the cluster.
            decision: why it is to be stopped.
            again: looks at the cluster once more; None: it is gone.

        Returns:
            What was done: STOP where it was stopped or, in a dry run, would have been.
        """
        if self._settings.dry_run:
            self._tell_stopped(target, decision, stopping.plan(target, self._now, self._settings.grace))
            return decision
        try:
            with self._records.lease(target.name, clock.now()) as mine:
                if not mine:
                    return Decision(Action.LEAVE, "another run is stopping it")
                return self._stop_unless_changed(again)
        except (LookFailedError, *FAILURES) as error:
            reason = f"{decision.reason}, but it could not be stopped: {error_code(error)}: {error}"
            return Decision(Action.LEAVE, reason, Telling.EVERY_RUN)

    def _stop_unless_changed(self, again: Looking) -> Decision:
        seen = again()
        if seen is None:
            return Decision(Action.NOTHING, "it is gone")
        target, decision = seen
        if decision.action is not Action.STOP:
            return decision
        stopped = stopping.stop(self._clients, target, self._now, self._settings.grace)
        self._tell_stopped(target, decision, stopped)
        try:
            self._records.note_stopped(target.name, decision.reason, self._now)
        except FAILURES as error:  # It is stopped all the same. An instance is then kept and not terminated.
            self._teller.log("Not Remembered", cluster=target.name, why=error_code(error))
        return decision

    def _tell_stopped(self, target: Target, decision: Decision, stopped: stopping.Stopped) -> None:
        self._teller.tell(
            Event.DRY_RUN if self._settings.dry_run else Event.CLUSTER_STOPPED,
            cluster=target.name,
            tags=target.tags,
            what="would be stopped" if self._settings.dry_run else "stopped",
            why=decision.reason,
            usd_saved=stopped.usd_saved,
            kind=target.kind,
            nodes=[node.instance_id for node in stopped.nodes],
            staying=[node.instance_id for node in stopped.staying],
            volumes=list(stopped.volumes),
            delete_after=clock.written(stopped.delete_after) if stopped.delete_after else None,
        )

    def tell_left(self, target: Target, decision: Decision) -> None:
        """Say that `target` was left running, as often as `decision` wants it said."""
        once_a_day = decision.telling is Telling.DAILY
        self._teller.log("Looked", cluster=target.name, decision=decision.action.value, why=decision.reason)
        if decision.telling is Telling.NEVER or (once_a_day and not self.first_time(target, "left", self._today)):
            return
        told = self._teller.tell(
            Event.CLUSTER_LEFT,
            cluster=target.name,
            tags=target.tags,
            what="left running",
            why=decision.reason,
            kind=target.kind,
            nodes=[node.instance_id for node in target.nodes],
        )
        if once_a_day and not told:
            self.take_back(target, "left", self._today)

    def first_time(self, target: Target, about: str, what: str) -> bool:
        """Whether `what` is to be told about `target` by this run. A dry run remembers nothing."""
        return self._settings.dry_run or self._once.first_time(target.name, about, what)

    def take_back(self, target: Target, about: str, what: str) -> None:
        """Let the next run tell again what reached nobody."""
        if not self._settings.dry_run:
            self._once.take_back(target.name, about, what)

    @property
    def _today(self) -> str:
        return self._now.date().isoformat()


def refusal(target: Target, prefix: str) -> Decision | None:
    """Why a group that an event names is not to be touched; None: it may be.

    Args:
        target: the group.
        prefix: what the names of the environment's clusters begin with. An empty one is the beginning of none.
    """
    if not prefix or not target.name.startswith(prefix):
        return Decision(Action.LEAVE, f"it is no cluster of this environment, whose names begin with {prefix!r}")
    if not target.may_be_stopped:
        return Decision(Action.LEAVE, f"its tag {Tag.AUTO_STOP} is not true")
    return None
