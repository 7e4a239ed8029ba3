"""Replacement of a node with faulty hardware, within the same daily limit as that of nodes whose boot fails."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Event, Table

if TYPE_CHECKING:
    from mlinfra.runner.clients import Clients
    from mlinfra.runner.nodes import ThisNode

log = logging.getLogger("mlinfra.runner")

MAX_REPLACEMENTS: Final = 3
"""As in `node_user_data`, which counts in the same record."""
_KEPT_SECONDS: Final = 2 * 24 * 60 * 60


def replace_node(clients: Clients, node: ThisNode, reason: str, *, now: int) -> bool:
    """Terminate this node, whose group launches another one, and notify the owner of the cluster.

    Args:
        clients: AWS.
        node: this node.
        reason: the fault.
        now: epoch seconds.

    Returns:
        False: the cluster has replaced 3 nodes today. The node remains.
    """
    table, day = clients.table, datetime.fromtimestamp(now, tz=timezone.utc).strftime("%Y-%m-%d")
    try:
        table.update_item(
            Key={Table.CLUSTER: node.cluster, Table.RECORD: f"{Table.REPLACEMENTS_PREFIX}{day}"},
            UpdateExpression="SET #expires = :expires ADD #count :one",
            ConditionExpression="attribute_not_exists(#count) OR #count < :most",
            ExpressionAttributeNames={"#expires": Table.EXPIRE_AT, "#count": Table.REPLACEMENTS},
            ExpressionAttributeValues={":expires": now + _KEPT_SECONDS, ":one": 1, ":most": MAX_REPLACEMENTS},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        log.warning("the node is not replaced: the cluster has replaced %d nodes today", MAX_REPLACEMENTS)
        return False
    detail = {
        "cluster": node.cluster,
        "instance_id": node.instance_id,
        "reason": reason,
        "fault": "hardware",
        "replaced": True,
    }
    clients.events.put_events(
        Entries=[{"Source": Event.NODE_SOURCE, "DetailType": Event.NODE_UNHEALTHY, "Detail": json.dumps(detail)}]
    )
    clients.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=node.instance_id, ShouldDecrementDesiredCapacity=False
    )
    return True
