"""Handler for interruptions of nodes by EC2: notifies the owner and the jobs of the nodes. It stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Event, Table, Tag
from mlinfra.functions.counting import counted
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import IncompleteRunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ABOUT = "interruption"
_GROUP_TAG = "aws:autoscaling:groupName"
_BLOCK_ENDS_EARLY: Final = timedelta(minutes=30)
"""EC2 begins to terminate the instances of a Capacity Block 30 minutes before its end.

Source: EC2 user guide, "Capacity Blocks for ML" and "Monitor Capacity Blocks using EventBridge", read 2026-11-29.
"""
_SPOT_NOTICE: Final = timedelta(minutes=2)
"""The notice of a spot interruption. Source: EC2 user guide, "Spot Instance interruption notices", read 2026-11-29."""
_KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class _Interruption:
    """An announcement of EC2."""

    filter: str
    """The filter of DescribeInstances that selects the nodes."""
    value: str
    ends_at: datetime
    """The time at which EC2 begins to terminate them."""
    why: str


@dataclass(frozen=True)
class _Node:
    """A running node that EC2 will terminate."""

    instance_id: str
    cluster: str
    tags: Mapping[str, str]


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda passes both
    """Record a termination notice for each node that EC2 announces to terminate, and notify the owners.

    Args:
        event: a spot interruption or the end of a Capacity Block, as EC2 sends it through EventBridge.
        context: Lambda's, not used.

    Returns:
        The number of nodes by cluster.

    Raises:
        ValueError: if the event is of another type or malformed.
        IncompleteRunError: if a notification was not delivered. Lambda then delivers the event again.
    """
    settings = Settings.read(dry_run_by_default=False)
    interruption = _announced(event)
    now = clock.now()
    clients = Clients()
    notifier = Notifier(clients, settings, "interruption", now)
    deduplication = Deduplication(Records(clients, settings.table), notifier)
    notices_table = clients.dynamodb.Table(settings.table)
    by_cluster: dict[str, list[_Node]] = {}
    for node in _nodes(clients, interruption):
        if node.cluster.startswith(settings.prefix) and is_of_environment(node.tags, settings):
            by_cluster.setdefault(node.cluster, []).append(node)
    for cluster, nodes in by_cluster.items():
        ids = sorted(node.instance_id for node in nodes)
        for instance_id in ids:
            notices_table.update_item(**_notice(cluster, instance_id, interruption))
        what = f"{interruption.value} {clock.written(interruption.ends_at)}"
        if not deduplication.claim(cluster, f"{_ABOUT} {interruption.value}", what):
            continue
        if not notifier.notify(
            Event.NODES_INTERRUPTED,
            cluster=cluster,
            tags=nodes[0].tags,
            what=f"EC2 terminates {counted(len(ids), 'node')} at {clock.written(interruption.ends_at)}",
            why=f"{interruption.why}: {', '.join(ids)}. Runs, and jobs that call "
            f"mlinfra.job.termination_notice(), receive the notice",
            action="To keep the work of other jobs, save a checkpoint now.",
            instance_ids=ids,
        ):
            deduplication.release(cluster, f"{_ABOUT} {interruption.value}", what)
    if notifier.undelivered:
        raise IncompleteRunError("; ".join(notifier.undelivered))
    return {"nodes": {cluster: len(nodes) for cluster, nodes in by_cluster.items()}}


def _announced(event: Mapping[str, Any]) -> _Interruption:
    kind = event.get("detail-type")
    if event.get("source") != Event.EC2_SOURCE or kind not in Event.INTERRUPTIONS:
        message = f"expected one of the events {', '.join(Event.INTERRUPTIONS)} from {Event.EC2_SOURCE}, got: {event}"
        raise ValueError(message)
    try:
        detail = event["detail"]
        if kind in Event.BLOCK_ENDS:
            ends = _time(detail["end-date"]) - _BLOCK_ENDS_EARLY
            reservation = str(detail["capacity-reservation-id"])
            why = f"the Capacity Block {reservation} ends at {clock.written(ends + _BLOCK_ENDS_EARLY)}"
            return _Interruption(f"tag:{Tag.CAPACITY_BLOCK}", reservation, ends, why)
        ends = _time(event["time"]) + _SPOT_NOTICE
        return _Interruption("instance-id", str(detail["instance-id"]), ends, "EC2 reclaims its capacity")
    except (KeyError, TypeError, ValueError) as error:
        message = f"the event lacks a time, an instance or a reservation: {error!r}: {event}"
        raise ValueError(message) from error


def _notice(cluster: str, instance_id: str, interruption: _Interruption) -> dict[str, Any]:
    """The record that `mlinfra.job` reads on the node."""
    ends_at = int(interruption.ends_at.timestamp())
    names = {"#ends": Table.ENDS_AT, "#why": Table.REASON, "#expire": Table.EXPIRE_AT}
    return {
        "Key": {Table.CLUSTER: cluster, Table.RECORD: f"{Table.NOTICE_PREFIX}{instance_id}"},
        "UpdateExpression": "SET #ends = :ends, #why = :why, #expire = :expire",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {
            ":ends": ends_at,
            ":why": interruption.why,
            ":expire": ends_at + _KEPT_SECONDS,
        },
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _nodes(clients: Clients, interruption: _Interruption) -> Iterator[_Node]:
    """The running instances that are in a group."""
    pages = clients.ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": interruption.filter, "Values": [interruption.value]},
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]
    )
    for page in pages:
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                if _GROUP_TAG in tags:
                    yield _Node(instance["InstanceId"], tags[_GROUP_TAG], tags)
