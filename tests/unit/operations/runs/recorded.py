"""Records of runs in the table of an environment, as the command line and the nodes write them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3

from mlinfra.functions import clock
from mlinfra.functions.contract import Table
from mlinfra.runner import RunAttribute, RunKey, RunStatus, run_index
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra import Environment

ENVIRONMENT = an_environment(account_id="123456789012", emulated=True, experiments=[an_experiment()])
CLUSTER = "recsys-dev-two-tower-v2"
ME = "arn:aws:sts::123456789012:user/moto"
ANA = "arn:aws:sts::123456789012:assumed-role/Trainer/ana@example.com"
RUN_ID = "20261130-101500-7f3a"


def seconds_ago(seconds: float) -> Decimal:
    """A time of the records."""
    return Decimal(str(round(clock.now().timestamp() - seconds, 3)))


def put(item: dict[str, Any], environment: Environment = ENVIRONMENT) -> None:
    """Write one item to the environment's table."""
    boto3.resource("dynamodb", region_name=environment.region).Table(environment.names.records_table).put_item(
        Item={name: value for name, value in item.items() if value is not None}
    )


def put_run(run_id: str = RUN_ID, *, partition: str = CLUSTER, indexed: bool = True, **attributes: Any) -> None:
    """Record a run with its item in the index. By default, it was submitted by ANA a minute ago, and runs."""
    put(
        RunKey(partition, run_id).run
        | {
            RunAttribute.NAME: "train",
            RunAttribute.EXPERIMENT: "two-tower-v2",
            RunAttribute.STATUS: RunStatus.RUNNING,
            RunAttribute.NODES: 2,
            RunAttribute.COMMAND: "python train.py --lr 0.1",
            RunAttribute.SUBMITTED_BY: ANA,
            RunAttribute.SUBMITTED_AT: seconds_ago(60),
            RunAttribute.ATTEMPT: 1,
        }
        | attributes
    )
    if indexed:
        put({Table.CLUSTER: run_index(run_id), Table.RECORD: run_id, RunAttribute.PARTITION: partition})


def put_node(
    instance_id: str,
    *,
    run_id: str = RUN_ID,
    partition: str = CLUSTER,
    attempt: int = 1,
    seen: float = 2,
    **attributes: Any,
) -> None:
    """Record a node of an attempt, which last reported `seen` seconds ago."""
    put(
        RunKey(partition, run_id).node(attempt, instance_id)
        | {RunAttribute.SEEN_AT: seconds_ago(seen), RunAttribute.STEP: "running"}
        | attributes
    )


def put_plan(*instance_ids: str, run_id: str = RUN_ID, partition: str = CLUSTER, attempt: int = 1) -> None:
    """Record the members of an attempt."""
    members = [{"instance_id": each, "address": f"10.0.0.{rank}"} for rank, each in enumerate(instance_ids)]
    put(RunKey(partition, run_id).plan(attempt) | {RunAttribute.MEMBERS: members})
