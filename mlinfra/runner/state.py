"""State of a run as its records describe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Table, epoch_seconds
from mlinfra.runner.contract import RUN_PREFIX, Member, RunAttribute, RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class NodeState:
    """A node in the current attempt, as it last reported."""

    instance_id: str
    address: str
    seen_at: int
    """Epoch seconds by the clock of AWS, as all times."""
    step: str
    joined_at: int | None = None
    """None: it waits for an earlier run of the cluster."""
    ready_at: int | None = None
    ended_at: int | None = None
    exit_code: int | None = None
    reason: str = ""
    fault: str = ""
    """The kind of its own fault. Empty: none."""
    stopped: bool = False
    saved: bool = False
    notice_ends_at: int | None = None
    notice_reason: str = ""
    recorded: Mapping[str, Any] | None = None
    """All attributes of the record, for the result."""

    @property
    def has_failed(self) -> bool:
        """True if it ended by a fault of its own."""
        return bool(self.fault)

    @property
    def has_settled(self) -> bool:
        """True if it ended, and has saved what the next attempt needs."""
        return self.ended_at is not None and self.saved


@dataclass(frozen=True)
class RunState:
    """A run and the nodes of its current attempt."""

    status: str
    attempt: int
    nodes_needed: int
    bucket: str
    specification: str
    cancelled_by: str | None
    submitted_at: int | None
    started_at: int | None
    replaced: int
    members: tuple[Member, ...]
    """The members of the current attempt, by rank. Empty: they are not decided."""
    checkpoint: str | None
    """The object key of the checkpoint that members restore. None: there is none."""
    nodes: Mapping[str, NodeState]
    """The nodes that joined the current attempt, by instance id."""
    last_seen_at: int | None
    """The last report of any node of any attempt. None: no node has joined."""

    @property
    def has_ended(self) -> bool:
        """True if it has ended: its records no longer change."""
        return self.status not in RunStatus.ACTIVE


def parse_state(run_id: str, items: Iterable[Mapping[str, Any]]) -> RunState | None:
    """The state in the records of one query for `run#<id>`. None: they do not contain the run.

    Args:
        run_id: the id of the run.
        items: the records, in the form of boto3's resource.
    """
    by_record = {str(item.get(Table.RECORD, "")): item for item in items}
    head = by_record.get(f"{RUN_PREFIX}{run_id}")
    if head is None:
        return None
    attempt = whole_number(head.get(RunAttribute.ATTEMPT)) or 1
    plan = by_record.get(f"{RUN_PREFIX}{run_id}#plan#{attempt}", {})
    prefix = f"{RUN_PREFIX}{run_id}#node#"
    nodes = {record[len(prefix) :]: item for record, item in by_record.items() if record.startswith(prefix)}
    current = f"{attempt}#"
    return RunState(
        status=str(head.get(RunAttribute.STATUS, "")),
        attempt=attempt,
        nodes_needed=whole_number(head.get(RunAttribute.NODES)) or 1,
        bucket=str(head.get(RunAttribute.BUCKET, "")),
        specification=str(head.get(RunAttribute.SPECIFICATION, "")),
        cancelled_by=_cancelled_by(head),
        submitted_at=whole_number(head.get(RunAttribute.SUBMITTED_AT)),
        started_at=whole_number(head.get(RunAttribute.STARTED_AT)),
        replaced=whole_number(head.get(RunAttribute.REPLACED)) or 0,
        members=tuple(
            Member(str(each["instance_id"]), str(each.get("address", "")))
            for each in plan.get(RunAttribute.MEMBERS) or ()
        ),
        checkpoint=str(plan[RunAttribute.CHECKPOINT]) if plan.get(RunAttribute.CHECKPOINT) else None,
        nodes={
            name[len(current) :]: _node(name[len(current) :], item)
            for name, item in nodes.items()
            if name.startswith(current)
        },
        last_seen_at=max((whole_number(each.get(RunAttribute.SEEN_AT)) or 0 for each in nodes.values()), default=None),
    )


def _cancelled_by(head: Mapping[str, Any]) -> str | None:
    if not (head.get(RunAttribute.CANCELLED_BY) or head.get(RunAttribute.CANCELLED_AT)):
        return None
    return str(head.get(RunAttribute.CANCELLED_BY) or "an unknown principal")


def _node(instance_id: str, item: Mapping[str, Any]) -> NodeState:
    return NodeState(
        instance_id=instance_id,
        address=str(item.get(RunAttribute.ADDRESS, "")),
        seen_at=whole_number(item.get(RunAttribute.SEEN_AT)) or 0,
        step=str(item.get(RunAttribute.STEP, "")),
        joined_at=whole_number(item.get(RunAttribute.JOINED_AT)),
        ready_at=whole_number(item.get(RunAttribute.READY_AT)),
        ended_at=whole_number(item.get(RunAttribute.NODE_ENDED_AT)),
        exit_code=whole_number(item.get(RunAttribute.NODE_EXIT_CODE)),
        reason=str(item.get(RunAttribute.NODE_REASON) or ""),
        fault=str(item.get(RunAttribute.NODE_FAULT) or ""),
        stopped=bool(item.get(RunAttribute.STOPPED)),
        saved=bool(item.get(RunAttribute.SAVED)),
        notice_ends_at=whole_number(item.get(RunAttribute.NOTICE_ENDS_AT)),
        notice_reason=str(item.get(RunAttribute.NOTICE_REASON) or ""),
        recorded=item,
    )


def whole_number(value: object) -> int | None:
    """A number of a record, rounded down. None: it is missing or not a finite number."""
    number = epoch_seconds(value)
    return None if number is None else int(number)
