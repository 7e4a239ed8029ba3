"""Lustre file systems of clusters: kept for a declared time after the cluster was stopped, then deleted.

Terraform would create a deleted file system again at the next apply. Before the deletion, the janitor therefore writes
an SSM parameter below `contract.removed_file_systems`, which the stack reads: as long as it exists, the stack has no
file system for the cluster. `mlinfra clusters start` deletes it, and so does the janitor when the cluster runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Event, Tag, removed_file_systems
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.notifications import command
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.prices import lustre_usd_per_hour, region_of
from mlinfra.functions.storage import Storage, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Records
    from mlinfra.functions.settings import Settings

KEEP_HOURS: Final = 72
"""The time for which a file system without a valid tag KeepHours is kept after its cluster was stopped."""

_WARNINGS: Final = {"hour": timedelta(hours=1), "day": timedelta(hours=24)}
_DELETED = frozenset({"DELETING"})


@dataclass(frozen=True)
class FileSystem:
    """A Lustre file system tagged AutoStop=true."""

    id: str
    gib: int
    tags: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
    region: str | None = None
    """Its region. None: unknown."""

    @property
    def usd_per_hour(self) -> float:
        """Its price, in USD per hour."""
        return lustre_usd_per_hour(self.gib, region_of(self.region))

    @property
    def cluster(self) -> str:
        """The name of its cluster; its own id if it has no tag Name."""
        return self.tags.get("Name") or self.id

    @property
    def keep_for(self) -> timedelta:
        """The time for which it is kept after its cluster was stopped."""
        text = self.tags.get(Tag.KEEP_HOURS, "")
        # FSx tags have up to 256 characters; nine digits are more hours than any declaration allows.
        return timedelta(hours=int(text) if text.isdecimal() and len(text) <= 9 else KEEP_HOURS)  # noqa: PLR2004

    @property
    def storage(self) -> Storage:
        """Its cost."""
        return Storage(self.id, self.cluster, self.usd_per_hour, self.created)


class FileSystems:
    """Handles the file systems of an environment's clusters, for one run of the janitor."""

    def __init__(
        self, clients: Clients, settings: Settings, records: Records, notifier: Notifier, now: datetime
    ) -> None:
        self._clients = clients
        self._settings = settings
        self._records = records
        self._notifier = notifier
        self._deduplication = Deduplication(records, notifier)
        self._now = now

    def listed(self) -> list[FileSystem]:
        """The file systems of the environment that may be deleted, without those being deleted.

        Raises:
            ClientError: or another of `clients.FAILURES`, if a page cannot be read.
        """
        found = []
        for page in self._clients.fsx.get_paginator("describe_file_systems").paginate():
            for each in page["FileSystems"]:
                tags = {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", ())}
                if (
                    each.get("FileSystemType") == "LUSTRE"
                    and each.get("Lifecycle") not in _DELETED
                    and tags.get(Tag.AUTO_STOP) == "true"
                    and is_of_environment(tags, self._settings)
                ):
                    found.append(
                        FileSystem(
                            id=each["FileSystemId"],
                            gib=each.get("StorageCapacity", 0),
                            tags=tags,
                            created=time_of(each.get("CreationTime")),
                            region=_region(each.get("ResourceARN", "")),
                        )
                    )
        return found

    def handle(self, file_system: FileSystem, target: Target | None) -> tuple[str, str]:
        """Keep or delete `file_system`, and notify its owner.

        Args:
            file_system: the file system.
            target: its cluster. None: it does not exist.

        Returns:
            The decision (`kept`, `deleted`, `would_delete` or `failed`) and the reason.
        """
        try:
            return self._handle(file_system, target)
        except FAILURES as error:
            reason = f"{error_code(error)}: {error}"
            self._notify(
                file_system,
                Event.CLUSTER_LEFT,
                "could not be deleted",
                reason,
                action=f"The janitor tries again in an hour. To delete it: aws fsx delete-file-system --file-system-id "
                f"{file_system.id} --region {self._clients.region}",
            )
            return "failed", reason

    def _handle(self, file_system: FileSystem, target: Target | None) -> tuple[str, str]:
        cluster = file_system.cluster
        if target is not None and not target.is_stopped:
            self._records.note_unused(cluster, None)
            return "kept", "its cluster runs"
        # Quiet hours and users stop clusters too, and record nothing: it counts from the first run that sees it.
        since = self._records.note_unused(cluster, self._now)
        # It may have been created again for a cluster that is started next.
        created = [file_system.created, target.created_at if target is not None else None]
        since = max([since, *(moment for moment in created if moment is not None)])
        end = since + file_system.keep_for
        if self._now < end:
            self._warn(file_system, since, end)
            return (
                "kept",
                f"its cluster has been stopped since {clock.written(since)}; it is kept until {clock.written(end)}",
            )
        reason = (
            f"its cluster has been stopped since {clock.written(since)}, and it was kept until {clock.written(end)}"
        )
        if self._settings.dry_run:
            self._notify(file_system, Event.DRY_RUN, "would be deleted", reason)
            return "would_delete", reason
        # The parameter first: without it, the next apply would create the file system again.
        self._mark(file_system)
        self._clients.fsx.delete_file_system(FileSystemId=file_system.id)
        self._notify(
            file_system,
            Event.VOLUMES_DELETED,
            "deleted",
            f"{reason}. The data lake is unchanged",
            action=f"To use it again: {command('start', file_system.tags)}, which describes the steps.",
        )
        return "deleted", reason

    def _warn(self, file_system: FileSystem, since: datetime, end: datetime) -> None:
        left = end - self._now
        about = next((name for name, before in _WARNINGS.items() if left <= before), "stopped")
        key = clock.written(end)
        if not self._deduplication.claim(file_system.cluster, f"file_system_{about}", key):
            return
        monthly = file_system.usd_per_hour * 730
        sent = self._notify(
            file_system,
            Event.FILE_SYSTEM_UNUSED,
            f"will be deleted at {key}",
            f"its cluster has been stopped since {clock.written(since)}, and it costs {monthly:.0f} USD a month. "
            "Files that were not exported to the data lake are lost then",
            action=f"To keep it: start the cluster ({command('start', file_system.tags)}), or set a longer keep_hours "
            f"of its Lustre and deploy.",
            in_dry_run=True,
        )
        if not sent:
            self._deduplication.release(file_system.cluster, f"file_system_{about}", key)

    def clear_marks(self, targets: Iterable[Target]) -> None:
        """Delete the parameters of clusters that run, that no longer exist, or that no longer declare a file system.

        Args:
            targets: all clusters of the environment.
        """
        stopped = {
            target.tags.get(Tag.EXPERIMENT) for target in targets if target.is_stopped and Tag.KEEP_HOURS in target.tags
        }
        pages = self._clients.ssm.get_paginator("get_parameters_by_path").paginate(Path=self._path)
        names = [each["Name"] for page in pages for each in page["Parameters"]]
        for name in names:
            if name.rpartition("/")[2] not in stopped and not self._settings.dry_run:
                delete_mark(self._clients, name)

    def _mark(self, file_system: FileSystem) -> None:
        experiment = file_system.tags.get(Tag.EXPERIMENT)
        if experiment:
            self._clients.ssm.put_parameter(
                Name=f"{self._path}/{experiment}",
                Value=clock.written(self._now),
                Type="String",
                Overwrite=True,
            )

    @property
    def _path(self) -> str:
        prefix, environment = self._settings.prefix, self._settings.environment
        return removed_file_systems(prefix.removesuffix(f"-{environment}-"), environment)

    def _notify(
        self,
        file_system: FileSystem,
        detail_type: str,
        what: str,
        why: str,
        *,
        action: str | None = None,
        in_dry_run: bool = False,
    ) -> bool:
        return self._notifier.notify(
            detail_type,
            cluster=file_system.cluster,
            tags=file_system.tags,
            what=f"file system {file_system.id} {what}",
            why=why,
            action=action,
            in_dry_run=in_dry_run,
            kind="file system",
            file_systems=[file_system.id],
        )


def delete_mark(clients: Clients, name: str) -> bool:
    """Delete the SSM parameter `name`. False: it does not exist.

    Raises:
        ClientError: if it cannot be deleted.
    """
    try:
        clients.ssm.delete_parameter(Name=name)
    except ClientError as error:
        if error_code(error) == "ParameterNotFound":
            return False
        raise
    return True


def _region(arn: str) -> str | None:
    """The fourth part of an ARN. None: there is none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else None  # noqa: PLR2004
