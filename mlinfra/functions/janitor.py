"""The janitor: an hourly check of what is tagged AutoStop=true in the environment. Layer 4 of docs/adr/0009."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.assessment import Assessment, assess, gpu_histories
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.cluster_metrics import report_clusters
from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.decision import Action, Decision, NotificationFrequency
from mlinfra.functions.file_systems import FileSystems
from mlinfra.functions.fleet import Fleet, Target
from mlinfra.functions.launches import Launches
from mlinfra.functions.notices import Notices
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.owner_subscriptions import OwnerSubscriptions
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import IncompleteRunError, Shutdown
from mlinfra.functions.volumes import Volume, Volumes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.file_systems import FileSystem
    from mlinfra.functions.metrics import History
    from mlinfra.functions.storage import Storage


@dataclass(frozen=True)
class Outcome:
    """The outcome for one target or volume."""

    name: str
    decision: str
    reason: str


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda passes both
    """Check everything of the environment that is tagged AutoStop=true once.

    Returns:
        The decision and reason for each target and volume, and the count of each decision, as JSON values.

    Raises:
        IncompleteRunError: at the end, if a listing or a notification failed, so that the alarm on the function's
            errors reports it. A failure with a single target is a notification, not an error of the run.
        ValueError: if a setting of the function is invalid.
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
        self._notifier = Notifier(clients, settings, "janitor", now)
        self._notices = Notices(self._records, self._notifier, now)
        self._launches = Launches(clients, self._records, self._notifier, now, dry_run=settings.dry_run)
        self._file_systems = FileSystems(clients, settings, self._records, self._notifier, now)
        self._subscriptions = OwnerSubscriptions(clients, settings, self._records, self._notifier, now)
        self._storage: list[Storage] | None = None
        self._seen: list[Assessment] = []
        self._shutdown = Shutdown(clients, settings, self._records, self._notifier, now)

    def run(self) -> dict[str, Any]:
        """Check everything, carry out the decisions, and notify.

        Raises:
            IncompleteRunError: see `handler`.
        """
        listing = self._fleet.targets()
        ours = [target for target in listing.targets if is_of_environment(target.tags, self._settings)]
        file_systems, storage_problems = self._list_storage(ours)
        gpus = gpu_histories(self._clients, ours, self._now)
        targets = [self._outcome(target, gpus) for target in ours]
        report_clusters(self._settings.prefix.removesuffix("-"), self._seen, self._now)
        volumes, volume_problems = self._clean_up()
        self._subscriptions.restore(ours)
        problems = [] if listing.problems else self._clear_marks(ours)
        found = [self._file_system(each, ours) for each in file_systems] if not listing.problems else []
        problems += listing.problems + storage_problems + volume_problems + self._notifier.undelivered
        summary = {
            "at": clock.written(self._now),
            "dry_run": self._settings.dry_run,
            "counts": dict(Counter(each.decision for each in targets + volumes + found)),
            "targets": [{"target": each.name, "decision": each.decision, "reason": each.reason} for each in targets],
            "volumes": [{"volume": each.name, "decision": each.decision, "reason": each.reason} for each in volumes],
            "file_systems": [
                {"file_system": each.name, "decision": each.decision, "reason": each.reason} for each in found
            ],
            "problems": problems,
        }
        self._notifier.log("Janitor Done", **summary)
        if problems:
            raise IncompleteRunError("; ".join(problems))
        return summary

    def _list_storage(self, targets: list[Target]) -> tuple[list[FileSystem], list[str]]:
        """List the file systems, and the storage of all clusters. If it fails, its cost is counted by the next run."""
        try:
            file_systems = self._file_systems.listed() if any(Tag.KEEP_HOURS in each.tags for each in targets) else []
            self._storage = self._volumes.storage() + [each.storage for each in file_systems]
        except (KeyError, *FAILURES) as error:
            return [], [f"not all volumes and file systems could be listed: {error_code(error)}: {error}"]
        return file_systems, []

    def _clear_marks(self, targets: list[Target]) -> list[str]:
        # Also without any cluster that has a file system: the last one may just have been removed.
        try:
            self._file_systems.clear_marks(targets)
        except (KeyError, *FAILURES) as error:
            return [f"the parameters of removed file systems could not be updated: {error_code(error)}: {error}"]
        return []

    def _file_system(self, file_system: FileSystem, targets: list[Target]) -> Outcome:
        target = next((each for each in targets if each.name == file_system.cluster), None)
        # It may just have been stopped by this run; the next one sees that.
        return Outcome(file_system.id, *self._file_systems.handle(file_system, target))

    def _outcome(self, target: Target, gpus: Mapping[str, History]) -> Outcome:
        try:
            return self._handle(target, gpus)
        except Exception as error:  # noqa: BLE001  a failure with one target must not stop the others
            reason = f"evaluation failed: {type(error).__name__}: {error}"
            self._shutdown.notify_left_running(target, Decision(Action.LEAVE, reason, NotificationFrequency.EVERY_RUN))
            return Outcome(target.name, "failed", reason)

    def _handle(self, target: Target, gpus: Mapping[str, History]) -> Outcome:
        seen = assess(self._clients, target, self._records, gpus, self._now)
        if seen.memory is not None:
            # In a dry run too: notices about the spend limit depend on it.
            counted = count_cost(self._records, target, self._now, memory=seen.memory, storage=self._storage)
            seen = seen.with_cost(counted or seen.cost, self._now)
        self._seen.append(seen)
        if target.is_stopped:
            return self._retire(seen)
        self._launches.check(target)
        in_grace = self._notices.send(seen)
        decision = seen.decision
        if decision.action is Action.STOP:
            decision = self._shutdown.stop(target, decision, lambda: self._again(target))
        if decision.action is Action.LEAVE:
            if in_grace:  # Its owner is notified every hour by the notice about its expiry.
                decision = replace(decision, frequency=NotificationFrequency.NEVER)
            self._shutdown.notify_left_running(target, decision)
        return Outcome(target.name, decision.outcome(dry_run=self._settings.dry_run), decision.reason)

    def _again(self, target: Target) -> tuple[Target, Decision] | None:
        """Reassess it immediately before it is stopped: a job may have started, or the owner may have extended it."""
        now_seen = self._fleet.refresh(target)
        if now_seen is None:
            return None
        if not now_seen.may_be_stopped:
            return now_seen, Decision(Action.LEAVE, f"its tag {Tag.AUTO_STOP} is no longer true")
        # A run over many clusters takes minutes; activity since its beginning counts.
        now = clock.now()
        gpus = gpu_histories(self._clients, [now_seen], now)
        return now_seen, assess(self._clients, now_seen, self._records, gpus, now).decision

    def _retire(self, seen: Assessment) -> Outcome:
        """Terminate an instance that a function stopped, once its grace period is over."""
        target, memory = seen.target, seen.memory
        stopped = Outcome(target.name, "nothing", seen.decision.reason)
        if target.kind == "group" or memory is None or memory.stopped_at is None:
            return stopped
        node = target.nodes[0]
        stopped_at = datetime.fromtimestamp(memory.stopped_at, tz=timezone.utc)
        if node.state != "stopped" or node.launched is None or node.launched > stopped_at:
            return replace(stopped, reason="it was not stopped by mlinfra")
        due = stopped_at + self._settings.grace
        if self._now < due or (seen.expiry.extended and not seen.expiry.is_expired(self._now)):
            return replace(
                stopped, reason=f"it was stopped at {clock.written(stopped_at)}, and its grace period is not over"
            )
        reason = f"it was stopped at {clock.written(stopped_at)}, and its grace period ended at {clock.written(due)}"
        if not self._settings.dry_run:
            self._clients.ec2.terminate_instances(InstanceIds=[target.name])
        self._notifier.notify(
            Event.DRY_RUN if self._settings.dry_run else Event.VOLUMES_DELETED,
            cluster=target.name,
            tags=target.tags,
            what="would be terminated" if self._settings.dry_run else "terminated, with its volumes",
            why=reason,
            kind=target.kind,
        )
        return Outcome(target.name, "would_terminate" if self._settings.dry_run else "terminated", reason)

    def _clean_up(self) -> tuple[list[Outcome], list[str]]:
        """Delete the volumes whose grace period is over, and postpone the deletion of those that are still attached."""
        kept = self._volumes.kept()
        problems = kept.problems
        in_use, available = (
            [each for each in volumes if is_of_environment(each.tags, self._settings)]
            for volumes in (kept.in_use, kept.available)
        )
        if not self._settings.dry_run:
            try:
                self._volumes.postpone_deletion(
                    in_use,
                    self._now + self._settings.grace,
                    # One day of tolerance, so that they are not tagged again every hour.
                    if_before=self._now + self._settings.grace - timedelta(days=1),
                )
            except FAILURES as error:
                problems.append(
                    f"the deletion of attached volumes could not be postponed: {error_code(error)}: {error}"
                )
        return [self._delete(volume) for volume in available], problems

    def _delete(self, volume: Volume) -> Outcome:
        try:
            if not volume.is_due(self._now):
                return Outcome(volume.volume_id, "kept", "its grace period is not over")
            reason = f"its grace period ended at {volume.tags[Tag.DELETE_AFTER]}"
            if not self._settings.dry_run and not self._volumes.delete(volume):
                return Outcome(volume.volume_id, "nothing", "it no longer exists")
        except (*FAILURES, ValueError) as error:
            self._notify_volume(
                volume,
                Event.CLUSTER_LEFT,
                "could not be deleted",
                f"{type(error).__name__}: {error}",
                action=f"The janitor tries again in an hour. To delete it: aws ec2 delete-volume --volume-id "
                f"{volume.volume_id} --region {self._clients.region}",
            )
            return Outcome(volume.volume_id, "failed", str(error))
        if self._settings.dry_run:
            self._notify_volume(volume, Event.DRY_RUN, "would be deleted", reason)
            return Outcome(volume.volume_id, "would_delete", reason)
        self._notify_volume(volume, Event.VOLUMES_DELETED, "deleted", reason)
        return Outcome(volume.volume_id, "deleted", reason)

    def _notify_volume(
        self, volume: Volume, detail_type: str, what: str, why: str, *, action: str | None = None
    ) -> None:
        name = volume.tags.get("Name") or volume.tags.get(Tag.EXPERIMENT) or volume.volume_id
        what = f"volume {volume.volume_id} {what}" if name != volume.volume_id else what
        self._notifier.notify(
            detail_type,
            cluster=name,
            tags=volume.tags,
            what=what,
            why=why,
            action=action,
            kind="volume",
            volumes=[volume.volume_id],
        )
