"""Records of one job of an array, as if it were a run of its own.

The jobs of an array are independent: one that fails does not stop the others, and they need not run at the same time.
Each has a node's record, `run#<id>#node#1#array-<index>`. The job that ends last ends the run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Table
from mlinfra.runner.contract import Fault, Member, RunAttribute, RunStatus
from mlinfra.runner.records import RunRecords
from mlinfra.runner.state import RunState, parse_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.job.aws_clock import AwsClock
    from mlinfra.runner.contract import RunKey
    from mlinfra.runner.nodes import ThisNode

ARRAY_ATTEMPT: Final = 1
"""The attempt of all jobs of an array: AWS Batch repeats each on its own."""
CHILD_STATUS: Final = "job_status"
"""The attribute of a node's record with the status of an ended job of an array."""


def array_member(index: int) -> str:
    """The id of a job of an array in the records."""
    return f"array-{index}"


class ArrayRecords(RunRecords):
    """The records of one job of an array."""

    def __init__(self, table: Any, clock: AwsClock, key: RunKey, *, node: ThisNode, size: int) -> None:  # noqa: ANN401
        """Read and write nothing yet.

        Args:
            table: boto3's resource of the table.
            clock: the clock, which the first read sets.
            key: the keys of the records.
            node: this job.
            size: the number of jobs of the array.
        """
        super().__init__(table, clock, key)
        self._node = node
        self._size = size
        self._is_repeated = False

    def read(self) -> RunState | None:
        """The run, with this job as its only member. Reads two records, since an array can have hundreds."""
        keys = (self._key.run, self._key.node(ARRAY_ATTEMPT, self._node.instance_id))
        items = [item for key in keys if (item := self._item(key)) is not None]
        state = parse_state(self._key.run_id, items)
        if state is None:
            return None
        own = items[-1].get(CHILD_STATUS)
        return replace(
            state,
            status=str(own) if own and state.status in RunStatus.ACTIVE else state.status,
            attempt=ARRAY_ATTEMPT + self._is_repeated,
            members=(Member(self._node.instance_id, self._node.address),),
            checkpoint=None,
        )

    def advance(self, attempt: int, *, reason: str, fault: str, replaced: int) -> bool:  # noqa: ARG002  the same call
        """Leave the rest to the next attempt of this job, which AWS Batch starts."""
        self._is_repeated = True
        return True

    def set_running(self, attempt: int) -> bool:
        """Set the status `running`. The first job of the array does so."""
        state = super().read() if attempt == ARRAY_ATTEMPT else None
        if state is None or state.status == RunStatus.RUNNING:
            return False
        return self._change(
            ARRAY_ATTEMPT, {RunAttribute.STATUS: RunStatus.RUNNING, RunAttribute.STARTED_AT: self._clock.now()}
        )

    def end(self, attempt: int, values: Mapping[str, Any]) -> bool:  # noqa: ARG002  the same call
        """End this job, and the run if it is the last."""
        self.write_node(
            ARRAY_ATTEMPT,
            self._node.instance_id,
            {
                CHILD_STATUS: values[RunAttribute.STATUS],
                RunAttribute.NODE_EXIT_CODE: values.get(RunAttribute.EXIT_CODE),
                RunAttribute.NODE_REASON: values.get(RunAttribute.REASON),
            },
        )
        state = super().read()
        ended = {
            name: node
            for name, node in (state.nodes if state else {}).items()
            if node.recorded and node.recorded.get(CHILD_STATUS)
        }
        if len(ended) == self._size and state is not None and not state.has_ended:
            super().end(ARRAY_ATTEMPT, self._conclusion(state, ended))
        return True

    def _conclusion(self, state: RunState, ended: Mapping[str, Any]) -> dict[str, Any]:
        """The end of the run: failed if any job failed."""
        failed = sorted(
            (index, node)
            for index in range(self._size)
            if (node := ended[array_member(index)]).recorded[CHILD_STATUS] != RunStatus.SUCCEEDED
        )
        if not failed:
            return {RunAttribute.STATUS: RunStatus.SUCCEEDED, RunAttribute.EXIT_CODE: 0}
        if state.cancelled_by:
            reason = f"cancelled by {state.cancelled_by}"
            return {RunAttribute.STATUS: RunStatus.CANCELLED, RunAttribute.REASON: reason}
        index, first = failed[0]
        return {
            RunAttribute.STATUS: RunStatus.FAILED,
            RunAttribute.EXIT_CODE: first.exit_code,
            RunAttribute.FAULT: first.fault or Fault.CODE,
            RunAttribute.REASON: f"{len(failed)} of {self._size} jobs failed. Job {index}: {first.reason}",
            RunAttribute.FAILED_RANK: index,
        }

    def _item(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        return read_record(self._table, key)


def read_record(table: Any, key: Mapping[str, str]) -> dict[str, Any] | None:  # noqa: ANN401  boto3 has no types
    """One record, by a query: the roles of nodes and runs have no other permission to read. None: it does not exist.

    Args:
        table: boto3's resource of the table.
        key: the key of the record.
    """
    answer = table.query(
        ConsistentRead=True,
        KeyConditionExpression="#cluster = :cluster AND #record = :record",
        ExpressionAttributeNames={"#cluster": Table.CLUSTER, "#record": Table.RECORD},
        ExpressionAttributeValues={":cluster": key[Table.CLUSTER], ":record": key[Table.RECORD]},
    )
    return dict(answer["Items"][0]) if answer["Items"] else None
