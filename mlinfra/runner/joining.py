"""Joining an attempt: the nodes agree on its members, and with that on their ranks.

Each node writes that it has joined. Once enough have, the living one with the lowest instance id writes the members in
their order, with the condition that no node did before. So it is harmless if two nodes believe to be the lowest.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mlinfra.runner.checkpoints import latest_copy
from mlinfra.runner.contract import Fault, Member, RunAttribute, RunStatus
from mlinfra.runner.group_size import GroupSize

if TYPE_CHECKING:
    from mlinfra.runner.run_on_node import RunOnNode
    from mlinfra.runner.state import NodeState, RunState

log = logging.getLogger("mlinfra.runner")

_TURN_SECONDS: Final = 15.0
LONGEST_WAIT_SECONDS: Final = 24 * 60 * 60
"""The age of the last report, or of the submission, above which a run that no node executes is not resumed: a cluster
that is started again for another purpose must not resume the run of last week."""


class Joining:
    """One node joins one attempt."""

    def __init__(self, run: RunOnNode) -> None:
        """Join nothing yet."""
        self._spec = run.spec
        self._node = run.node
        self._clients = run.clients
        self._records = run.records
        self._pulse = run.pulse

    def join(self, attempt: int) -> bool:
        """Join, and wait until the members are decided.

        Returns:
            True: they are. False: the attempt is over, or the run has ended.
        """
        if not self._spec.concurrent and not self._await_turn(attempt):
            return False
        self._pulse.set(**{RunAttribute.JOINED_AT: self._pulse.now})
        self._pulse.step("joining")
        group = GroupSize(self._clients.autoscaling, self._node.cluster)
        begun = time.monotonic()
        while self._is_open(attempt):
            state = self._pulse.state
            if state and state.members:
                return True
            if state:
                needed = state.nodes_needed
                if group.is_launching(needed):
                    begun = time.monotonic()
                joined = self._joined(state)
                if len(joined) >= needed:
                    self._decide(attempt, joined, needed)
                elif time.monotonic() - begun > self._spec.join_seconds:
                    self._give_up(attempt, joined, needed, group.in_service)
                self._pulse.set(**{RunAttribute.DETAIL: f"{len(joined)} of {needed} nodes have joined"})
            self._pulse.wait()
        return False

    def _await_turn(self, attempt: int) -> bool:
        """Wait until all earlier runs of the cluster have ended: a node executes one run at a time."""
        checked = None
        while self._is_open(attempt):
            now = time.monotonic()
            if checked is None or now - checked > min(_TURN_SECONDS, 3 * self._pulse.intervals.poll):
                checked = now
                with suppress(Exception):  # asked again
                    earlier = self._records.earlier_active()
                    if earlier is None:
                        return True
                    self._pulse.set(**{RunAttribute.STEP: "joining", RunAttribute.DETAIL: f"waiting for run {earlier}"})
            self._pulse.wait()
        return False

    def _is_open(self, attempt: int) -> bool:
        """True while the attempt can be joined. Ends a cancelled run that has no members."""
        state = self._pulse.state
        if state is None:
            return not self._pulse.is_stopping
        if state.has_ended or state.attempt != attempt or self._pulse.is_stopping:
            return False
        if state.cancelled_by and not state.members:
            with suppress(Exception):
                self._records.end(
                    attempt,
                    {
                        RunAttribute.STATUS: RunStatus.CANCELLED,
                        RunAttribute.REASON: f"cancelled by {state.cancelled_by}",
                    },
                )
        return True

    def _joined(self, state: RunState) -> list[NodeState]:
        """The living nodes that have joined, by instance id."""
        fresh = self._pulse.now - max(self._pulse.intervals.fresh, 1)
        return [
            each
            for _, each in sorted(state.nodes.items())
            if each.joined_at is not None and each.seen_at >= fresh and each.instance_id not in self._pulse.lost
        ]

    def _decide(self, attempt: int, joined: list[NodeState], needed: int) -> None:
        """Write the members, if this node is the lowest."""
        if joined[0].instance_id != self._node.instance_id:
            return
        with suppress(Exception):  # tried again with the next report
            checkpoint = None
            if attempt > 1 and self._spec.checkpoints:
                checkpoint = latest_copy(self._clients.s3, bucket=self._spec.bucket, prefix=self._spec.prefix)
            members = [Member(each.instance_id, each.address) for each in joined[:needed]]
            if self._records.write_plan(attempt, members, checkpoint):
                log.info("attempt %d runs on %s", attempt, ", ".join(each.instance_id for each in members))
            self._pulse.beat(at_once=True)

    def _give_up(self, attempt: int, joined: list[NodeState], needed: int, in_service: frozenset[str]) -> None:
        """End the run, if this node is the lowest: not all nodes have joined in time."""
        if joined and joined[0].instance_id != self._node.instance_id:
            return
        missing = sorted(in_service - {each.instance_id for each in joined})
        reason = f"{len(joined)} of {needed} nodes joined within {_minutes(self._spec.join_seconds)}"
        if missing:
            reason += f"; not joined: {', '.join(missing)}, in service, whose runner does not report"
        with suppress(Exception):
            self._records.end(
                attempt,
                {RunAttribute.STATUS: RunStatus.FAILED, RunAttribute.REASON: reason, RunAttribute.FAULT: Fault.NODE},
            )
            self._pulse.beat(at_once=True)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"  # noqa: PLR2004  a minute
