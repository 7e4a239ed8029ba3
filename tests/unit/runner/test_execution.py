"""Runs on the nodes of a cluster: real runners as processes, real commands, the local AWS."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.runner.runs import BUCKET

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
    written = cluster.folder / "written"
    code = (
        "import os, sys, time, pathlib\n"
        f"written = pathlib.Path({str(written)!r})\n"
        "pathlib.Path(os.environ['MLINFRA_OUTPUTS'], 'partial').write_text('x')\n"
        "if os.environ['NODE_RANK'] == '0':\n"
        "    written.touch()\n"
        "    time.sleep(600)\n"
        "while not written.exists():\n"
        "    time.sleep(0.05)\n"
        "sys.exit(3)"
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
    code = (
        "import os, pathlib, time\n"
        "while not pathlib.Path(os.environ['MLINFRA_OUTPUTS'], 'end').exists(): time.sleep(0.1)"
    )
    first = cluster.submit(code)
    second = cluster.submit("print('after')")
    cluster.start(A, first)
    cluster.until(lambda: cluster.node(first, A).get("step") == "running")
    cluster.start(A, second)
    cluster.until(lambda: cluster.node(second, A).get("detail") == f"waiting for run {first.run_id}")
    outputs = cluster.root(A) / "var/lib/mlinfra/runs" / first.run_id / "code/outputs"
    (outputs / "end").touch()
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


def test_a_notice_of_ec2_reaches_the_commands_of_all_nodes_and_the_run_is_retried(cluster: Cluster) -> None:
    code = (
        "import os, pathlib, signal, sys, time\n"
        "notice = pathlib.Path(os.environ['MLINFRA_NOTICE_FILE'])\n"
        "def save(*_):\n"
        "    print('signal', notice.exists(), flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGUSR1, save)\n"
        "print('attempt', os.environ['MLINFRA_ATTEMPT'], flush=True)\n"
        "time.sleep(600 if os.environ['MLINFRA_ATTEMPT'] == '1' else 0)"
    )
    spec = cluster.submit(code, nodes=2, retries=1, notice_signal="SIGUSR1", notice_seconds=60)
    for each in (A, B):
        cluster.start(each, spec)
    cluster.until(lambda: all(cluster.node(spec, each).get("step") == "running" for each in (A, B)))
    cluster.announce_termination(B, in_seconds=30)
    cluster.until(lambda: cluster.run(spec)["attempt"] == 2)
    assert cluster.run(spec)["reason"] == f"EC2 terminates node {B}: spot interruption"
    assert cluster.run(spec)["fault"] == "interruption"
    cluster.start(C, spec)
    assert cluster.ended(spec)["status"] == "succeeded"
    assert [each["instance_id"] for each in cluster.result(spec)["nodes"]] == [A, C]
    for rank in (0, 1):
        assert cluster.output(spec, attempt=1, rank=rank) == ["attempt 1", "signal True"]


def test_a_shutdown_of_the_node_ends_the_attempt_as_a_fault_of_the_node(cluster: Cluster) -> None:
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); time.sleep(600)"
    spec = cluster.submit(code, retries=1)
    process = cluster.start(A, spec)
    cluster.until(lambda: cluster.node(spec, A).get("step") == "running")
    os.kill(process.pid, signal.SIGTERM)
    process.wait(30)
    run = cluster.run(spec)
    assert (run["status"], run["attempt"], run["fault"]) == ("retrying", 2, "node")


def test_processes_that_a_command_leaves_behind_are_ended(cluster: Cluster) -> None:
    code = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print(child.pid)"
    )
    spec = cluster.submit(code)
    cluster.start(A, spec)
    assert cluster.ended(spec)["status"] == "succeeded"
    (pid,) = cluster.output(spec)
    assert not Path(f"/proc/{pid}").exists()


def test_a_command_that_does_not_exist_fails_like_in_a_shell(cluster: Cluster) -> None:
    spec = cluster.submit("", command=("no-such-command", "--x"))
    cluster.start(A, spec)
    assert cluster.ended(spec)["exit_code"] == 127
    assert cluster.output(spec) == ["no-such-command: No such file or directory"]


def test_a_hardware_fault_explains_the_failure_of_the_command(cluster: Cluster) -> None:
    spec = cluster.submit("import sys; sys.exit(1)")
    kernel = cluster.root(A) / "dev/kmsg"
    kernel.parent.mkdir()
    kernel.write_text("6,1,99000000000000,-;NVRM: Xid (PCI:0000:00:1e): 79, pid=1, GPU has fallen off the bus.\n")
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["fault"], run["exit_code"]) == ("failed", "health", 1)
    assert run["reason"] == (
        "The command ended with exit code 1, after a GPU has fallen off the bus (Xid 79, GPU PCI:0000:00:1e)."
    )


def test_a_run_that_no_node_has_executed_for_a_day_is_not_resumed(cluster: Cluster) -> None:
    spec = cluster.submit("print('never')")
    cluster.change(spec, submitted_at=int(time.time()) - 2 * 86_400)
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert run["status"] == "failed"
    assert run["reason"].startswith("No node has executed it since ")


def test_a_run_with_an_invalid_specification_ends(cluster: Cluster) -> None:
    spec = cluster.submit("")
    cluster.client("s3").put_object(Bucket=BUCKET, Key=spec.run_object("run.json"), Body=b'{"version": 99}')
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert run["status"] == "failed"
    assert "The specification has version 99, and this runner knows up to 1." in run["reason"]
