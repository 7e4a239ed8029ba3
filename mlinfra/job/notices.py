"""Notices that EC2 will terminate the node of a job."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import Any, Final

from mlinfra.functions.contract import Table, Variable
from mlinfra.job.aws import connect
from mlinfra.job.node import Node, own_instance_id, spot_notice

_SECONDS_BETWEEN_CHECKS: Final = 15.0


@dataclass(frozen=True)
class TerminationNotice:
    """EC2 will terminate this node."""

    ends_at: datetime
    """The time at which EC2 begins to terminate it, in UTC."""
    reason: str


def termination_notice() -> TerminationNotice | None:
    """The notice that EC2 will terminate this node. None: there is none, or it could not be read.

    A spot node has two minutes from the notice, a node of a Capacity Block ten. Call it in the training loop, and save
    a checkpoint if it returns a notice:

        for step, batch in enumerate(batches):
            train(batch)
            if termination_notice():
                save_checkpoint(step)
                break

    It calls AWS at most once in 15 seconds, and never raises. Outside a cluster it returns None.
    """
    return checks().notice()


class NoticeChecks:
    """The notice of one process, and when it was last read."""

    def __init__(self, seconds: float = _SECONDS_BETWEEN_CHECKS) -> None:
        """Read nothing yet.

        Args:
            seconds: the shortest time between two checks, in seconds. Default: 15.
        """
        self._seconds = seconds
        self._checked_at: float | None = None
        self._found: TerminationNotice | None = None
        self._node: Node | None = None
        self._table: Any = None

    def notice(self) -> TerminationNotice | None:
        """The notice, read again if it is time."""
        now = time.monotonic()
        if self._found or (self._checked_at is not None and now - self._checked_at < self._seconds):
            return self._found
        self._checked_at = now
        for read in (self._from_metadata, self._from_table):
            # Training is never disturbed: whatever goes wrong, there is no notice.
            with suppress(Exception):
                self._found = self._found or read()
        return self._found

    def _from_metadata(self) -> TerminationNotice | None:
        """The spot notice of the metadata service.

        Source: EC2 user guide, "Spot Instance interruption notices", read 2026-11-29.
        """
        if not os.environ.get(Variable.TABLE):
            return None
        text = spot_notice()
        if text is None:
            return None
        ends_at = datetime.fromisoformat(json.loads(text)["time"].replace("Z", "+00:00"))
        return TerminationNotice(ends_at, "EC2 reclaims its spot capacity")

    def _from_table(self) -> TerminationNotice | None:
        """The notice that the function for interruptions has recorded for this node."""
        name = os.environ.get(Variable.TABLE)
        if not name:
            return None
        if self._table is None:
            self._node, self._table = (
                Node(os.environ.get(Variable.CLUSTER) or None, own_instance_id()),
                # Called in the training loop, and again at the next check.
                connect(name, tries=1).table,
            )
        assert self._node is not None  # noqa: S101  set with the table
        answer = self._table.query(
            KeyConditionExpression="#cluster = :cluster AND #record = :record",
            ExpressionAttributeNames={"#cluster": Table.CLUSTER, "#record": Table.RECORD},
            ExpressionAttributeValues={
                ":cluster": self._node.cluster,
                ":record": f"{Table.NOTICE_PREFIX}{self._node.instance_id}",
            },
        )
        for item in answer["Items"]:
            ends_at = datetime.fromtimestamp(int(item[Table.ENDS_AT]), timezone.utc)
            return TerminationNotice(ends_at, str(item[Table.REASON]))
        return None


@cache
def checks() -> NoticeChecks:
    """The checks of this process."""
    return NoticeChecks()
