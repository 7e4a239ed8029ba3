"""Runs on the nodes of a cluster: real runners as processes, real commands, the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.runner.cluster import Cluster

pytestmark = pytest.mark.xdist_group("runner")

A, B, C, D = (f"i-0000000000000000{each}" for each in "abcd")


def test_a_command_runs_on_one_node_and_its_end_is_recorded(cluster: Cluster) -> None:
    code = (
        "import os, pathlib; print('hello', os.environ['NODE_RANK'], os.environ['NNODES']); "
        "pathlib.Path(os.environ['MLINFRA_OUTPUTS'], 'model.pt').write_text('weights')"
    )
    spec = cluster.submit(code)
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["exit_code"], run["attempt"]) == ("succeeded", 0, 1), cluster.logs()
    assert cluster.output(spec) == ["hello 0 1"]
    assert cluster.objects(spec, "outputs/") == ["model.pt"]
    result = cluster.result(spec)
    assert (result["status"], result["nodes"][0]["instance_id"]) == ("succeeded", A)
    assert result["nodes"][0]["outputs"] == {"files": 1, "bytes": 7, "skipped": [], "skipped_files": 0}
    assert cluster.job(spec)["status"] == "completed"


def test_two_nodes_agree_on_ranks_by_their_ids(cluster: Cluster) -> None:
    code = (
        "import os; print(*(os.environ[each] for each in ('NODE_RANK', 'NNODES', 'MASTER_ADDR', 'MLINFRA_RUN', "
        "'MLINFRA_JOB', 'MLINFRA_ATTEMPT')))"
    )
    spec = cluster.submit(code, nodes=2)
    cluster.start(B, spec)
    cluster.start(A, spec)
    assert cluster.ended(spec)["status"] == "succeeded"
    for rank in (0, 1):
        assert cluster.output(spec, rank=rank) == [f"{rank} 2 10.0.0.97 {spec.run_id} {spec.run_id} 1"]
    assert [each["instance_id"] for each in cluster.result(spec)["nodes"]] == [A, B]
    assert [cluster.job(spec, rank)["status"] for rank in (0, 1)] == ["completed", "completed"]


def test_the_first_failure_stops_the_other_nodes_and_is_the_exit_code(cluster: Cluster) -> None:
    code = (
        "import os, sys, time, pathlib\n"
        "pathlib.Path(os.environ['MLINFRA_OUTPUTS'], 'partial').write_text('x')\n"
        "sys.exit(3) if os.environ['NODE_RANK'] == '1' else time.sleep(600)"
    )
    spec = cluster.submit(code, nodes=2, retries=2)
    for each in (A, B):
        cluster.start(each, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["exit_code"], run["fault"], run["attempt"]) == ("failed", 3, "code", 1)
    assert (run["failed_rank"], run["failed_instance"]) == (1, B)
    assert run["reason"] == "The command ended with exit code 3."
    assert cluster.node(spec, A)["reason"] == f"rank 1 ({B}) failed: The command ended with exit code 3."
    # Outputs are uploaded after a failure, too.
    assert cluster.objects(spec, "outputs/") == ["partial", "rank-1/partial"]
    assert cluster.job(spec)["reason"] == "The command ended with exit code 3."


def test_a_lost_node_is_replaced_and_the_run_goes_on_from_its_checkpoint(cluster: Cluster) -> None:
    code = (
        "import os, pathlib, time\n"
        "folder = pathlib.Path(os.environ['MLINFRA_CHECKPOINTS'])\n"
        "if os.environ['MLINFRA_ATTEMPT'] == '2':\n"
        "    print('restored', (folder / 'step-1/model').read_text())\n"
        "else:\n"
        "    (folder / 'step-1').mkdir(); (folder / 'step-1/model').write_text('weights'); time.sleep(600)"
    )
    spec = cluster.submit(code, nodes=2, retries=1, checkpoints="checkpoints")
    first, second = (cluster.start(each, spec) for each in (A, B))
    del first
    cluster.until(lambda: [each for each in cluster.objects(spec, "checkpoints/") if each.endswith(".json")])
    cluster.lose(second)
    cluster.until(lambda: cluster.run(spec)["attempt"] == 2)
    assert cluster.run(spec)["fault"] == "node"
    assert cluster.job(spec)["status"] == "running"
    cluster.start(C, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["attempt"]) == ("succeeded", 2)
    assert [each["instance_id"] for each in cluster.result(spec)["nodes"]] == [A, C]
    for rank in (0, 1):
        assert cluster.output(spec, attempt=2, rank=rank) == ["restored weights"]


def test_a_lost_node_without_retries_ends_the_run(cluster: Cluster) -> None:
    spec = cluster.submit("import time; time.sleep(600)", nodes=2)
    first, second = (cluster.start(each, spec) for each in (A, B))
    cluster.until(
        lambda: cluster.node(spec, A).get("step") == "running" and cluster.node(spec, B).get("step") == "running"
    )
    cluster.lose(first)
    run = cluster.ended(spec)
    del second
    assert (run["status"], run["fault"], run["failed_instance"]) == ("failed", "node", A)
    assert run["reason"] == f"node {A} (rank 0) was lost: it no longer reports"
    assert "exit_code" not in run
    assert cluster.result(spec)["nodes"][0]["lost"] is True


def test_a_cancelled_run_is_stopped_on_all_nodes_and_ignored_signals_end_in_a_kill(cluster: Cluster) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(600)"
    spec = cluster.submit(code, nodes=2, stop_seconds=1, retries=3)
    for each in (A, B):
        cluster.start(each, spec)
    cluster.until(
        lambda: cluster.node(spec, A).get("step") == "running" and cluster.node(spec, B).get("step") == "running"
    )
    cluster.cancel(spec)
    run = cluster.ended(spec)
    assert (run["status"], run["reason"]) == ("cancelled", "cancelled by arn:aws:iam::111111111111:user/ana")
    assert {int(cluster.node(spec, each)["exit_code"]) for each in (A, B)} == {137}


def test_a_run_that_not_all_nodes_join_fails_with_their_number(cluster: Cluster) -> None:
    spec = cluster.submit("print('never')", nodes=2, join_seconds=1)
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["fault"]) == ("failed", "node")
    assert run["reason"] == "1 of 2 nodes joined within 1 seconds"


def test_simultaneous_leaders_decide_once(cluster: Cluster) -> None:
    spec = cluster.submit("import os; print('rank', os.environ['NODE_RANK'])", nodes=2)
    for each in (A, B, C, D):
        cluster.start(each, spec)
    assert cluster.ended(spec)["status"] == "succeeded"
    members = {each["instance_id"] for each in cluster.result(spec)["nodes"]}
    assert len(members) == 2
    for each in {A, B, C, D} - members:
        assert (cluster.root(each) / "var/lib/mlinfra/runs" / spec.run_id / "left").read_text() == "1\n"


def test_a_second_run_waits_for_the_first(cluster: Cluster) -> None:
    first = cluster.submit("import time; time.sleep(3)")
    second = cluster.submit("print('after')")
    cluster.start(A, first)
    cluster.until(lambda: cluster.node(first, A).get("step") == "running")
    cluster.start(A, second)
    cluster.until(lambda: cluster.node(second, A).get("detail") == f"waiting for run {first.run_id}")
    assert cluster.ended(second)["status"] == "succeeded"
    assert int(cluster.run(first)["ended_at"]) <= int(cluster.run(second)["started_at"])


def test_a_runner_that_is_started_again_after_its_end_settles_the_attempt(cluster: Cluster) -> None:
    spec = cluster.submit("import time; time.sleep(600)")
    process = cluster.start(A, spec)
    cluster.until(lambda: cluster.node(spec, A).get("step") == "running")
    cluster.lose(process)
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["fault"], run["reason"]) == ("failed", "node", "The runner of the node was restarted.")


def test_a_run_whose_nodes_are_all_lost_is_retried_by_the_first_new_one(cluster: Cluster) -> None:
    spec = cluster.submit(
        "import os; print('attempt', os.environ['MLINFRA_ATTEMPT']); "
        "import time; time.sleep(600 if os.environ['MLINFRA_ATTEMPT'] == '1' else 0)",
        retries=1,
    )
    process = cluster.start(A, spec)
    cluster.until(lambda: cluster.node(spec, A).get("step") == "running")
    cluster.lose(process)
    cluster.start(B, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["attempt"]) == ("succeeded", 2)
    assert cluster.output(spec, attempt=2) == ["attempt 2"]
