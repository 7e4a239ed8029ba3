"""Decision how an attempt ended, once each of its members has reported or is lost. Pure: no AWS calls, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.runner.contract import Fault, RunStatus

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from mlinfra.runner.contract import Member
    from mlinfra.runner.state import NodeState, RunState

FREE_REPLACEMENTS = 3
"""The maximum number of attempts that an unhealthy node may cost before the command runs, without counting as a retry.
A cluster replaces as many nodes in a day (`node_user_data.MAX_REPLACEMENTS`)."""


@dataclass(frozen=True)
class Outcome:
    """The end of an attempt."""

    status: str
    """`retrying`: the next attempt begins. Otherwise the status of the run."""
    reason: str = ""
    fault: str | None = None
    exit_code: int | None = None
    """None: no command has ended without being stopped."""
    failed_rank: int | None = None
    failed_instance: str | None = None
    replaced: int = 0
    """The new number of attempts that do not count as retries."""

    @property
    def is_retry(self) -> bool:
        """True if another attempt follows."""
        return self.status == RunStatus.RETRYING


def settle(state: RunState, lost: AbstractSet[str], *, retries: int) -> Outcome | None:
    """The end of the current attempt. None: a living member has not ended yet.

    Args:
        state: the run; its members are decided.
        lost: the ids of the lost nodes.
        retries: the number of further attempts that the run allows.
    """
    ranked = list(enumerate(state.members))
    reported = {rank: node for rank, member in ranked if (node := state.nodes.get(member.instance_id))}
    ended = {rank: node for rank, node in reported.items() if node.has_settled}
    missing = [(rank, member) for rank, member in ranked if rank not in ended]
    if any(member.instance_id not in lost for _, member in missing):
        return None
    if not missing and all(each.exit_code == 0 and not each.fault and not each.stopped for each in ended.values()):
        return Outcome(RunStatus.SUCCEEDED, exit_code=0)
    if state.cancelled_by:
        return Outcome(RunStatus.CANCELLED, f"cancelled by {state.cancelled_by}")
    return _failure(state, ended, missing, retries)


def _failure(state: RunState, ended: dict[int, NodeState], missing: list[tuple[int, Member]], retries: int) -> Outcome:
    """The end of an attempt that has not succeeded.

    A fault of a node explains the failure of the command on other nodes, so it comes first.
    """
    failed = sorted((each.ended_at or 0, rank) for rank, each in ended.items() if each.fault)
    ranks = [rank for _, rank in failed]
    for fault in (Fault.HEALTH, Fault.INTERRUPTION):
        for rank in ranks:
            if ended[rank].fault == fault:
                return _lost(state, retries, fault, ended[rank].reason, rank)
    if missing:
        rank, member = missing[0]
        node = state.nodes.get(member.instance_id)
        name = f"node {member.instance_id} (rank {rank})"
        if node is not None and node.notice_ends_at is not None:
            return _lost(state, retries, Fault.INTERRUPTION, f"{name} was terminated: {node.notice_reason}", rank)
        return _lost(state, retries, Fault.NODE, f"{name} was lost: it no longer reports", rank)
    if not ranks:
        return _lost(state, retries, Fault.NODE, "the command was stopped on all nodes", None)
    node = ended[ranks[0]]
    if node.fault != Fault.CODE:
        return _lost(state, retries, node.fault, node.reason, ranks[0])
    return Outcome(
        RunStatus.FAILED,
        node.reason,
        Fault.CODE,
        exit_code=node.exit_code,
        failed_rank=ranks[0],
        failed_instance=node.instance_id,
    )


def _lost(state: RunState, retries: int, fault: str, reason: str, rank: int | None) -> Outcome:
    """Another attempt, if the run allows one; otherwise the failure of the run."""
    instance = None if rank is None else state.members[rank].instance_id
    node = None if instance is None else state.nodes.get(instance)
    # Hardware that is found faulty before the command has run is not the run's fault.
    was_ready = node is None or node.ready_at is not None
    is_free = fault == Fault.HEALTH and not was_ready and state.replaced < FREE_REPLACEMENTS
    replaced = state.replaced + is_free
    may_retry = state.attempt - replaced <= retries
    return Outcome(
        RunStatus.RETRYING if may_retry else RunStatus.FAILED,
        reason,
        fault,
        exit_code=None if may_retry or node is None else node.exit_code,
        failed_rank=rank,
        failed_instance=instance,
        replaced=replaced,
    )
