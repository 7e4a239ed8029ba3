"""Volumes of stopped nodes: kept for the grace period, then deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Tag
from mlinfra.functions.fleet import TERMINATED_STATES
from mlinfra.functions.prices import region_of, volume_usd_per_hour
from mlinfra.functions.storage import Storage, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import AttachedVolume, Node, Target

_INHERITED: Final = (Tag.PROJECT, Tag.ENVIRONMENT, Tag.EXPERIMENT, Tag.OWNER, "Name")
_NOT_FOUND = "InvalidVolume.NotFound"
_VOLUMES_A_PAGE = 500
_VALUES_A_FILTER = 100
"""EC2 accepts up to 200 values in all filters of a call together."""
_RESOURCES_A_CALL = 500
"""CreateTags accepts up to 1,000 resources, and EC2 advises to send fewer (EC2 API reference, read 2026-11-24)."""


@dataclass(frozen=True)
class Volume:
    """An EBS volume kept after its node was stopped."""

    volume_id: str
    tags: Mapping[str, str]

    def is_due(self, now: datetime) -> bool:
        """True if its grace period is over.

        Raises:
            ValueError: if its tag is not a valid time.
        """
        return clock.read(self.tags[Tag.DELETE_AFTER]) <= now


@dataclass
class Kept:
    """The kept volumes, by attachment to a node."""

    available: list[Volume] = field(default_factory=list)
    in_use: list[Volume] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Volumes:
    """Keeps and deletes the EBS volumes of nodes."""

    def __init__(self, clients: Clients) -> None:
        self._ec2 = clients.ec2

    def keep(self, target: Target, delete_after: datetime) -> list[str]:
        """Keep the volumes of a group's nodes after the nodes are terminated, until `delete_after`.

        Volumes without DeleteOnTermination were attached by a user and are not changed.

        Returns:
            The ids of the volumes.

        Raises:
            ClientError: if a volume cannot be kept. The volumes of a node that is already terminated are skipped.
        """
        attached = [(node, volume) for node in target.nodes for volume in node.volumes]
        kept_before = self._kept_before([volume.volume_id for _, volume in attached if not volume.deleted_with_node])
        ours = [(node, each) for node, each in attached if each.deleted_with_node or each.volume_id in kept_before]
        ids = sorted({volume.volume_id for _, volume in ours})
        tags = {key: target.tags[key] for key in _INHERITED if target.tags.get(key)}
        # Tags first: a kept volume without tags would never be deleted.
        self._tag(ids, tags | {Tag.AUTO_STOP: "true", Tag.DELETE_AFTER: clock.written(delete_after)})
        for node, volume in ours:
            if volume.deleted_with_node:
                self._keep_after_termination(node, volume)
        return ids

    def kept(self) -> Kept:
        """All kept volumes. A page that fails is a problem."""
        kept = Kept()
        filters = [
            {"Name": f"tag:{Tag.AUTO_STOP}", "Values": ["true"]},
            {"Name": "tag-key", "Values": [Tag.DELETE_AFTER]},
        ]
        try:
            for volume in self._all(filters):
                found = Volume(volume["VolumeId"], _tags(volume))
                if found.tags.get(Tag.AUTO_STOP) != "true" or Tag.DELETE_AFTER not in found.tags:
                    continue
                if volume["State"] == "available":
                    kept.available.append(found)
                elif volume["State"] == "in-use":
                    kept.in_use.append(found)
        except (KeyError, *FAILURES) as error:
            kept.problems.append(f"not all volumes could be listed: {error_code(error)}: {error}")
        return kept

    def storage(self) -> list[Storage]:
        """All volumes tagged AutoStop=true, of running nodes and kept ones, with their prices.

        Raises:
            ClientError: or another of `clients.FAILURES`, if a page cannot be read.
        """
        return [
            Storage(
                id=volume["VolumeId"],
                name=_tags(volume).get("Name", ""),
                usd_per_hour=volume_usd_per_hour(
                    volume.get("VolumeType", ""),
                    volume.get("Size", 0),
                    iops=volume.get("Iops", 0),
                    throughput=volume.get("Throughput", 0),
                    region=region_of(volume.get("AvailabilityZone")),
                ),
                created=time_of(volume.get("CreateTime")),
            )
            for volume in self._all([{"Name": f"tag:{Tag.AUTO_STOP}", "Values": ["true"]}])
        ]

    def postpone_deletion(self, volumes: Iterable[Volume], delete_after: datetime, *, if_before: datetime) -> list[str]:
        """Postpone the deletion of attached volumes: their grace period begins when they are detached.

        Args:
            volumes: the attached volumes.
            delete_after: the new time of deletion.
            if_before: only volumes with a valid deletion time up to this are changed.

        Returns:
            The ids of the postponed volumes.
        """
        ids = [each.volume_id for each in volumes if (deletion := _deletion(each)) and deletion <= if_before]
        self._tag(ids, {Tag.DELETE_AFTER: clock.written(delete_after)})
        return ids

    def delete(self, volume: Volume) -> bool:
        """Delete `volume`. False: it no longer exists. EC2 refuses to delete an attached volume.

        Raises:
            ClientError: if it cannot be deleted.
        """
        try:
            self._ec2.delete_volume(VolumeId=volume.volume_id)
        except ClientError as error:
            if error_code(error) == _NOT_FOUND:
                return False
            raise
        return True

    def _kept_before(self, ids: Sequence[str]) -> set[str]:
        """The volumes that an earlier run kept, before it was interrupted or while their node kept running."""
        found: set[str] = set()
        for start in range(0, len(ids), _VALUES_A_FILTER):
            some = list(ids[start : start + _VALUES_A_FILTER])
            filters = [{"Name": "volume-id", "Values": some}, {"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}]
            found |= {volume["VolumeId"] for volume in self._all(filters)}
        return found

    def _keep_after_termination(self, node: Node, volume: AttachedVolume) -> None:
        mapping = {"DeviceName": volume.device, "Ebs": {"VolumeId": volume.volume_id, "DeleteOnTermination": False}}
        try:
            self._ec2.modify_instance_attribute(InstanceId=node.instance_id, BlockDeviceMappings=[mapping])
        except FAILURES:
            if not self._is_terminated(node):
                raise

    def _is_terminated(self, node: Node) -> bool:
        answer = self._ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [node.instance_id]}])
        states = [each["State"]["Name"] for found in answer["Reservations"] for each in found["Instances"]]
        return all(state in TERMINATED_STATES for state in states)

    def _tag(self, ids: Sequence[str], tags: Mapping[str, str]) -> None:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        for start in range(0, len(ids), _RESOURCES_A_CALL):
            try:
                self._ec2.create_tags(Resources=list(ids[start : start + _RESOURCES_A_CALL]), Tags=listed)
            except ClientError as error:
                if error_code(error) != _NOT_FOUND:
                    raise
                self._tag_one_by_one(ids[start : start + _RESOURCES_A_CALL], listed)

    def _tag_one_by_one(self, ids: Iterable[str], tags: Sequence[Mapping[str, str]]) -> None:
        """EC2 refuses a call with a volume that no longer exists; the others must be tagged nevertheless."""
        for volume_id in ids:
            try:
                self._ec2.create_tags(Resources=[volume_id], Tags=tags)
            except ClientError as error:
                if error_code(error) != _NOT_FOUND:
                    raise

    def _all(self, filters: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        pages = self._ec2.get_paginator("describe_volumes").paginate(
            Filters=filters, PaginationConfig={"PageSize": _VOLUMES_A_PAGE}
        )
        for page in pages:
            yield from page["Volumes"]


def _deletion(volume: Volume) -> datetime | None:
    try:
        return clock.read(volume.tags[Tag.DELETE_AFTER])
    except ValueError:
        return None


def _tags(volume: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in volume.get("Tags", ())}
