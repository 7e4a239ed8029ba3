"""The guard as it runs on a node every minute. Its AWS is the local one."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.functions.contract import JobStatus, NodeKey, Table
from mlinfra.node_guard import __main__ as guard
from mlinfra.node_guard.commands import Commands
from mlinfra.node_guard.settings import read_settings
from tests.local_aws import make_records_table
from tests.unit.constructs.training.node import AWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.unit.node_guard.conftest import FakeNode

CLUSTER = "recsys-dev-two-tower-v2"
TABLE = "recsys-dev-clusters"
IDLE, BUSY = "echo 0, Disabled; echo 2, Disabled", "echo 0, Disabled; echo 97, Disabled"


SERVICE = "0::/system.slice/systemd-resolved.service"


class Guarded:
    """A node of an auto scaling group, with its guard."""

    def __init__(self, client: Callable[..., Any], node: FakeNode) -> None:
        self.node = node
        self.autoscaling, self.dynamodb, self.cloudwatch = (
            client("autoscaling"),
            client("dynamodb"),
            client("cloudwatch"),
        )
        client("ec2").create_launch_template(
            LaunchTemplateName="node", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
        )
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=CLUSTER,
            MinSize=0,
            MaxSize=1,
            DesiredCapacity=1,
            LaunchTemplate={"LaunchTemplateName": "node"},
            AvailabilityZones=["us-east-1a"],
            NewInstancesProtectedFromScaleIn=True,
        )
        make_records_table(client, TABLE)
        (group,) = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[CLUSTER])["AutoScalingGroups"]
        self.id = str(group["Instances"][0]["InstanceId"])
        self.aws_answers = True
        node.write("dev/nvidia0", "")
        node.write(
            "etc/mlinfra/node",
            f'CLUSTER="{CLUSTER}"\nREGION="us-east-1"\nINSTANCE_ID="{self.id}"\nADDRESS="10.0.0.4"\nTABLE="{TABLE}"\n'
            'IDLE_MINUTES="20"\nIDLE_GPU_PERCENT="2.5"\nSTALLED_MINUTES="60"\nPAUSE_MINUTES="10"\n'
            'VACANT_MINUTES="5"\nNODES="2"\n',
        )
        node.process(50, "/usr/lib/systemd/systemd-resolved", name="systemd-resolve", cgroup=SERVICE)

    def minute(self, nvidia_smi: str, *ids: int, after_minutes: float = 1) -> None:
        """Run the guard once, some minutes after the last run."""
        self.node.pass_time(60 * after_minutes)
        listed = " ".join(map(str, ids))
        self.node.command(
            "nvidia-smi", f'[[ "$*" != *compute-apps* ]] || {{ printf "%s\\n" {listed}; exit; }}\n{nvidia_smi}'
        )
        assert guard.main(["--root", str(self.node.root)], sleep=lambda _: None) == 0

    def job(self, status: str = JobStatus.RUNNING, *, heartbeat_seconds_ago: float | None = 10, **values: str) -> None:
        """A job of the cluster."""
        item = {
            Table.CLUSTER: {"S": CLUSTER},
            Table.RECORD: {"S": f"{Table.JOB_PREFIX}1"},
            Table.JOB_NAME: {"S": "bert"},
            Table.JOB_STATUS: {"S": status},
            **{name: {"S" if name == Table.INSTANCE else "N": value} for name, value in values.items()},
        }
        if heartbeat_seconds_ago is not None:
            item[Table.HEARTBEAT_AT] = {"N": str(time.time() - heartbeat_seconds_ago)}
        self.dynamodb.put_item(TableName=TABLE, Item=item)

    @property
    def is_protected(self) -> bool:
        (found,) = self.autoscaling.describe_auto_scaling_instances(InstanceIds=[self.id])["AutoScalingInstances"]
        return bool(found["ProtectedFromScaleIn"])

    def unprotect(self) -> None:
        """Have the protection removed by a job that has ended."""
        self.autoscaling.set_instance_protection(
            InstanceIds=[self.id], AutoScalingGroupName=CLUSTER, ProtectedFromScaleIn=False
        )

    @property
    def report(self) -> dict[str, Any]:
        key = {name: {"S": value} for name, value in NodeKey(CLUSTER, self.id).item.items()}
        item = self.dynamodb.get_item(TableName=TABLE, Key=key).get("Item", {})
        return {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}

    @property
    def may_be_replaced(self) -> bool:
        """The answer that `mlinfra-check-node --hourly` looks for."""
        return '"idle": true' in (self.node.root / "run/mlinfra/guard.json").read_text()

    @property
    def changes(self) -> int:
        return sum("set-instance-protection" in call for call in self.node.calls)

    @property
    def log(self) -> str:
        return (self.node.root / "var/log/mlinfra-guard.log").read_text()


@pytest.fixture
def guarded(client: Callable[..., Any], node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """The aws command runs in this process: a process for each call would import boto3 each time."""
    made = Guarded(client, node)
    run = Commands.run

    def run_here(self: Commands, command: Sequence[str], *, seconds: float, first_line: bool = False) -> str | None:
        if command[0] != "aws":
            return run(self, command, seconds=seconds, first_line=first_line)
        with (node.root / "calls").open("a") as calls:
            calls.write(" ".join(command) + "\n")
        if not made.aws_answers:
            return None
        output = io.StringIO()
        with monkeypatch.context() as patch, contextlib.redirect_stdout(output):
            patch.setattr(sys, "argv", list(command))
            try:
                exec(compile(AWS, "aws", "exec"), {})  # noqa: S102  a script of these tests
            except ClientError:
                return None
        return output.getvalue()

    monkeypatch.setattr(Commands, "run", run_here)
    return made


def test_every_minute_is_reported(guarded: Guarded) -> None:
    guarded.node.process(7, io=5)
    before = int(time.time())
    guarded.minute(BUSY, 7)
    report = guarded.report
    assert before <= report.pop("reported_at") <= time.time()
    assert before + 2 * 86_400 <= report.pop("expire_at") <= time.time() + 2 * 86_400
    assert report.pop("users")
    assert report == {
        "cluster": CLUSTER,
        "record": f"node#{guarded.id}",
        "activity": "busy",
        "why": "an accelerator is in use at 97 %",
        "idle_seconds": 0,
        "stalled_seconds": 0,
        "accelerator_percent": 97,
        "processes": 1,
        "containers": 0,
        "kernels": 0,
        "sessions": 0,
        "disk_bytes": 0,
        "network_bytes": 0,
        "vacant_seconds": 0,
        "occupant": "process 7 (python)",
    }


def test_values_that_became_unknown_are_removed_from_the_report(guarded: Guarded) -> None:
    guarded.node.process(7)
    guarded.minute(BUSY, 7)
    guarded.minute("exit 9")
    assert not {"accelerator_percent", "users"} & set(guarded.report)
    assert guarded.report["activity"] == "idle"


def test_every_minute_has_metrics(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=2)
    found = guarded.cloudwatch.list_metrics(Namespace="mlinfra/Node")["Metrics"]
    dimensions = [{"Name": "InstanceId", "Value": guarded.id}, {"Name": "AutoScalingGroupName", "Value": CLUSTER}]
    assert {each["MetricName"] for each in found} == {"Active", "Processes", "IdleSeconds"}
    assert all(each["Dimensions"] == dimensions for each in found)
    assert sum("put-metric-data" in call for call in guarded.node.calls) == 2
    (metrics,) = [call for call in guarded.node.calls if "put-metric-data" in call][1:]
    values = {each["MetricName"]: each["Value"] for each in json.loads(metrics.partition("--metric-data ")[2])}
    assert values == {"Active": 0, "Processes": 0, "IdleSeconds": 120}


def test_a_node_that_was_idle_for_long_loses_its_protection(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=19)
    assert guarded.is_protected
    guarded.minute(IDLE)
    assert not guarded.is_protected
    assert "idle for 20 minutes: no longer protected from scale-in" in guarded.log


def test_a_node_that_works_again_is_protected_again(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=30)
    guarded.minute(BUSY)
    assert guarded.is_protected
    assert guarded.report["idle_seconds"] == 0


def test_a_protection_that_a_finished_job_removed_is_not_set_again_while_the_node_is_idle(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.unprotect()
    guarded.minute(IDLE, after_minutes=3)
    assert not guarded.is_protected


def events(guarded: Guarded) -> list[dict[str, Any]]:
    """The entries of the events that the guard has sent."""
    sent = [each for each in guarded.node.calls if "put-events" in each]
    return [json.loads(each.split("--entries ")[1].split(" --query")[0])[0] for each in sent]


def test_a_vacant_node_loses_its_protection_and_is_announced_once(guarded: Guarded) -> None:
    end_job(guarded)
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=4)
    assert guarded.is_protected
    assert events(guarded) == []
    guarded.minute(IDLE)
    assert not guarded.is_protected
    assert guarded.report["vacant_seconds"] == 300
    assert "vacant for 5 minutes: no longer protected from scale-in" in guarded.log
    guarded.minute(IDLE, after_minutes=20)
    (entry,) = events(guarded)
    assert (entry["Source"], entry["DetailType"]) == ("mlinfra.node", "Training Node Idle")
    assert json.loads(entry["Detail"]) == {
        "cluster": CLUSTER,
        "instance_id": guarded.id,
        "reason": "vacant for 5 minutes",
    }


def test_a_node_with_a_script_is_not_vacant(guarded: Guarded) -> None:
    end_job(guarded)
    guarded.node.process(60, "bash queue.sh", name="bash", cgroup="0::/user.slice/user-1000.slice/session-1.scope")
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=8)
    assert (guarded.report["vacant_seconds"], guarded.report["occupant"]) == (0, "process 60 (bash)")
    assert guarded.is_protected


def test_a_node_that_has_run_nothing_is_not_vacant(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=19)
    assert guarded.report["vacant_seconds"] == 0
    assert guarded.is_protected


def test_an_idle_node_is_announced_again_only_after_it_has_worked(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=20)
    guarded.minute(IDLE)
    assert len(events(guarded)) == 1
    guarded.minute(BUSY)
    guarded.minute(IDLE, after_minutes=20)
    assert len(events(guarded)) == 2


def test_an_event_that_was_not_sent_is_sent_a_minute_later(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    guarded.aws_answers = False
    guarded.minute(IDLE, after_minutes=20)
    guarded.aws_answers = True
    guarded.minute(IDLE)
    guarded.minute(IDLE)
    assert len(events(guarded)) == 1


def test_nodes_of_a_cluster_of_more_than_64_send_no_events(guarded: Guarded) -> None:
    file = guarded.node.root / "etc/mlinfra/node"
    file.write_text(file.read_text().replace('NODES="2"', 'NODES="65"'))
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=20)
    assert not guarded.is_protected
    assert events(guarded) == []


def end_job(guarded: Guarded) -> None:
    """Have a job run for two minutes, and end."""
    guarded.job(**{Table.INSTANCE: guarded.id, Table.STARTED_AT: str(time.time())})
    guarded.minute(BUSY, 7)
    guarded.minute(BUSY, 7)
    guarded.job(JobStatus.COMPLETED)


def test_a_node_loses_its_protection_after_a_job_and_a_pause(guarded: Guarded) -> None:
    end_job(guarded)
    guarded.minute(IDLE, after_minutes=10)
    assert guarded.is_protected
    guarded.minute(IDLE)
    assert not guarded.is_protected
    assert "its job has ended, and no other began: no longer protected from scale-in" in guarded.log


def test_a_job_that_demands_a_longer_pause_keeps_the_protection_until_then(guarded: Guarded) -> None:
    end_job(guarded)
    ended = {Table.INSTANCE: guarded.id, Table.ENDED_AT: str(time.time())}
    guarded.job(JobStatus.COMPLETED, **ended, **{Table.KEEP_MINUTES: "60"})
    guarded.minute(IDLE, after_minutes=30)
    assert guarded.is_protected
    guarded.job(JobStatus.COMPLETED, **ended, **{Table.KEEP_MINUTES: "0"})
    guarded.minute(IDLE)
    assert not guarded.is_protected


def test_the_next_job_of_a_queue_begins_the_pause_again(guarded: Guarded) -> None:
    end_job(guarded)
    guarded.minute(IDLE, after_minutes=9)
    end_job(guarded)
    guarded.minute(IDLE, after_minutes=9)
    assert guarded.is_protected


def test_work_that_began_after_a_job_keeps_the_protection_for_the_idle_time(guarded: Guarded) -> None:
    end_job(guarded)
    guarded.minute(IDLE)
    guarded.minute(BUSY, after_minutes=4)
    guarded.minute(IDLE, after_minutes=15)
    assert guarded.is_protected


def test_jobs_that_cannot_be_read_have_not_ended(guarded: Guarded) -> None:
    end_job(guarded)
    guarded.aws_answers = False
    guarded.minute(IDLE, after_minutes=15)
    guarded.aws_answers = True
    assert guarded.is_protected


@pytest.mark.parametrize(("started_after", "protected"), [(-60, False), (-3600, True), (300, True)])
def test_only_processes_of_the_job_itself_are_left_by_it(
    guarded: Guarded, started_after: float, *, protected: bool
) -> None:
    guarded.node.process(7, started=guarded.node.seconds + started_after)
    end_job(guarded)
    guarded.minute(IDLE, 7, after_minutes=6)
    guarded.minute(IDLE, 7)
    guarded.minute(IDLE, 7, after_minutes=10)
    assert guarded.is_protected == protected


def test_aws_is_called_for_a_change_only_if_there_is_one(guarded: Guarded) -> None:
    guarded.minute(BUSY)
    assert guarded.changes == 0
    guarded.minute(IDLE, after_minutes=1)
    guarded.minute(IDLE, after_minutes=30)
    guarded.minute(IDLE, after_minutes=30)
    assert guarded.changes == 1


@pytest.mark.parametrize("heartbeat_seconds_ago", [60, -600, None], ids=["fresh", "future", "none"])
def test_a_running_job_of_the_node_makes_it_busy(guarded: Guarded, heartbeat_seconds_ago: float | None) -> None:
    guarded.job(heartbeat_seconds_ago=heartbeat_seconds_ago, instance_id=guarded.id)
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=300)
    assert guarded.is_protected
    assert guarded.report["why"] == "job bert"


@pytest.mark.parametrize(
    ("status", "seconds_ago", "values"),
    [
        (JobStatus.RUNNING, 3600, {}),
        (JobStatus.COMPLETED, 10, {}),
        (JobStatus.FAILED, 10, {}),
        (JobStatus.RUNNING, 10, {Table.INSTANCE: "i-0other"}),
    ],
    ids=["silent", "completed", "failed", "on another node"],
)
def test_other_jobs_do_not(guarded: Guarded, status: str, seconds_ago: float, values: dict[str, str]) -> None:
    guarded.job(status, heartbeat_seconds_ago=seconds_ago, **values)
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=300)
    assert not guarded.is_protected


def test_a_hung_job_is_idle_at_full_utilization_and_its_stacks_are_logged(guarded: Guarded) -> None:
    guarded.node.command("py-spy", "echo all_reduce")
    guarded.node.process(7, started=guarded.node.seconds - 9000)
    guarded.job(**{Table.PROGRESS_AT: str(time.time() - 4000), Table.PROGRESS_TIMEOUT: "3600"})
    guarded.minute(BUSY, 7)
    guarded.minute(BUSY, 7, after_minutes=21)
    assert (guarded.report["activity"], guarded.report["why"]) == ("idle", "job bert is hung")
    assert not guarded.is_protected
    assert guarded.log.count("all_reduce") == 1


def test_a_node_that_cannot_read_the_jobs_stays_protected(guarded: Guarded) -> None:
    guarded.dynamodb.delete_table(TableName=TABLE)
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=300)
    assert guarded.is_protected
    assert not guarded.may_be_replaced


def test_a_node_with_a_hardware_fault_may_be_replaced_only_while_it_is_idle(guarded: Guarded) -> None:
    lost = "echo '[GPU is lost], [GPU is lost]'; exit 15"
    guarded.job(**{Table.INSTANCE: guarded.id})
    guarded.minute(lost)
    assert not guarded.may_be_replaced
    guarded.job(JobStatus.COMPLETED, **{Table.INSTANCE: guarded.id})
    guarded.minute(lost)
    assert guarded.may_be_replaced


def test_a_lost_gpu_in_use_is_unknown_and_its_node_protected(guarded: Guarded) -> None:
    guarded.unprotect()
    guarded.node.process(7, devices=("/dev/nvidia3",))
    guarded.minute("echo 0, Disabled; echo '[GPU is lost], [GPU is lost]'; exit 15")
    guarded.minute("echo 0, Disabled; echo '[GPU is lost], [GPU is lost]'; exit 15")
    assert guarded.report["activity"] == "unknown"
    assert guarded.is_protected


def test_a_node_without_accelerators_is_guarded_too(guarded: Guarded) -> None:
    (guarded.node.root / "dev/nvidia0").unlink()
    guarded.minute("exit 9")
    guarded.minute("exit 9", after_minutes=30)
    assert not guarded.is_protected
    assert not any(call.startswith("nvidia-smi") for call in guarded.node.calls)


def test_without_aws_the_idle_time_goes_on(guarded: Guarded) -> None:
    guarded.aws_answers = False
    guarded.minute(IDLE)
    guarded.minute(IDLE, after_minutes=30)
    guarded.aws_answers = True
    guarded.minute(IDLE)
    assert not guarded.is_protected


def test_two_runs_do_not_overlap(guarded: Guarded) -> None:
    (guarded.node.root / "run/mlinfra").mkdir()
    with (guarded.node.root / "run/mlinfra/guard.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        guarded.minute(IDLE)
    assert guarded.node.calls == []
    assert "another run has not ended yet: this one is skipped" in guarded.log


def test_a_boot_begins_the_idle_time_again(guarded: Guarded) -> None:
    guarded.minute(IDLE)
    shutil.rmtree(guarded.node.root / "run/mlinfra")
    guarded.minute(IDLE, after_minutes=300)
    assert guarded.is_protected
    assert guarded.report["idle_seconds"] == 0


def test_settings_are_read_as_a_shell_writes_them(node: FakeNode) -> None:
    node.write("etc/mlinfra/node", 'CLUSTER="a b"\nIDLE_GPU_PERCENT="2.5"\nEMPTY=""\n')
    assert read_settings(node.root / "etc/mlinfra/node") == {
        "CLUSTER": "a b",
        "IDLE_GPU_PERCENT": "2.5",
        "EMPTY": "",
    }


WAITING, WORKING = "echo 100, Disabled, 152.31, 700.00", "echo 100, Disabled, 512.00, 700.00"


@pytest.mark.parametrize("reports", [True, False])
def test_a_node_whose_processes_only_wait_is_idle_after_the_stalled_time(guarded: Guarded, *, reports: bool) -> None:
    guarded.node.command("py-spy", 'echo "Thread 0x1 (active): all_reduce"')
    guarded.node.process(7)
    guarded.minute(WAITING, 7)
    for minutes in (1, 59, 2):
        if reports:
            responded_at = str(time.time() - 5000)
            guarded.job(heartbeat_seconds_ago=5, **{Table.INSTANCE: guarded.id, Table.RESPONDED_AT: responded_at})
        guarded.minute(WAITING, 7, after_minutes=minutes)
        if minutes == 59:
            assert (guarded.report["activity"], guarded.is_protected) == ("busy", True)
            assert "hung_at" not in guarded.report
    report = guarded.report
    assert report["activity"] == "idle"
    assert report["hung_at"] == pytest.approx(time.time(), abs=30)
    assert f"stacks of process 7 of job {'bert' if reports else 'not reported'}" in guarded.log
    guarded.minute(WAITING, 7)
    assert guarded.report["hung_at"] == report["hung_at"]
    guarded.minute(WORKING, 7)
    assert guarded.report["activity"] == "busy"
    assert "hung_at" not in guarded.report


def test_a_job_whose_main_thread_responds_keeps_its_node(guarded: Guarded) -> None:
    guarded.node.process(7)
    for _ in range(4):
        responded_at = str(time.time() - 10)
        guarded.job(**{Table.INSTANCE: guarded.id, Table.RESPONDED_AT: responded_at})
        guarded.minute(WAITING, 7, after_minutes=50)
    assert (guarded.report["activity"], guarded.report["why"]) == ("busy", "job bert")
