"""The end of an attempt: the members settle it, upload the outputs, and write the result."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Table
from mlinfra.runner.contract import RunAttribute
from mlinfra.runner.settlement import Outcome, settle
from mlinfra.runner.uploads import Uploaded, upload_folder

if TYPE_CHECKING:
    from mlinfra.runner.run_on_node import RunOnNode
    from mlinfra.runner.state import RunState

log = logging.getLogger("mlinfra.runner")

_NOT_IN_RESULT = (Table.CLUSTER, Table.RECORD, Table.EXPIRE_AT, RunAttribute.STEP, RunAttribute.DETAIL)


class Finishing:
    """The part of one node in the end of an attempt.

    Each node decides the same from the same records. The living member with the lowest rank writes the decision, with a
    condition that only one node can fulfil; if it is lost meanwhile, the next one does.
    """

    def __init__(self, run: RunOnNode) -> None:
        """Decide nothing yet.

        Args:
            run: the run on a member or, if all members are lost, on another node.
        """
        self._spec = run.spec
        self._node = run.node
        self._paths = run.paths
        self._clients = run.clients
        self._records = run.records
        self._pulse = run.pulse

    def run(self, rank: int | None) -> Outcome | None:
        """Wait until the attempt is settled, and for the end of the run if it is the last one.

        Args:
            rank: the rank of this node. None: it is not a member.

        Returns:
            The end of the attempt. None: another attempt has begun, or the run has ended before this node knew why.
        """
        outcome = self._settle(rank)
        if outcome is None or outcome.is_retry:
            return outcome
        if rank is not None:
            self._upload(rank)
            self._pulse.step("ended")
            self._pulse.confirm()
        self._end(outcome, rank)
        return outcome

    def _settle(self, rank: int | None) -> Outcome | None:
        """The outcome, once it is decided. A retry is begun."""
        while self._is_open:
            state = self._pulse.state
            if state is not None:
                outcome = settle(state, self._pulse.lost, retries=self._spec.retries)
                if outcome is None and self._pulse.is_stopping:
                    return None
                if outcome is not None and not outcome.is_retry:
                    return outcome
                if outcome is not None and self._leads(state, rank):
                    with suppress(Exception):
                        self._records.advance(
                            self._pulse.attempt,
                            reason=outcome.reason,
                            fault=str(outcome.fault),
                            replaced=outcome.replaced,
                        )
                    self._pulse.beat(at_once=True)
                    if not self._is_open:
                        return outcome
            self._pulse.wait()
        return None

    @property
    def _is_open(self) -> bool:
        state = self._pulse.state
        return state is None or (not state.has_ended and state.attempt == self._pulse.attempt)

    def _leads(self, state: RunState, rank: int | None) -> bool:
        """True if this node decides: no living member has a lower rank."""
        before = state.members if rank is None else state.members[:rank]
        return all(each.instance_id in self._pulse.lost for each in before)

    def _upload(self, rank: int) -> None:
        """Upload the outputs of this node."""
        folder = self._paths.outputs
        prefix = self._spec.run_object("outputs/" if rank == 0 else f"outputs/rank-{rank}/")
        self._pulse.step("uploading", "outputs")
        try:
            found: Uploaded = self._pulse.during(
                lambda: upload_folder(
                    self._clients.s3, folder, bucket=self._spec.bucket, prefix=prefix, say=self._pulse.say
                ),
                lambda: None,
            )
        except Exception as error:  # noqa: BLE001  the run has ended, whatever happens to its outputs
            log.warning("the outputs were not uploaded: %s", error)
            found = Uploaded(skipped=[f"{folder}: {error}"])
        self._pulse.set(outputs=json.dumps(found.to_json()))

    def _end(self, outcome: Outcome, rank: int | None) -> None:
        """Wait until the living members have uploaded their outputs; then write the result, if this node leads."""
        while self._is_open:
            state = self._pulse.state
            if state is not None and self._leads(state, rank):
                waiting = [
                    each.instance_id
                    for each in state.members
                    if each.instance_id != self._node.instance_id
                    and each.instance_id not in self._pulse.lost
                    and state.nodes[each.instance_id].step != "ended"
                ]
                if not waiting and self._write(outcome, state):
                    self._pulse.beat(at_once=True)
            self._pulse.wait()

    def _write(self, outcome: Outcome, state: RunState) -> bool:
        try:
            self._clients.s3.put_object(
                Bucket=self._spec.bucket,
                Key=self._spec.run_object("result.json"),
                Body=json.dumps(self._result(outcome, state), indent=2, sort_keys=True).encode() + b"\n",
                ContentType="application/json",
            )
        except Exception as error:  # noqa: BLE001  the records tell the end too
            log.warning("result.json was not written: %s", error)
        with suppress(Exception):
            self._records.end(self._pulse.attempt, end_attributes(outcome))
            return True
        return False

    def _result(self, outcome: Outcome, state: RunState) -> dict[str, Any]:
        return {
            "run_id": self._spec.run_id,
            **{name: value for name, value in end_attributes(outcome).items() if value is not None},
            RunAttribute.ATTEMPT: state.attempt,
            RunAttribute.STARTED_AT: state.started_at,
            RunAttribute.ENDED_AT: self._pulse.now,
            "nodes": [
                {
                    "rank": rank,
                    "instance_id": member.instance_id,
                    "lost": member.instance_id in self._pulse.lost,
                    **_recorded(state, member.instance_id),
                }
                for rank, member in enumerate(state.members)
            ],
        }


def end_attributes(outcome: Outcome) -> dict[str, Any]:
    """The attributes of a run that has ended.

    Args:
        outcome: the end of its last attempt.
    """
    return {
        RunAttribute.STATUS: outcome.status,
        RunAttribute.EXIT_CODE: outcome.exit_code,
        RunAttribute.REASON: outcome.reason or None,
        RunAttribute.FAULT: outcome.fault,
        RunAttribute.FAILED_RANK: outcome.failed_rank,
        RunAttribute.FAILED_INSTANCE: outcome.failed_instance,
    }


def _recorded(state: RunState, instance_id: str) -> dict[str, Any]:
    """The record of a node, in the types of JSON."""
    node = state.nodes.get(instance_id)
    found: dict[str, Any] = {
        name: int(value) if isinstance(value, Decimal) else value
        for name, value in ((node.recorded if node else None) or {}).items()
        if name not in _NOT_IN_RESULT
    }
    if isinstance(found.get("outputs"), str):
        found["outputs"] = json.loads(found["outputs"])
    return found
