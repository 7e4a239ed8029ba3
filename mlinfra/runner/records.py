"""Records of a run in the environment's table.

Nodes may only query and update items of their own cluster. Every decision that only one node may take is an update with
a condition: DynamoDB carries out one of those that nodes send at the same time, and refuses the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Table
from mlinfra.runner.contract import KEPT_DAYS, RUN_PREFIX, RunAttribute, RunKey, RunStatus
from mlinfra.runner.state import parse_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.job.aws_clock import AwsClock
    from mlinfra.runner.contract import Member
    from mlinfra.runner.state import RunState

_DAY_SECONDS: Final = 24 * 60 * 60
_ACTIVE: Final = {f":active{number}": status for number, status in enumerate(RunStatus.ACTIVE)}
_IS_ACTIVE: Final = f"#status IN ({', '.join(_ACTIVE)})"


class RunRecords:
    """The records of one run."""

    def __init__(self, table: Any, clock: AwsClock, key: RunKey) -> None:  # noqa: ANN401  boto3 has no types
        """Read and write nothing yet.

        Args:
            table: boto3's resource of the table.
            clock: the clock, which the first read sets.
            key: the keys of the records.
        """
        self._table = table
        self._clock = clock
        self._key = key
        self._refused = table.meta.client.exceptions.ConditionalCheckFailedException

    def read(self) -> RunState | None:
        """The state of the run, including all that other nodes wrote before. None: it has no record."""
        pages = self._table.meta.client.get_paginator("query").paginate(
            TableName=self._table.name,
            ConsistentRead=True,
            KeyConditionExpression="#cluster = :cluster AND begins_with(#record, :run)",
            ExpressionAttributeNames={"#cluster": Table.CLUSTER, "#record": Table.RECORD},
            ExpressionAttributeValues={":cluster": self._key.partition, ":run": self._key.run[Table.RECORD]},
        )
        return parse_state(self._key.run_id, (item for page in pages for item in page["Items"]))

    def earlier_active(self) -> str | None:
        """The id of the first active run of the cluster that was submitted before. None: there is none."""
        oldest = f"{RUN_PREFIX}{self._key.run_id[:4]}"
        own = self._key.run[Table.RECORD]
        pages = self._table.meta.client.get_paginator("query").paginate(
            TableName=self._table.name,
            ConsistentRead=True,
            KeyConditionExpression="#cluster = :cluster AND #record BETWEEN :oldest AND :own",
            FilterExpression=_IS_ACTIVE,
            ProjectionExpression="#record",
            ExpressionAttributeNames={
                "#cluster": Table.CLUSTER,
                "#record": Table.RECORD,
                "#status": RunAttribute.STATUS,
            },
            ExpressionAttributeValues={":cluster": self._key.partition, ":oldest": oldest, ":own": own, **_ACTIVE},
        )
        for page in pages:
            for item in page["Items"]:
                record = str(item[Table.RECORD])
                if record != own and "#" not in record[len(RUN_PREFIX) :]:
                    return record[len(RUN_PREFIX) :]
        return None

    def write_node(self, attempt: int, instance_id: str, values: Mapping[str, Any]) -> None:
        """Replace the attributes `values` of a node's record. An attribute that is None is removed."""
        now = self._clock.now()
        self._update(
            self._key.node(attempt, instance_id),
            {**values, RunAttribute.SEEN_AT: now, Table.EXPIRE_AT: now + KEPT_DAYS * _DAY_SECONDS},
        )

    def write_plan(self, attempt: int, members: Sequence[Member], checkpoint: str | None) -> bool:
        """Decide the members of an attempt. False: another node has decided before."""
        now = self._clock.now()
        return self._update(
            self._key.plan(attempt),
            {
                RunAttribute.MEMBERS: [{"instance_id": each.instance_id, "address": each.address} for each in members],
                RunAttribute.PLANNED_AT: now,
                RunAttribute.CHECKPOINT: checkpoint,
                Table.EXPIRE_AT: now + KEPT_DAYS * _DAY_SECONDS,
            },
            condition="attribute_not_exists(#record)",
            names={"#record": Table.RECORD},
        )

    def set_running(self, attempt: int) -> bool:
        """Set the status `running`. False: the attempt is over, or the run has ended."""
        state = self.read()
        started = {} if state and state.started_at else {RunAttribute.STARTED_AT: self._clock.now()}
        return self._change(attempt, {RunAttribute.STATUS: RunStatus.RUNNING, **started})

    def advance(self, attempt: int, *, reason: str, fault: str, replaced: int) -> bool:
        """Begin the next attempt. False: another node did, or the run has ended or is cancelled.

        Args:
            attempt: the attempt that was lost.
            reason: why, in a sentence.
            fault: the kind of the fault.
            replaced: the number of attempts so far that do not count as retries.
        """
        return self._change(
            attempt,
            {
                RunAttribute.STATUS: RunStatus.RETRYING,
                RunAttribute.ATTEMPT: attempt + 1,
                RunAttribute.REASON: reason,
                RunAttribute.FAULT: fault,
                RunAttribute.REPLACED: replaced or None,
            },
            and_condition="attribute_not_exists(#cancelled)",
            names={"#cancelled": RunAttribute.CANCELLED_AT},
        )

    def end(self, attempt: int, values: Mapping[str, Any]) -> bool:
        """End the run with the attributes `values`. False: it has ended before, or another attempt began."""
        return self._change(attempt, {RunAttribute.ENDED_AT: self._clock.now(), **values})

    def _change(
        self,
        attempt: int,
        values: Mapping[str, Any],
        *,
        and_condition: str = "",
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """Change the run while `attempt` is the current one and the run is active."""
        condition = f"{_IS_ACTIVE} AND #attempt = :current"
        return self._update(
            self._key.run,
            values,
            condition=f"{condition} AND {and_condition}" if and_condition else condition,
            names={"#status": RunAttribute.STATUS, "#attempt": RunAttribute.ATTEMPT, **(names or {})},
            parameters={**_ACTIVE, ":current": attempt},
        )

    def _update(
        self,
        key: Mapping[str, str],
        values: Mapping[str, Any],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> bool:
        known = {name: value for name, value in values.items() if value is not None}
        removed = [name for name, value in values.items() if value is None]
        # Every name goes through a placeholder: `status` is a reserved word of DynamoDB.
        change = "SET " + ", ".join(f"#v_{name} = :v_{name}" for name in known)
        if removed:
            change += " REMOVE " + ", ".join(f"#v_{name}" for name in removed)
        arguments: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        try:
            self._table.update_item(
                Key=dict(key),
                UpdateExpression=change,
                ExpressionAttributeNames={**{f"#v_{name}": name for name in values}, **(names or {})},
                ExpressionAttributeValues={
                    **{f":v_{name}": value for name, value in known.items()},
                    **(parameters or {}),
                },
                **arguments,
            )
        except self._refused:
            return False
        return True
