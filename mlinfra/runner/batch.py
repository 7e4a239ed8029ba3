"""Execution of a run in a container of AWS Batch: `python -m mlinfra.runner.batch`, which `bootstrap` becomes.

AWS Batch starts the containers, decides their ranks and repeats a job whose host was lost; the rest is as on a cluster:
the same records, logs, outputs, checkpoints and result. A job that the records say must be repeated for another reason,
the loss of a node other than node 0, ends with the exit code for which its definition asks for another attempt.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.job.notices import NoticeChecks
from mlinfra.runner.attempt import MemberAttempt
from mlinfra.runner.batch_contract import LOST_NODE_STATUS, BatchVariable
from mlinfra.runner.batch_records import ARRAY_ATTEMPT, ArrayRecords, array_member, read_record
from mlinfra.runner.checkpoints import latest_copy
from mlinfra.runner.clients import connect
from mlinfra.runner.command import adopt_orphans, end_descendants
from mlinfra.runner.contract import Fault, Member, RunAttribute, RunKey, RunStatus
from mlinfra.runner.finishing import Finishing
from mlinfra.runner.nodes import ThisNode
from mlinfra.runner.paths import root
from mlinfra.runner.pulse import Intervals, Pulse
from mlinfra.runner.records import RunRecords
from mlinfra.runner.run_on_node import RunOnNode
from mlinfra.runner.specification import RunSpecification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from mlinfra.runner.clients import Clients
    from mlinfra.runner.settlement import Outcome

log = logging.getLogger("mlinfra.runner")

_CONTAINER_STOP_SECONDS: Final = 15
"""The time between SIGTERM and SIGKILL of the command, in seconds. ECS kills a container 30 seconds after SIGTERM
(ECS_CONTAINER_STOP_TIMEOUT of the agent; ECS developer guide, "Amazon ECS container agent configuration", read
2026-11-29), and the outputs are uploaded in between."""
_READ_SECONDS: Final = 300.0
_PLAN_SECONDS: Final = 600.0
"""The time that further nodes wait for node 0, in seconds: it may download a large image."""
_FAILED: Final = 1


@dataclass(frozen=True)
class BatchPlace:
    """The place of this container: in its job, its array, its group of nodes."""

    run_id: str
    specification: str
    bucket: str
    region: str
    table: str
    partition: str
    attempt: int
    rank: int
    nodes: int
    main_address: str | None
    """The address of node 0. None: this is node 0."""
    array_index: int | None
    job_id: str = ""
    """The id of the job, or of the array to which it belongs."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> BatchPlace:
        """The place that the variables of a container describe.

        Raises:
            ValueError: if one is missing.
        """
        try:
            index = variables.get(BatchVariable.ARRAY_INDEX)
            return cls(
                run_id=variables[BatchVariable.RUN],
                specification=variables[BatchVariable.SPECIFICATION],
                bucket=variables[BatchVariable.BUCKET],
                region=variables[BatchVariable.REGION],
                table=variables[BatchVariable.TABLE],
                partition=variables[BatchVariable.PARTITION],
                attempt=int(variables.get(BatchVariable.ATTEMPT) or 1),
                rank=int(variables.get(BatchVariable.NODE_INDEX) or 0),
                nodes=int(variables.get(BatchVariable.NUM_NODES) or 1),
                main_address=variables.get(BatchVariable.MAIN_NODE_ADDRESS),
                array_index=None if index is None else int(index),
                job_id=re.split("[#:]", variables.get(BatchVariable.JOB_ID, ""))[0],
            )
        except KeyError as error:
            message = f"the variable {error.args[0]} is not set: this is not the container of a run"
            raise ValueError(message) from None

    @property
    def member(self) -> str:
        """Its id in the records, in the place of an instance id."""
        return f"node-{self.rank}" if self.array_index is None else array_member(self.array_index)

    def members(self, own_address: str) -> list[Member]:
        """All members, by rank. Only the address of node 0 is known to all."""
        first = Member("node-0", self.main_address or own_address)
        return [first, *(Member(f"node-{rank}", "") for rank in range(1, self.nodes))]


@dataclass(frozen=True)
class ArraySpecification(RunSpecification):
    """The specification of one job of an array: a log stream and a folder of its own."""

    array_index: int = 0

    def log_stream(self, attempt: int, rank: int) -> str:
        """The log stream of the job, with its index in the place of a rank."""
        return super().log_stream(attempt, rank + self.array_index)

    @classmethod
    def of(cls, spec: RunSpecification, index: int) -> ArraySpecification:
        """The specification of the job with `index`, whose objects are in `array-<index>/` of the run."""
        values = {each.name: getattr(spec, each.name) for each in fields(spec)}
        return cls(**{**values, "prefix": f"{spec.prefix}{array_member(index)}/"}, array_index=index)


class BatchExecution:
    """One attempt of a run, or of one job of its array, in this container."""

    def __init__(self, place: BatchPlace, *, node: ThisNode, clients: Clients, intervals: Intervals) -> None:
        """Execute nothing yet.

        Args:
            place: the place of the container.
            node: the container, as a node.
            clients: AWS.
            intervals: the intervals of the reports.
        """
        self._place = place
        self._node = node
        self._clients = clients
        self._spec = self._read_specification()
        key = RunKey(place.partition, place.run_id)
        if place.array_index is None:
            self._records = RunRecords(clients.table, clients.clock, key)
        else:
            size = self._spec.array_size or 1
            self._records = ArrayRecords(clients.table, clients.clock, key, node=node, size=size)
        self.pulse = Pulse(self._records, clients.clock, node, intervals)

    def run(self) -> int:
        """Execute the attempt.

        Returns:
            The exit code of the container.
        """
        end = time.monotonic() + _READ_SECONDS
        while not self.pulse.beat(at_once=True) and time.monotonic() < end and not self.pulse.is_stopping:
            time.sleep(self.pulse.intervals.poll)
        state = self.pulse.state
        if state is None or state.has_ended or self._is_of_another_job():
            log.error("run %s is not active, or of another job: nothing is done", self._place.run_id)
            return _FAILED
        attempt = ARRAY_ATTEMPT if self._place.array_index is not None else self._place.attempt
        if not self._begin(attempt):
            log.error("attempt %d of run %s has not begun", attempt, self._place.run_id)
            return _FAILED
        if self._place.rank == 0:
            self._records.set_running(attempt)
        run = RunOnNode(self._spec, self._node, self._clients, self._records, self.pulse)
        notices = NoticeChecks(3 * self.pulse.intervals.poll)
        MemberAttempt(run, notices=notices, rank=self._place.rank).run()
        outcome = Finishing(run).run(self._place.rank)
        return self._exit_code(outcome)

    def _is_of_another_job(self) -> bool:
        """True if the run has another job: AWS may have accepted a submission twice, or a person repeated the job."""
        key = RunKey(self._place.partition, self._place.run_id).run
        recorded = (read_record(self._clients.table, key) or {}).get(RunAttribute.BATCH_JOB)
        return bool(recorded and self._place.job_id and recorded != self._place.job_id)

    def _read_specification(self) -> RunSpecification:
        place = self._place
        body = self._clients.s3.get_object(Bucket=place.bucket, Key=place.specification)["Body"].read()
        read = RunSpecification.from_json(body)
        spec = replace(read, stop_seconds=min(read.stop_seconds, _CONTAINER_STOP_SECONDS))
        return spec if place.array_index is None else ArraySpecification.of(spec, place.array_index)

    def _begin(self, attempt: int) -> bool:
        """Report this member, and decide the members on node 0. False: the attempt is not that of the records."""
        pulse, rank = self.pulse, self._place.rank
        self._advance_to(attempt)
        values = {RunAttribute.RANK: self._place.array_index or rank, RunAttribute.JOINED_AT: pulse.now}
        ended = (RunAttribute.NODE_ENDED_AT, RunAttribute.NODE_EXIT_CODE, RunAttribute.NODE_REASON)
        forgotten = dict.fromkeys((*ended, RunAttribute.NODE_FAULT, RunAttribute.STOPPED, RunAttribute.READY_AT))
        pulse.begin(attempt, **forgotten, **values)
        pulse.step("joining")
        pulse.confirm()
        if rank == 0 and self._place.array_index is None:
            checkpoint = None
            if attempt > 1 and self._spec.checkpoints:
                checkpoint = latest_copy(self._clients.s3, bucket=self._spec.bucket, prefix=self._spec.prefix)
            self._records.write_plan(attempt, self._place.members(self._node.address), checkpoint)
            pulse.beat(at_once=True)
        end = time.monotonic() + _PLAN_SECONDS
        while not pulse.is_stopping and time.monotonic() < end:
            state = pulse.state
            if state is not None and (state.has_ended or state.attempt > attempt):
                return False
            if state is not None and state.attempt == attempt and state.members:
                return True
            pulse.wait()
        return False

    def _advance_to(self, attempt: int) -> None:
        """Advance the records to the attempt of AWS Batch, which has repeated the job after the loss of its host."""
        state = self.pulse.state
        if self._place.rank != 0 or self._place.array_index is not None:
            return
        while state is not None and state.attempt < attempt and not state.has_ended:
            reason = f"AWS Batch repeats the job: the host of attempt {state.attempt} was lost"
            self._records.advance(state.attempt, reason=reason, fault=Fault.NODE, replaced=state.replaced)
            before = state.attempt
            self.pulse.beat(at_once=True)
            state = self.pulse.state
            if state is not None and state.attempt == before:
                return

    def _exit_code(self, outcome: Outcome | None) -> int:
        state = self.pulse.state
        own = state.nodes.get(self._node.instance_id) if state else None
        if outcome is not None and outcome.is_retry:
            if self._place.attempt > self._spec.retries:
                # AWS Batch makes no further attempt.
                self._records.end(
                    self._place.attempt + 1,
                    {
                        RunAttribute.STATUS: RunStatus.FAILED,
                        RunAttribute.REASON: outcome.reason,
                        RunAttribute.FAULT: outcome.fault,
                    },
                )
            return LOST_NODE_STATUS
        succeeded = (
            outcome.status == RunStatus.SUCCEEDED
            if outcome
            else state is not None and (state.status == RunStatus.SUCCEEDED)
        )
        if succeeded:
            return 0
        code = (own.exit_code if own else None) or (outcome.exit_code if outcome else None) or _FAILED
        # The command's own failure is not repeated.
        return _FAILED if code == LOST_NODE_STATUS else code


def container_root() -> Path:
    """The root folder for the files of the run: `/`, or a temporary folder if the user of the image cannot write it."""
    given = root()
    folder = given / "var" / "lib"
    while not folder.exists():
        folder = folder.parent
    return given if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="mlinfra-"))


def own_address() -> str:
    """The IPv4 address from which this container reaches others. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 of RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def main(variables: Mapping[str, str] | None = None, intervals: Intervals | None = None) -> int:
    """Execute the run that the variables of the container name.

    Args:
        variables: the variables. Default: those of this process.
        intervals: the intervals of the reports. Default: those of clusters.

    Returns:
        The exit code of the container.
    """
    logging.basicConfig(format="%(asctime)s mlinfra: %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ", stream=sys.stdout)
    logging.Formatter.converter = time.gmtime
    logging.getLogger("mlinfra").setLevel(logging.INFO)
    place = BatchPlace.read(os.environ if variables is None else variables)
    node = ThisNode(
        instance_id=place.member,
        address=own_address(),
        cluster=place.partition,
        table=place.table,
        region=place.region,
        root=container_root(),
    )
    adopt_orphans()
    clients = connect(place.region, place.table)
    execution = BatchExecution(place, node=node, clients=clients, intervals=intervals or Intervals())

    def stop(_signum: int, _frame: FrameType | None) -> None:
        execution.pulse.is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    code = execution.run()
    end_descendants()
    return code


if __name__ == "__main__":
    sys.exit(main())
