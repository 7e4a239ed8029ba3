"""Records of a run: decisions that only one node can take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from boto3.dynamodb.conditions import Key

from mlinfra.functions import clock
from mlinfra.job.aws_clock import AwsClock
from mlinfra.operations.runs.recorded_run import parse_run
from mlinfra.runner.contract import Member, RunKey, RunStatus
from mlinfra.runner.records import RunRecords

if TYPE_CHECKING:
    from mlinfra.operations.runs import Run
    from mlinfra.runner.specification import RunSpecification
    from tests.unit.runner.cluster import Cluster

pytestmark = pytest.mark.xdist_group("runner")


def records(cluster: Cluster, spec: RunSpecification) -> RunRecords:
    clock = AwsClock()
    clock.watch(cluster.table.meta.client)
    found = RunRecords(cluster.table, clock, RunKey(cluster.name, spec.run_id))
    found.read()
    return found


def test_of_many_plans_at_the_same_time_one_is_written(cluster: Cluster) -> None:
    spec = cluster.submit("")
    found = records(cluster, spec)
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda n: found.write_plan(1, [Member(f"i-{n}", "")], None), range(8)))
    assert written.count(True) == 1
    state = found.read()
    assert state is not None
    assert state.members == (Member(f"i-{written.index(True)}", ""),)


def test_of_many_decisions_to_retry_one_begins_the_next_attempt(cluster: Cluster) -> None:
    found = records(cluster, cluster.submit(""))
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda _: found.advance(1, reason="lost", fault="node", replaced=0), range(8)))
    assert begun.count(True) == 1
    state = found.read()
    assert state is not None
    assert (state.attempt, state.status) == (2, "retrying")


def test_an_attempt_that_is_over_changes_nothing(cluster: Cluster) -> None:
    found = records(cluster, cluster.submit(""))
    assert found.advance(1, reason="lost", fault="node", replaced=0)
    assert not found.set_running(1)
    assert not found.end(1, {"status": "failed"})
    assert found.end(2, {"status": "succeeded", "exit_code": 0})
    assert not found.end(2, {"status": "failed"})
    assert not found.advance(2, reason="lost", fault="node", replaced=0)


def test_a_cancelled_run_is_not_retried(cluster: Cluster) -> None:
    spec = cluster.submit("")
    found = records(cluster, spec)
    cluster.cancel(spec)
    assert not found.advance(1, reason="lost", fault="node", replaced=0)
    assert found.end(1, {"status": "cancelled"})


def test_the_first_active_run_that_was_submitted_before_is_found(cluster: Cluster) -> None:
    first, second, third = (cluster.submit("") for _ in range(3))
    assert records(cluster, first).earlier_active() is None
    assert records(cluster, third).earlier_active() == first.run_id
    records(cluster, first).end(1, {"status": "failed"})
    assert records(cluster, third).earlier_active() == second.run_id


def test_the_start_of_the_first_attempt_is_the_start_of_the_run(cluster: Cluster) -> None:
    found = records(cluster, cluster.submit(""))
    assert found.set_running(1)
    before = found.read()
    found.advance(1, reason="lost", fault="node", replaced=1)
    assert found.set_running(2)
    after = found.read()
    assert before is not None
    assert after is not None
    assert after.started_at == before.started_at is not None
    assert (after.status, after.replaced) == ("running", 1)


@pytest.mark.lengthy
def test_the_command_line_reads_the_records_of_real_runners(cluster: Cluster) -> None:
    def read() -> Run:
        found = cluster.table.query(
            KeyConditionExpression=Key("cluster").eq(cluster.name) & Key("record").begins_with(f"run#{spec.run_id}"),
            ConsistentRead=True,
        )
        run = parse_run("dev", found["Items"], clock.now())
        assert run is not None
        return run

    first, second = "i-0000000000000000a", "i-0000000000000000b"
    spec = cluster.submit("import time; print('begun'); time.sleep(600)", nodes=2, retries=1)
    for each in (second, first):
        cluster.start(each, spec)
    cluster.until(lambda: [node.step for node in read().living] == ["running", "running"])
    running = read()
    assert (running.status, running.is_active, running.most_attempts) == (RunStatus.RUNNING, True, 2)
    assert [(node.rank, node.instance_id) for node in running.living] == [(0, first), (1, second)]
    assert running.started_at is not None
    cluster.cancel(spec)
    cluster.ended(spec)
    ended = read()
    assert (ended.status, ended.has_ended, ended.living) == (RunStatus.CANCELLED, True, ())
    assert ended.reason == "cancelled by arn:aws:iam::111111111111:user/ana"
    assert ended.duration is not None
    assert all(node.running_seconds is not None and node.joined_at for node in ended.attempts[0].nodes)
