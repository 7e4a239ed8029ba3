"""Execution of a run on this node: joining, the attempt, its end, and what follows."""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Variable
from mlinfra.job.notices import NoticeChecks
from mlinfra.job.outcome import JobContinues
from mlinfra.job.training import reported_job
from mlinfra.runner.attempt import MemberAttempt
from mlinfra.runner.container import container_name, remove_container
from mlinfra.runner.contract import Fault, RunAttribute, RunKey, RunStatus
from mlinfra.runner.environment import node_environment
from mlinfra.runner.finishing import Finishing
from mlinfra.runner.joining import LONGEST_WAIT_SECONDS, Joining
from mlinfra.runner.paths import LEFT, RunPaths
from mlinfra.runner.pulse import Pulse
from mlinfra.runner.records import RunRecords
from mlinfra.runner.replacement import replace_node
from mlinfra.runner.run_on_node import RunOnNode
from mlinfra.runner.settlement import Outcome
from mlinfra.runner.specification import RunSpecification

if TYPE_CHECKING:
    from mlinfra.runner.clients import Clients
    from mlinfra.runner.nodes import ThisNode
    from mlinfra.runner.pulse import Intervals
    from mlinfra.runner.state import RunState

log = logging.getLogger("mlinfra.runner")

_SHORTEST_ATTEMPT_SECONDS: Final = 5 * 60
"""A node that EC2 terminates within this time, in seconds, does not join."""
_READ_SECONDS: Final = 300.0
"""The time for which the first read of the records is tried, in seconds."""


class Execution:
    """One run on this node, for one attempt. The next one begins in a new process, so that nothing is left of it."""

    def __init__(self, run_id: str, *, node: ThisNode, clients: Clients, intervals: Intervals) -> None:
        """Execute nothing yet.

        Args:
            run_id: the id of the run.
            node: this node.
            clients: AWS.
            intervals: the intervals of the reports.
        """
        self._run_id = run_id
        self._node = node
        self._clients = clients
        self._records = RunRecords(clients.table, clients.clock, RunKey(node.cluster, run_id))
        self._notices = NoticeChecks(3 * intervals.poll)
        self.pulse = Pulse(self._records, clients.clock, node, intervals)

    def run(self) -> bool:
        """Execute the run.

        Returns:
            True if another attempt follows, which this node may join. False: it has nothing more to do.
        """
        state = self._first_state()
        if state is None or state.has_ended:
            log.info("run %s is not active", self._run_id)
            return False
        spec = self._specification(state)
        return spec is not None and not self._is_abandoned(state) and self._take_part(spec, state)

    def _take_part(self, spec: RunSpecification, state: RunState) -> bool:
        """Do what is left to do in the current attempt. True if another attempt follows."""
        self._set_environment()
        notice = self._notices.notice()
        if notice and notice.ends_at.timestamp() - self.pulse.now < _SHORTEST_ATTEMPT_SECONDS:
            log.info("EC2 will terminate this node: it does not join")
            return False
        members = [each.instance_id for each in state.members]
        if members and self._node.instance_id not in members:
            return self._beside(spec, state)
        own = state.nodes.get(self._node.instance_id)
        self.pulse.begin(state.attempt)
        if members and own is not None:
            return self._after_restart(spec, members.index(self._node.instance_id))
        if not members and not Joining(self._on_node(spec)).join(state.attempt):
            return self._another_follows(state.attempt)
        return self._as_member_or_beside(spec)

    def _first_state(self) -> RunState | None:
        """The run. None: it has no record, or the records are not accessible."""
        end = time.monotonic() + _READ_SECONDS
        while not self.pulse.beat(at_once=True):
            if time.monotonic() > end or self.pulse.is_stopping:
                return None
            time.sleep(self.pulse.intervals.poll)
        return self.pulse.state

    def _specification(self, state: RunState) -> RunSpecification | None:
        """The specification. None: it is not valid, and the run has ended."""
        try:
            body = self._clients.s3.get_object(Bucket=state.bucket, Key=state.specification)["Body"].read()
            return RunSpecification.from_json(body)
        except ValueError as error:
            reason = str(error)
        except self._clients.s3.exceptions.NoSuchKey:
            reason = f"s3://{state.bucket}/{state.specification} does not exist"
        # Every other error is that of this moment: the guard starts the runner again within a minute.
        self._fail(state.attempt, f"The specification of the run cannot be read: {reason}", Fault.CODE)
        return None

    def _is_abandoned(self, state: RunState) -> bool:
        """True if no node has executed the run for so long that it is not resumed, but ended."""
        last = max(state.last_seen_at or 0, state.submitted_at or 0)
        now = self.pulse.now
        if not last or now - last <= LONGEST_WAIT_SECONDS:
            return False
        since = datetime.fromtimestamp(last, tz=timezone.utc)
        self._fail(state.attempt, f"No node has executed it since {since:%Y-%m-%d %H:%M} UTC", Fault.NODE)
        return True

    def _fail(self, attempt: int, reason: str, fault: str) -> None:
        log.error("run %s failed: %s", self._run_id, reason)
        self._records.end(
            attempt,
            {RunAttribute.STATUS: RunStatus.FAILED, RunAttribute.REASON: reason, RunAttribute.FAULT: fault},
        )

    def _on_node(self, spec: RunSpecification) -> RunOnNode:
        return RunOnNode(spec, self._node, self._clients, self._records, self.pulse)

    def _as_member_or_beside(self, spec: RunSpecification) -> bool:
        state = self.pulse.state
        assert state is not None  # noqa: S101  it was joined
        members = [each.instance_id for each in state.members]
        if self._node.instance_id not in members:
            return self._leave(spec, state.attempt)
        return self._as_member(spec, members.index(self._node.instance_id))

    def _as_member(self, spec: RunSpecification, rank: int) -> bool:
        """Execute the attempt as a job that the shutdown layers see."""
        os.environ["NODE_RANK"] = str(rank)
        self.pulse.set(**{RunAttribute.RANK: rank})
        attempt = self.pulse.attempt
        if rank == 0:
            self._set_running(attempt)
        outcome: Outcome | None = None
        try:
            with reported_job(spec.name, spec.run_id, None, keep_minutes=spec.keep_minutes):
                run = self._on_node(spec)
                MemberAttempt(run, notices=self._notices, rank=rank).run()
                outcome = Finishing(run).run(rank)
                self._end_job(outcome)
        except (JobContinues, SystemExit) as end:
            log.debug("the job is left with %r", end)
        return self._follow(outcome, attempt)

    def _set_running(self, attempt: int) -> None:
        """Set the status of the run, as soon as the records are accessible."""
        while not self.pulse.is_stopping:
            try:
                self._records.set_running(attempt)
            except Exception as error:  # noqa: BLE001  tried again
                log.warning("the status is not set: %s", error)
                self.pulse.wait()
            else:
                return

    def _end_job(self, outcome: Outcome | None) -> None:
        """Leave the block of the job in the way that reports its end."""
        state = self.pulse.state
        if outcome is None and state is not None and state.has_ended:
            outcome = Outcome(state.status)
        if outcome is None or outcome.is_retry:
            raise JobContinues
        if outcome.status != RunStatus.SUCCEEDED:
            raise SystemExit(outcome.reason or outcome.status)

    def _follow(self, outcome: Outcome | None, attempt: int) -> bool:
        """True if this node may join the next attempt. A node with faulty hardware is replaced instead."""
        is_own = outcome is not None and outcome.failed_instance == self._node.instance_id
        if outcome is not None and outcome.is_retry and outcome.fault == Fault.HEALTH and is_own:
            replace_node(self._clients, self._node, outcome.reason, now=self.pulse.now)
            return False
        return self._another_follows(attempt)

    def _another_follows(self, attempt: int) -> bool:
        state = self.pulse.state
        return state is not None and not state.has_ended and state.attempt > attempt and not self.pulse.is_stopping

    def _after_restart(self, spec: RunSpecification, rank: int) -> bool:
        """Settle an attempt in which the runner of this node ended before: its command has ended with it."""
        state = self.pulse.state
        own = state.nodes.get(self._node.instance_id) if state else None
        attempt = self.pulse.attempt
        if spec.image:
            # A container is not a process of the unit, and does not end with it.
            remove_container(container_name(spec))
        if own is None or own.ended_at is None:
            self.pulse.set(
                **{
                    RunAttribute.RANK: rank,
                    RunAttribute.NODE_ENDED_AT: self.pulse.now,
                    RunAttribute.NODE_FAULT: Fault.NODE,
                    RunAttribute.NODE_REASON: "The runner of the node was restarted.",
                }
            )
        self.pulse.set(**{RunAttribute.SAVED: True})
        self.pulse.step("uploading")
        self.pulse.confirm()
        outcome = Finishing(self._on_node(spec)).run(rank)
        return self._follow(outcome, attempt)

    def _beside(self, spec: RunSpecification, state: RunState) -> bool:
        """Watch an attempt of other nodes, until it is known if any member lives."""
        attempt = state.attempt
        before = {name: each.seen_at for name, each in state.nodes.items()}
        members = [each.instance_id for each in state.members]
        while True:
            self.pulse.wait()
            now = self.pulse.state
            if self.pulse.is_stopping or now is None or now.has_ended:
                return False
            if now.attempt != attempt:
                return True
            if any(each in now.nodes and now.nodes[each].seen_at != before.get(each) for each in members):
                return self._leave(spec, attempt)
            if all(each in self.pulse.lost or each not in now.nodes for each in members):
                self.pulse.attempt = attempt
                self._settle_for(spec)
                return self._another_follows(attempt)

    def _settle_for(self, spec: RunSpecification) -> None:
        """Settle an attempt whose members are all lost. This node is not reported in it."""
        Finishing(self._on_node(spec)).run(None)

    def _leave(self, spec: RunSpecification, attempt: int) -> bool:
        log.info("attempt %d runs on other nodes", attempt)
        folder = RunPaths(self._node.root, spec).run
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LEFT).write_text(f"{attempt}\n", encoding="utf-8")
        return False

    def _set_environment(self) -> None:
        """Set the variables that `mlinfra.job` reads in this process."""
        os.environ.update(
            {
                **{
                    name: value
                    for name, value in node_environment(self._node.root).items()
                    if name.startswith("MLINFRA_")
                },
                Variable.TABLE: self._node.table,
                Variable.CLUSTER: self._node.cluster,
                Variable.INSTANCE: self._node.instance_id,
                "AWS_DEFAULT_REGION": self._node.region,
            }
        )
