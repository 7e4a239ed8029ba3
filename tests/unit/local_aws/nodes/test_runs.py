"""Runs on nodes of the local AWS: the real boot script, document, start of runs, runner archive and runner."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from mlinfra.constructs.training.run_document import document_content
from mlinfra.functions.contract import Table
from mlinfra.operations.runs.bundle import build_runner
from mlinfra.runner.contract import RunAttribute, RunKey, RunStatus
from tests.unit.local_aws.nodes.cluster import Cluster, eventually
from tests.unit.runner.runs import specification

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.runner.specification import RunSpecification

pytestmark = [pytest.mark.local_aws, pytest.mark.lengthy, pytest.mark.xdist_group("local-node-runs")]

BUCKET = "models-of-runs"
DOCUMENT = "recsys-dev-start-run"
_NUMBERS = itertools.count(1)
T = TypeVar("T")


@pytest.fixture(scope="module")
def runner(connect: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The attributes of the runner archive, which is uploaded; and the document."""
    file = tmp_path_factory.mktemp("runner") / "runner.tar.gz"
    archive = build_runner(file).archive
    key = f"two-tower-v2/runner/{archive.sha256}.tar.gz"
    connect("s3").create_bucket(Bucket=BUCKET)
    connect("s3").upload_file(str(file), BUCKET, key)
    connect("ssm").create_document(
        Name=DOCUMENT, Content=json.dumps(document_content()), DocumentType="Command", DocumentFormat="JSON"
    )
    return {RunAttribute.RUNNER_KEY: key, RunAttribute.RUNNER_SHA256: archive.sha256}


def submit(cluster: Cluster, runner: dict[str, str], command: tuple[str, ...], **changes: Any) -> RunSpecification:
    """A run on two nodes, as `mlinfra run` submits it."""
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{next(_NUMBERS):04x}"
    spec = replace(
        specification(run_id=run_id, command=command, nodes=2, partition=cluster.name, table=cluster.table),
        bucket=BUCKET,
        log_group=cluster.log_group,
        stop_seconds=5,
        **changes,
    )
    cluster.client("s3").put_object(Bucket=BUCKET, Key=spec.run_object("run.json"), Body=spec.to_json().encode())
    texts = {
        **RunKey(cluster.name, run_id).run,
        RunAttribute.STATUS: RunStatus.WAITING,
        RunAttribute.BUCKET: BUCKET,
        RunAttribute.SPECIFICATION: spec.run_object("run.json"),
        **runner,
    }
    numbers = {RunAttribute.ATTEMPT: 1, RunAttribute.NODES: 2, RunAttribute.SUBMITTED_AT: int(time.time())}
    cluster.client("dynamodb").put_item(
        TableName=cluster.table,
        Item={
            **{name: {"S": value} for name, value in texts.items()},
            **{name: {"N": str(value)} for name, value in numbers.items()},
        },
    )
    return spec


def start(cluster: Cluster, spec: RunSpecification) -> None:
    """Start a run with the document, on all nodes."""
    command = cluster.client("ssm").send_command(
        DocumentName=DOCUMENT,
        InstanceIds=[each.instance_id for each in cluster.own_nodes()],
        Parameters={"RunId": [spec.run_id]},
    )["Command"]["CommandId"]
    for node in cluster.own_nodes():

        def ended(instance_id: str = node.instance_id) -> dict[str, Any] | None:
            found = cluster.client("ssm").get_command_invocation(CommandId=command, InstanceId=instance_id)
            return dict(found) if found["Status"] not in {"Pending", "InProgress"} else None

        invocation = eventually(ended)
        assert invocation["Status"] == "Success", invocation


def record(cluster: Cluster, spec: RunSpecification) -> dict[str, str]:
    """The record of a run."""
    key = {name: {"S": value} for name, value in RunKey(cluster.name, spec.run_id).run.items()}
    item = cluster.client("dynamodb").get_item(TableName=cluster.table, Key=key, ConsistentRead=True)["Item"]
    return {name: next(iter(value.values())) for name, value in item.items()}


def of_run(cluster: Cluster, spec: RunSpecification, ask: Callable[[], T | None]) -> T:
    """The first answer about a run that is not None, false or empty.

    Raises:
        AssertionError: with the logs of the nodes, if there is none in time.
    """
    try:
        return eventually(ask)
    except AssertionError as error:
        logs = [(each.root / "var/log/mlinfra-guard.log").read_text() for each in cluster.own_nodes()]
        raise AssertionError("\n".join([str(error), str(record(cluster, spec)), *logs])) from None


def ended(cluster: Cluster, spec: RunSpecification) -> dict[str, str]:
    """The record of a run that has ended."""

    def found() -> dict[str, str] | None:
        run = record(cluster, spec)
        return run if run[RunAttribute.STATUS] in RunStatus.ENDED else None

    return of_run(cluster, spec, found)


def job_statuses(cluster: Cluster, spec: RunSpecification) -> list[str]:
    """The statuses of the job of each node, which the shutdown layers read."""
    jobs = cluster.client("dynamodb").query(
        TableName=cluster.table,
        KeyConditionExpression="#c = :c and begins_with(#r, :j)",
        ExpressionAttributeNames={"#c": Table.CLUSTER, "#r": Table.RECORD},
        ExpressionAttributeValues={":c": {"S": cluster.name}, ":j": {"S": f"{Table.JOB_PREFIX}{spec.run_id}"}},
    )["Items"]
    return [each["status"]["S"] for each in jobs]


def test_a_run_on_two_nodes_is_started_by_the_document(cluster: Cluster, runner: dict[str, str]) -> None:
    command = ("bash", "-c", 'echo "rank $NODE_RANK of $NNODES"; echo weights >"$MLINFRA_OUTPUTS/model"')
    spec = submit(cluster, runner, command)
    start(cluster, spec)
    run = ended(cluster, spec)
    assert (run["status"], run["exit_code"]) == ("succeeded", "0"), run
    for rank in (0, 1):
        events = cluster.client("logs").get_log_events(
            logGroupName=cluster.log_group, logStreamName=spec.log_stream(1, rank)
        )["events"]
        assert [each["message"] for each in events] == [f"rank {rank} of 2"]
    outputs = cluster.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=spec.run_object("outputs/"))["Contents"]
    assert [each["Key"].rpartition("outputs/")[2] for each in outputs] == ["model", "rank-1/model"]
    of_run(cluster, spec, lambda: job_statuses(cluster, spec) == ["completed", "completed"])


def test_a_run_goes_on_with_the_node_that_replaces_a_dead_one(cluster: Cluster, runner: dict[str, str]) -> None:
    """Nothing starts it there but the node's own guard."""
    command = ("bash", "-c", '[ "$MLINFRA_ATTEMPT" = 2 ] || exec sleep 600; echo "rank $NODE_RANK goes on"')
    spec = submit(cluster, runner, command, retries=1)
    start(cluster, spec)
    first = [each.instance_id for each in cluster.own_nodes()]
    of_run(cluster, spec, lambda: {step_of(cluster, spec, 1, each) for each in first} == {"running"})
    cluster.nodes.kill(first[0])
    run = ended(cluster, spec)
    assert (run["status"], run["attempt"]) == ("succeeded", "2"), run
    assert len({each.instance_id for each in cluster.own_nodes()} - set(first)) == 1
    for rank in (0, 1):
        events = cluster.client("logs").get_log_events(
            logGroupName=cluster.log_group, logStreamName=spec.log_stream(2, rank)
        )["events"]
        assert [each["message"] for each in events] == [f"rank {rank} goes on"]


def step_of(cluster: Cluster, spec: RunSpecification, attempt: int, instance_id: str) -> str | None:
    """The step of a node in an attempt."""
    key = {name: {"S": value} for name, value in RunKey(cluster.name, spec.run_id).node(attempt, instance_id).items()}
    item = cluster.client("dynamodb").get_item(TableName=cluster.table, Key=key, ConsistentRead=True).get("Item", {})
    return str(item[RunAttribute.STEP]["S"]) if RunAttribute.STEP in item else None
