"""The janitor: every hour, over everything that may be stopped. Layer 4 of docs/adr/0005."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock, cost
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.decision import Action, Decision, Telling
from mlinfra.functions.expiry import WARNINGS
from mlinfra.functions.fleet import Fleet, Target
from mlinfra.functions.look import Look, gpu_histories, look
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import IncompleteRunError, Shutdown
from mlinfra.functions.telling import Teller
from mlinfra.functions.volumes import Volume, Volumes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.metrics import History


@dataclass(frozen=True)
class Outcome:
    """What became of one target or volume."""

    name: str
    decision: str
    reason: str


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda passes both
    """Look at everything tagged AutoStop=true once.

    Returns:
        What was done with each target and volume and why, and how often. JSON takes it.

    Raises:
        IncompleteRunError: at the end, where something could not be listed or somebody not be told: the alarm on the
            function's errors is then the only one to say so. What fails with one target is told, and no
            error of the run.
        ValueError: where the function's settings are wrong.
    """
    return Janitor(Settings.read(dry_run_by_default=True), Clients(), clock.now()).run()


class Janitor:
    """One run."""

    def __init__(self, settings: Settings, clients: Clients, now: datetime) -> None:
        self._settings = settings
        self._clients = clients
        self._now = now
        self._fleet = Fleet(clients)
        self._records = Records(clients, settings.table)
        self._volumes = Volumes(clients)
        self._teller = Teller(clients, settings, "janitor", now)
        self._shutdown = Shutdown(clients, settings, self._records, self._teller, now)

    def run(self) -> dict[str, Any]:
        """Look at everything, do what is to be done, and tell.

        Raises:
            IncompleteRunError: see `handler`.
        """
        listing = self._fleet.targets()
        gpus = gpu_histories(self._clients, listing.targets, self._now)
        targets = [self._outcome(target, gpus) for target in listing.targets]
        volumes, volume_problems = self._clean_up()
        problems = listing.problems + volume_problems + self._teller.undelivered
        summary = {
            "at": clock.written(self._now),
            "dry_run": self._settings.dry_run,
            "counts": dict(Counter(each.decision for each in targets + volumes)),
            "targets": [{"target": each.name, "decision": each.decision, "reason": each.reason} for each in targets],
            "volumes": [{"volume": each.name, "decision": each.decision, "reason": each.reason} for each in volumes],
            "problems": problems,
        }
        self._teller.log("Janitor Done", **summary)
        if problems:
            raise IncompleteRunError("; ".join(problems))
        return summary

    def _outcome(self, target: Target, gpus: Mapping[str, History]) -> Outcome:
        try:
            return self._handle(target, gpus)
        except Exception as error:  # noqa: BLE001  whatever is odd about one target, the others have their turn
            reason = f"something about it is odd: {type(error).__name__}: {error}"
            self._shutdown.tell_left(target, Decision(Action.LEAVE, reason, Telling.EVERY_RUN))
            return Outcome(target.name, "failed", reason)

    def _handle(self, target: Target, gpus: Mapping[str, History]) -> Outcome:
        seen = look(target, self._records, gpus, self._now)
        if target.is_stopped:
            return self._retire(seen)
        self._count_cost(seen)
        self._warn(seen)
        self._tell_problems(seen)
        decision = seen.decision
        if decision.action is Action.STOP:
            decision = self._shutdown.stop(target, decision, lambda: self._again(target))
        if decision.action is Action.LEAVE:
            self._shutdown.tell_left(target, decision)
        return Outcome(target.name, decision.outcome(dry_run=self._settings.dry_run), decision.reason)

    def _again(self, target: Target) -> tuple[Target, Decision] | None:
        """The moment before it is stopped: a job may have begun, a node have gone, the owner have extended it."""
        now_seen = self._fleet.again(target)
        if now_seen is None:
            return None
        if not now_seen.may_be_stopped:
            return now_seen, Decision(Action.LEAVE, f"its tag {Tag.AUTO_STOP} is not true any more")
        # A run over many clusters takes its time, and what has happened since its beginning counts.
        now = clock.now()
        gpus = gpu_histories(self._clients, [now_seen], now)
        return now_seen, look(now_seen, self._records, gpus, now).decision

    def _count_cost(self, seen: Look) -> None:
        if self._settings.dry_run or seen.memory is None or not seen.target.nodes:
            return
        before = cost.counted_until(seen.memory.state)
        if before is not None and before >= self._now.timestamp():
            return
        try:
            self._records.count_cost(seen.target.name, seen.cost, counted_until=before, now=self._now)
        except FAILURES as error:
            self._teller.log("Cost Not Counted", cluster=seen.target.name, why=error_code(error))

    def _warn(self, seen: Look) -> None:
        warning, at = seen.expiry.warning(self._now), seen.expiry.at
        if warning is None or at is None:
            return
        about, what = f"expiry_{warning}", clock.written(at)
        if not self._shutdown.first_time(seen.target, about, what):
            return
        hours = int(WARNINGS[warning] / timedelta(hours=1))
        told = self._teller.tell(
            Event.CLUSTER_WARNED,
            cluster=seen.target.name,
            tags=seen.target.tags,
            what=f"expires in less than {hours} hour{'s' if hours > 1 else ''}",
            why=f"its last day ends at {what}. It is stopped then, as soon as it does not work. `mlinfra clusters "
            f"extend` gives it more time",
            kind=seen.target.kind,
            expires=what,
        )
        if not told:
            self._shutdown.take_back(seen.target, about, what)

    def _tell_problems(self, seen: Look) -> None:
        """Say once what is odd about a cluster, and that nothing can be said of what it costs."""
        unpriced = ", ".join(sorted(seen.cost.unpriced))
        odd = {"problems": "; ".join(seen.problems)}
        if unpriced:
            odd["cost"] = f"what it has cost is unknown, and no limit stops it: the price of {unpriced} is unknown"
        for about, what in odd.items():
            if not what or not self._shutdown.first_time(seen.target, about, what):
                continue
            told = self._teller.tell(
                Event.CLUSTER_LEFT,
                cluster=seen.target.name,
                tags=seen.target.tags,
                what="cannot be watched fully",
                why=what,
                kind=seen.target.kind,
            )
            if not told:
                self._shutdown.take_back(seen.target, about, what)

    def _retire(self, seen: Look) -> Outcome:
        """Terminate an instance that a function stopped, once its time of grace is over."""
        target, memory = seen.target, seen.memory
        stopped = Outcome(target.name, "nothing", seen.decision.reason)
        if target.kind == "group" or memory is None or memory.stopped_at is None:
            return stopped
        node = target.nodes[0]
        stopped_at = datetime.fromtimestamp(memory.stopped_at, tz=timezone.utc)
        if node.state != "stopped" or node.launched is None or node.launched > stopped_at:
            return replace(stopped, reason="somebody else stopped it")
        due = stopped_at + self._settings.grace
        if self._now < due or (seen.expiry.extended and not seen.expiry.has_come(self._now)):
            return replace(stopped, reason=f"it was stopped at {clock.written(stopped_at)} and is kept for a time")
        reason = f"it was stopped at {clock.written(stopped_at)}, and its time of grace ended at {clock.written(due)}"
        if not self._settings.dry_run:
            self._clients.ec2.terminate_instances(InstanceIds=[target.name])
        self._teller.tell(
            Event.DRY_RUN if self._settings.dry_run else Event.VOLUMES_DELETED,
            cluster=target.name,
            tags=target.tags,
            what="would be terminated" if self._settings.dry_run else "terminated, with its volumes",
            why=reason,
            kind=target.kind,
        )
        return Outcome(target.name, "would_terminate" if self._settings.dry_run else "terminated", reason)

    def _clean_up(self) -> tuple[list[Outcome], list[str]]:
        """Delete the volumes whose time has come, and put off those that a node still has."""
        kept = self._volumes.kept()
        problems = kept.problems
        if not self._settings.dry_run:
            try:
                self._volumes.begin_grace_later(
                    kept.in_use,
                    self._now + self._settings.grace,
                    # A day's slack, so that they are not all tagged anew every hour.
                    if_before=self._now + self._settings.grace - timedelta(days=1),
                )
            except FAILURES as error:
                problems.append(f"the deletion of volumes in use could not be put off: {error_code(error)}: {error}")
        return [self._delete(volume) for volume in kept.available], problems

    def _delete(self, volume: Volume) -> Outcome:
        try:
            if not volume.is_due(self._now):
                return Outcome(volume.volume_id, "kept", "its time has not come")
            reason = f"it was kept until {volume.tags[Tag.DELETE_AFTER]}"
            if not self._settings.dry_run and not self._volumes.delete(volume):
                return Outcome(volume.volume_id, "nothing", "it is gone")
        except (*FAILURES, ValueError) as error:
            self._tell_volume(volume, Event.CLUSTER_LEFT, "could not be deleted", f"{type(error).__name__}: {error}")
            return Outcome(volume.volume_id, "failed", str(error))
        if self._settings.dry_run:
            self._tell_volume(volume, Event.DRY_RUN, "would be deleted", reason)
            return Outcome(volume.volume_id, "would_delete", reason)
        self._tell_volume(volume, Event.VOLUMES_DELETED, "deleted", reason)
        return Outcome(volume.volume_id, "deleted", reason)

    def _tell_volume(self, volume: Volume, detail_type: str, what: str, why: str) -> None:
        name = volume.tags.get("Name") or volume.tags.get(Tag.EXPERIMENT) or volume.volume_id
        what = f"its volume {volume.volume_id} {what}" if name != volume.volume_id else what
        self._teller.tell(
            detail_type, cluster=name, tags=volume.tags, what=what, why=why, kind="volume", volumes=[volume.volume_id]
        )
