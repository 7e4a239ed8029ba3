"""Shutdown of a cluster by a function: reassess under a lease, stop, notify."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from mlinfra.functions import clock, stopping
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.counting import counted
from mlinfra.functions.decision import Action, Decision, NotificationFrequency
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.fleet import DescribeFailedError, Target
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.remedies import start_command, stop_command
from mlinfra.functions.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Memory, Records
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
            planned = stopping.plan(target, self._now, self._settings.grace, terminate=decision.terminate)
            self._notify_stopped(target, decision, planned)
            return decision
        try:
            with self._records.lease(target.name, clock.now()) as mine:
                if not mine:
                    return Decision(Action.LEAVE, "another run is stopping it")
                return self._stop_unless_changed(target, again)
        except (DescribeFailedError, *FAILURES) as error:
            reason = f"{decision.reason}, but it could not be stopped: {error_code(error)}: {error}"
            return Decision(Action.LEAVE, reason, NotificationFrequency.EVERY_RUN)

    def _stop_unless_changed(self, before: Target, again: Assess) -> Decision:
        seen = again()
        if seen is None:
            return Decision(Action.NOTHING, "it no longer exists")
        target, decision = seen
        if decision.action is not Action.STOP:
            return decision
        protected = {node.instance_id for node in before.nodes if node.protected}
        new = [each.instance_id for each in target.nodes if each.protected and each.instance_id not in protected]
        if new and not decision.is_forced:
            # A guard that protects its node is alive, even if its reports do not arrive.
            return Decision(Action.LEAVE, f"{', '.join(new)} became protected from scale-in during the check")
        count_cost(self._records, target, clock.now())
        stopped = stopping.stop(self._clients, target, self._now, self._settings.grace, terminate=decision.terminate)
        self._notify_stopped(target, decision, stopped)
        try:
            self._records.note_stopped(target.name, decision.reason, self._now)
        except FAILURES as error:
            # The cluster is stopped. An instance without this record is kept and never terminated.
            self._notifier.log("Not Remembered", cluster=target.name, why=error_code(error))
        return decision

    def release_nodes(self, target: Target, decision: Decision, again: Assess) -> Decision:
        """Terminate the idle nodes in `decision.release`, unless they are no longer idle. See `stop`.

        A protected node with a live guard is left to the guard, which removes the protection within a minute, and to
        the next look.

        Returns:
            The final decision.
        """
        if self._settings.dry_run or not decision.release:
            return decision
        try:
            with self._records.lease(target.name, clock.now()) as mine:
                seen = again() if mine else None
                if seen is None:
                    return decision
                target, decision = seen
                if decision.action is not Action.LEAVE or not decision.release:
                    return decision
                released = stopping.release(self._clients, target, decision.release, self._now, self._settings.grace)
        except (DescribeFailedError, *FAILURES) as error:
            reason = f"{decision.reason}, but its idle nodes could not be terminated: {error_code(error)}: {error}"
            return Decision(Action.LEAVE, reason, NotificationFrequency.HOURLY)
        if released.nodes:
            self._notify_released(target, released)
        return decision

    def _notify_released(self, target: Target, released: stopping.Stopped) -> None:
        ids = [node.instance_id for node in released.nodes]
        left = len(target.nodes) - len(ids)
        self._notifier.notify(
            Event.NODE_RELEASED,
            cluster=target.name,
            tags=target.tags,
            what=f"{counted(len(ids), 'idle node')} terminated",
            why=f"{', '.join(ids)} had no activity, and the experiment sets gang=False; {left} of its nodes are left",
            action=f"To request all nodes again: {start_command(target, self._clients.region)}. To keep idle nodes "
            f"while others work, set gang=True for its experiment, and deploy.",
            usd_saved=released.usd_saved,
            kind=target.kind,
            nodes=ids,
            volumes=list(released.volumes),
            delete_after=clock.written(released.delete_after) if released.delete_after else None,
        )

    def notify_hung(self, target: Target, memory: Memory, now: datetime) -> None:
        """Notify the owner about each hung job, and hung compute processes without a job, once for each hang."""
        rules = Rules.of(target.tags)
        idle_minutes = int((rules.idle_for or timedelta(0)) / timedelta(minutes=1))
        stalled_minutes = int(rules.stalled_for / timedelta(minutes=1))
        waits = (
            f"for {stalled_minutes} minutes, the GPUs in use have drawn little power, and there was no other sign of "
            f"work, as in a job that waits for a lost process"
        )
        for run_id, since in memory.hung_since(now).items():
            reports = any(job.reports_progress for job in memory.jobs if job.run_id == run_id)
            name = next((job.name for job in memory.jobs if job.run_id == run_id and job.name), run_id)
            about, what = f"hung_{run_id}", clock.written(datetime.fromtimestamp(since, tz=timezone.utc))
            if not self.claim(target, about, what):
                continue
            why = f"it has reported no progress for its progress_timeout, which ended at {what}" if reports else waits
            told = self._notifier.notify(
                Event.JOB_HUNG,
                cluster=target.name,
                tags=target.tags,
                what=f"job {name} is hung",
                why=f"{why}. Its heartbeats no longer keep the cluster running. If it "
                f"{'reports no progress' if reports else 'shows no work'} for {idle_minutes} minutes more, its nodes "
                f"count as idle",
                action="To keep it, call job.progress() from the training loop. The stacks of its processes are in its "
                f"log, if py-spy is installed. To end it now: {stop_command(target, self._clients.region, force=True)}",
                kind=target.kind,
                job_id=run_id,
            )
            if not told:
                self.release(target, about, what)
        self._notify_hung_nodes(target, memory, now, f"{waits}. After {idle_minutes} minutes more they count as idle")

    def _notify_hung_nodes(self, target: Target, memory: Memory, now: datetime, why: str) -> None:
        """Notify the owner about nodes with hung compute processes and without a reported job."""
        occupied = {job.instance_id for job in memory.jobs if job.may_be_running(now)}
        if None in occupied:
            return
        claims: dict[str, str] = {}
        for node in target.nodes:
            hung_at = memory.node_hung_at(node.instance_id, now)
            if hung_at is not None and node.instance_id not in occupied:
                about, since = f"hung_{node.instance_id}", clock.written(hung_at)
                if self.claim(target, about, since):
                    claims[node.instance_id] = since
        if not claims:
            return
        told = self._notifier.notify(
            Event.JOB_HUNG,
            cluster=target.name,
            tags=target.tags,
            what=f"compute processes on {', '.join(claims)} are hung",
            why=why,
            action="To keep them, run them with mlinfra.job and call job.progress(). Their stacks are in "
            "/var/log/mlinfra-guard.log of the node, if py-spy is installed. To end them now: "
            f"{stop_command(target, self._clients.region, force=True)}",
            kind=target.kind,
            nodes=list(claims),
        )
        if not told:
            for instance_id, since in claims.items():
                self.release(target, f"hung_{instance_id}", since)

    def _notify_stopped(self, target: Target, decision: Decision, stopped: stopping.Stopped) -> None:
        self._notifier.notify(
            Event.DRY_RUN if self._settings.dry_run else Event.CLUSTER_STOPPED,
            cluster=target.name,
            tags=target.tags,
            what="would be stopped" if self._settings.dry_run else "stopped",
            why=decision.reason,
            action=f"To start it again: {start_command(target, self._clients.region)}",
            usd_saved=stopped.usd_saved,
            kind=target.kind,
            nodes=[node.instance_id for node in stopped.nodes],
            staying=[node.instance_id for node in stopped.staying],
            volumes=list(stopped.volumes),
            delete_after=clock.written(stopped.delete_after) if stopped.delete_after else None,
        )

    def notify_left_running(self, target: Target, decision: Decision) -> None:
        """Log and notify that `target` was left running, as frequently as `decision` requires."""
        about, period = {
            NotificationFrequency.DAILY: ("left", self._today),
            NotificationFrequency.HOURLY: ("left_hourly", f"{self._now:%Y-%m-%dT%H}"),
        }.get(decision.frequency, ("", None))
        self._notifier.log("Assessed", cluster=target.name, decision=decision.action.value, why=decision.reason)
        if decision.frequency is NotificationFrequency.NEVER or (
            period is not None and not self.claim(target, about, period)
        ):
            return
        told = self._notifier.notify(
            Event.CLUSTER_LEFT,
            cluster=target.name,
            tags=target.tags,
            what="left running",
            why=decision.reason,
            action=f"To stop it: {stop_command(target, self._clients.region)}",
            kind=target.kind,
            nodes=[node.instance_id for node in target.nodes],
        )
        if period is not None and not told:
            self.release(target, about, period)

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


def refusal(target: Target, settings: Settings) -> Decision | None:
    """The reason why a group named by an event must not be changed. None: it may be.

    The prefix `recsys-dev-` is also that of the clusters of an environment `dev-eu`, which the tags tell apart.

    Args:
        target: the group.
        settings: the settings of the run. An empty prefix matches no group.
    """
    prefix = settings.prefix
    if not prefix or not target.name.startswith(prefix):
        return Decision(
            Action.LEAVE, f"its name does not begin with {prefix!r}, the prefix of this environment's clusters"
        )
    if not target.may_be_stopped:
        return Decision(Action.LEAVE, f"its tag {Tag.AUTO_STOP} is not true")
    if not is_of_environment(target.tags, settings):
        return Decision(Action.LEAVE, f"its tags {Tag.ENVIRONMENT} and {Tag.PROJECT} name another environment")
    return None
