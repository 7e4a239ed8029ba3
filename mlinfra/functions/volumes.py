"""Volumes of stopped nodes: kept for a time of grace, then deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Tag
from mlinfra.functions.fleet import GONE_FROM_EC2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import AttachedVolume, Node, Target

_INHERITED: Final = (Tag.EXPERIMENT, Tag.OWNER, "Name")
_GONE = "InvalidVolume.NotFound"
_VOLUMES_A_PAGE = 500
_VALUES_A_FILTER = 100
"""EC2 takes up to 200 values in all filters of a call together."""
_RESOURCES_A_CALL = 500
"""CreateTags takes up to 1,000 resources, and EC2 advises to send fewer (EC2 API reference, read 2026-11-24)."""


@dataclass(frozen=True)
class Volume:
    """An EBS volume that a stopped node left, or will leave."""

    volume_id: str
    tags: Mapping[str, str]

    def is_due(self, now: datetime) -> bool:
        """Whether its time has come.

        Raises:
            ValueError: where its tag does not say when that is.
        """
        return clock.read(self.tags[Tag.DELETE_AFTER]) <= now


@dataclass
class Kept:
    """The volumes that were kept before, by whether a node still has them."""

    available: list[Volume] = field(default_factory=list)
    in_use: list[Volume] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Volumes:
    """EBS, as far as it is about volumes of nodes."""

    def __init__(self, clients: Clients) -> None:
        self._ec2 = clients.ec2

    def keep(self, target: Target, delete_after: datetime) -> list[str]:
        """Let the volumes of a group's nodes outlive their nodes, until `delete_after`.

        Those that would outlive their nodes anyway belong to somebody, and are not touched.

        Returns:
            The ids of the volumes.

        Raises:
            ClientError: where a volume cannot be kept. A node that is gone has taken its volumes with it.
        """
        attached = [(node, volume) for node in target.nodes for volume in node.volumes]
        kept_before = self._kept_before([volume.volume_id for _, volume in attached if not volume.goes_with_node])
        ours = [(node, each) for node, each in attached if each.goes_with_node or each.volume_id in kept_before]
        ids = sorted({volume.volume_id for _, volume in ours})
        tags = {key: target.tags[key] for key in _INHERITED if target.tags.get(key)}
        # Tags first: what is kept and has none would be kept for ever.
        self._tag(ids, tags | {Tag.AUTO_STOP: "true", Tag.DELETE_AFTER: clock.written(delete_after)})
        for node, volume in ours:
            if volume.goes_with_node:
                self._outlive(node, volume)
        return ids

    def kept(self) -> Kept:
        """Every volume that was kept. A page that fails is a problem."""
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

    def begin_grace_later(self, volumes: Iterable[Volume], delete_after: datetime, *, if_before: datetime) -> list[str]:
        """Move the deletion of volumes that a node still has to `delete_after`: their grace begins when it goes.

        Args:
            volumes: those volumes.
            delete_after: when to delete them, were their nodes to go now.
            if_before: leave those that are deleted later than this, and those whose tag cannot be read.

        Returns:
            The ids of those whose deletion was moved.
        """
        ids = [each.volume_id for each in volumes if (deletion := _deletion(each)) and deletion <= if_before]
        self._tag(ids, {Tag.DELETE_AFTER: clock.written(delete_after)})
        return ids

    def delete(self, volume: Volume) -> bool:
        """Delete `volume`; False: it is gone already. EC2 refuses to delete what a node has.

        Raises:
            ClientError: where it cannot be deleted.
        """
        try:
            self._ec2.delete_volume(VolumeId=volume.volume_id)
        except ClientError as error:
            if error_code(error) == _GONE:
                return False
            raise
        return True

    def _kept_before(self, ids: Sequence[str]) -> set[str]:
        """Those that an earlier run made outlive their nodes, before it died or its node stayed."""
        found: set[str] = set()
        for start in range(0, len(ids), _VALUES_A_FILTER):
            some = list(ids[start : start + _VALUES_A_FILTER])
            filters = [{"Name": "volume-id", "Values": some}, {"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}]
            found |= {volume["VolumeId"] for volume in self._all(filters)}
        return found

    def _outlive(self, node: Node, volume: AttachedVolume) -> None:
        mapping = {"DeviceName": volume.device, "Ebs": {"VolumeId": volume.volume_id, "DeleteOnTermination": False}}
        try:
            self._ec2.modify_instance_attribute(InstanceId=node.instance_id, BlockDeviceMappings=[mapping])
        except FAILURES:
            if not self._is_gone(node):
                raise

    def _is_gone(self, node: Node) -> bool:
        answer = self._ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [node.instance_id]}])
        states = [each["State"]["Name"] for found in answer["Reservations"] for each in found["Instances"]]
        return all(state in GONE_FROM_EC2 for state in states)

    def _tag(self, ids: Sequence[str], tags: Mapping[str, str]) -> None:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        for start in range(0, len(ids), _RESOURCES_A_CALL):
            try:
                self._ec2.create_tags(Resources=list(ids[start : start + _RESOURCES_A_CALL]), Tags=listed)
            except ClientError as error:
                if error_code(error) != _GONE:
                    raise
                self._tag_one_by_one(ids[start : start + _RESOURCES_A_CALL], listed)

    def _tag_one_by_one(self, ids: Iterable[str], tags: Sequence[Mapping[str, str]]) -> None:
        """EC2 refuses a call that names a volume that is gone; the others must not lose their tags for it."""
        for volume_id in ids:
            try:
                self._ec2.create_tags(Resources=[volume_id], Tags=tags)
            except ClientError as error:
                if error_code(error) != _GONE:
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
