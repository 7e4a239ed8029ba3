"""The commands of a node, run: its guard, and where its cluster meets. Their AWS is the local one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mlinfra.constructs.training
from mlinfra.functions.contract import HEARTBEAT_FRESH_SECONDS, JobStatus, Table
from tests.local_aws import make_records_table
from tests.unit.constructs.training.node import Node

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

PARTS = Path(mlinfra.constructs.training.__file__).parent / "user_data"
CLUSTER = "recsys-dev-two-tower-v2"
TABLE = "recsys-dev-clusters"
MASTER = "/mlinfra/recsys/dev/training/two-tower-v2/master"


def uptime() -> float:
    """How long this machine has been up, in seconds: what the guard of a node counts by."""
    return float(Path("/proc/uptime").read_text().split()[0])


class Cluster:
    """An auto scaling group, and the nodes of it that tests run commands on."""

    def __init__(self, client: Callable[..., Any], folder: Path, *, nodes: int) -> None:
        self.autoscaling, self.ssm = client("autoscaling"), client("ssm")
        self._folder = folder
        self._nodes: dict[str, Node] = {}
        client("ec2").create_launch_template(
            LaunchTemplateName="node", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
        )
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=CLUSTER,
            MinSize=0,
            MaxSize=nodes,
            DesiredCapacity=nodes,
            LaunchTemplate={"LaunchTemplateName": "node"},
            AvailabilityZones=["us-east-1a"],
            NewInstancesProtectedFromScaleIn=True,
        )
        self.dynamodb = client("dynamodb")
        make_records_table(client, TABLE)
        self.ssm.put_parameter(Name=MASTER, Value="none", Type="String")

    @property
    def ids(self) -> list[str]:
        """The instances in service, the lowest id first."""
        (group,) = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[CLUSTER])["AutoScalingGroups"]
        return sorted(each["InstanceId"] for each in group["Instances"])

    def node(self, instance_id: str) -> Node:
        """A node with the command aws and its settings, as its user data writes them."""
        if instance_id not in self._nodes:
            node = self._nodes[instance_id] = Node(self._folder / instance_id)
            node.aws_command()
            node.write(
                "/etc/mlinfra/node",
                f'CLUSTER="{CLUSTER}"\nREGION="us-east-1"\nINSTANCE_ID="{instance_id}"\nADDRESS="10.0.0.{instance_id}"\n'
                f'MASTER_PARAMETER="{MASTER}"\nMASTER_PORT="29500"\n'
                f'TABLE="{TABLE}"\nHEARTBEAT_FRESH_SECONDS="{HEARTBEAT_FRESH_SECONDS}"\n'
                'IDLE_MINUTES="30"\nIDLE_GPU_PERCENT="2.5"\n',
            )
        return self._nodes[instance_id]

    def job(self, status: str, *, heartbeat_seconds_ago: float | None) -> None:
        """A job of the cluster."""
        item = {
            Table.CLUSTER: {"S": CLUSTER},
            Table.RECORD: {"S": f"{Table.JOB_PREFIX}1"},
            Table.JOB_STATUS: {"S": status},
        }
        if heartbeat_seconds_ago is not None:
            item[Table.HEARTBEAT_AT] = {"N": str(time.time() - heartbeat_seconds_ago)}
        self.dynamodb.put_item(TableName=TABLE, Item=item)

    def is_protected(self, instance_id: str) -> bool:
        """Whether a node is protected from scale-in."""
        (found,) = self.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance_id])["AutoScalingInstances"]
        protected: bool = found["ProtectedFromScaleIn"]
        return protected

    def protect(self, instance_id: str, *, on: bool) -> None:
        """What a job's client, or somebody else, does to a node."""
        self.autoscaling.set_instance_protection(
            InstanceIds=[instance_id], AutoScalingGroupName=CLUSTER, ProtectedFromScaleIn=on
        )


@pytest.fixture
def make_cluster(client: Callable[..., Any], tmp_path: Path) -> Callable[[int], Cluster]:
    return lambda nodes: Cluster(client, tmp_path, nodes=nodes)


class Guarded:
    """A node whose GPUs do what the test says."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        (self.id,) = cluster.ids
        self.node = cluster.node(self.id)

    def guard(self, nvidia_smi: str, *, idle_minutes: float | None = None) -> None:
        """Let the guard look, once the GPUs have been idle for some time."""
        if idle_minutes is not None:
            self.node.write("/run/mlinfra/last-busy", f"{int(uptime() - idle_minutes * 60)}\n")
        self.node.command("nvidia-smi", nvidia_smi)
        ended = self.node.run((PARTS / "mlinfra-node-guard").read_text())
        assert ended.returncode == 0, ended.stderr + self.node.read("/var/log/mlinfra-guard.log")

    @property
    def is_protected(self) -> bool:
        return self.cluster.is_protected(self.id)

    @property
    def changes(self) -> int:
        """How often the guard has asked AWS for a change."""
        return sum("set-instance-protection" in call for call in self.node.calls)


@pytest.fixture
def guarded(make_cluster: Callable[[int], Cluster]) -> Guarded:
    return Guarded(make_cluster(1))


IDLE, BUSY = "echo 0; echo 2", "echo 0; echo 97"


def test_a_node_that_has_been_idle_for_long_loses_its_protection(guarded: Guarded) -> None:
    guarded.guard(IDLE, idle_minutes=31)
    assert not guarded.is_protected
    assert "idle for 30 minutes: no longer protected" in guarded.node.read("/var/log/mlinfra-guard.log")


@pytest.mark.parametrize("heartbeat_seconds_ago", [60, -600, None], ids=["fresh", "future", "none"])
def test_a_job_that_says_that_it_runs_keeps_idle_nodes_protected(
    guarded: Guarded, heartbeat_seconds_ago: float | None
) -> None:
    guarded.cluster.job(JobStatus.RUNNING, heartbeat_seconds_ago=heartbeat_seconds_ago)
    guarded.guard(IDLE, idle_minutes=300)
    assert guarded.is_protected


@pytest.mark.parametrize(
    ("status", "heartbeat_seconds_ago"), [(JobStatus.RUNNING, 3600), (JobStatus.COMPLETED, 10), (JobStatus.FAILED, 10)]
)
def test_a_job_that_ended_or_fell_silent_does_not(guarded: Guarded, status: str, heartbeat_seconds_ago: float) -> None:
    guarded.cluster.job(status, heartbeat_seconds_ago=heartbeat_seconds_ago)
    guarded.guard(IDLE, idle_minutes=300)
    assert not guarded.is_protected


def test_where_jobs_cannot_be_asked_for_idle_nodes_stay_protected(guarded: Guarded) -> None:
    guarded.cluster.dynamodb.delete_table(TableName=TABLE)
    guarded.guard(IDLE, idle_minutes=300)
    assert guarded.is_protected


def test_a_node_that_has_been_idle_for_a_shorter_time_keeps_it(guarded: Guarded) -> None:
    guarded.guard(IDLE, idle_minutes=28)
    assert guarded.is_protected


def test_idle_time_begins_when_the_node_boots(guarded: Guarded) -> None:
    before = int(uptime())
    guarded.guard(IDLE)
    assert guarded.is_protected
    assert float(guarded.node.read("/run/mlinfra/last-busy")) >= before


def test_a_node_that_works_again_is_protected_again(guarded: Guarded) -> None:
    guarded.cluster.protect(guarded.id, on=False)
    before = int(uptime())
    guarded.guard(BUSY, idle_minutes=300)
    assert guarded.is_protected
    assert float(guarded.node.read("/run/mlinfra/last-busy")) >= before


def test_one_busy_look_of_several_makes_the_minute_a_busy_one(guarded: Guarded) -> None:
    looks = guarded.node.root / "looks"
    guarded.guard(f'echo >>{looks}; [ "$(wc -l <{looks})" = 5 ] && echo 60 || echo 0', idle_minutes=300)
    assert guarded.is_protected
    assert guarded.changes == 0


@pytest.mark.parametrize(
    "nvidia_smi",
    ["exit 9", "true", "echo '[N/A]'", "echo 0; echo 'GPU is lost'"],
    ids=["fails", "empty", "n-a", "lost"],
)
def test_a_node_whose_gpus_cannot_be_seen_counts_as_busy(guarded: Guarded, nvidia_smi: str) -> None:
    guarded.cluster.protect(guarded.id, on=False)
    guarded.guard(nvidia_smi, idle_minutes=300)
    assert guarded.is_protected


def test_the_limit_may_be_a_fraction(guarded: Guarded) -> None:
    guarded.guard("echo 3", idle_minutes=300)
    assert guarded.is_protected


def test_what_a_finished_job_took_off_stays_off_while_the_node_rests(guarded: Guarded) -> None:
    guarded.cluster.protect(guarded.id, on=False)
    guarded.guard(IDLE, idle_minutes=3)
    assert not guarded.is_protected


def test_aws_is_asked_for_a_change_only_where_there_is_one(guarded: Guarded) -> None:
    guarded.guard(BUSY)
    assert guarded.changes == 0
    guarded.guard(IDLE, idle_minutes=31)
    guarded.guard(IDLE, idle_minutes=31)
    assert guarded.changes == 1


def test_a_node_stays_protected_where_aws_does_not_answer(guarded: Guarded) -> None:
    guarded.node.command("aws", "exit 254")
    guarded.node.write("/run/mlinfra/last-busy", "-99999\n")
    guarded.node.command("nvidia-smi", IDLE)
    guarded.node.run((PARTS / "mlinfra-node-guard").read_text())
    assert guarded.is_protected
    assert guarded.changes == 0


def torchrun_env(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    return node.run((PARTS / "mlinfra-torchrun-env").read_text(), *arguments)


def settings(node: Node, *arguments: str) -> dict[str, str]:
    ended = torchrun_env(node, *arguments)
    assert ended.returncode == 0, ended.stderr
    return dict(line.removeprefix("export ").split("=") for line in ended.stdout.splitlines())


def test_all_nodes_agree_on_the_master_and_differ_in_rank(make_cluster: Callable[[int], Cluster]) -> None:
    cluster = make_cluster(3)
    master = cluster.ids[0]
    found = [settings(cluster.node(each)) for each in cluster.ids]
    assert [each.pop("NODE_RANK") for each in found] == ["0", "1", "2"]
    expected = {"MASTER_ADDR": f"10.0.0.{master}", "MASTER_PORT": "29500", "NNODES": "3"}
    assert found == [expected] * 3
    assert cluster.ssm.get_parameter(Name=MASTER)["Parameter"]["Value"] == f"{master} 10.0.0.{master}"


def test_a_node_waits_for_the_master_to_publish_its_address(make_cluster: Callable[[int], Cluster]) -> None:
    cluster = make_cluster(2)
    first, second = cluster.ids
    ended = torchrun_env(cluster.node(second))
    assert ended.returncode == 1
    assert ended.stderr == f"mlinfra-torchrun-env: {first} has not published its address yet\n"
    assert ended.stdout == ""


def test_the_address_of_a_terminated_master_is_not_used(make_cluster: Callable[[int], Cluster]) -> None:
    cluster = make_cluster(2)
    old = cluster.ids[0]
    settings(cluster.node(old))
    cluster.autoscaling.terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=True)
    (left,) = cluster.ids
    assert settings(cluster.node(left)) == {
        "MASTER_ADDR": f"10.0.0.{left}",
        "MASTER_PORT": "29500",
        "NNODES": "1",
        "NODE_RANK": "0",
    }


def test_a_job_does_not_start_before_all_nodes_are_there(make_cluster: Callable[[int], Cluster]) -> None:
    cluster = make_cluster(1)
    (first,) = cluster.ids
    node = cluster.node(first)
    # The local AWS has every node at once. This is what AWS answers while the third of three is launched.
    node.command("aws", f"""[ "$1" = ssm ] && echo none || printf '3\\t{first} i-zz\\n'""")
    ended = torchrun_env(node, "--wait", "0")
    assert ended.returncode == 1
    assert ended.stderr == "mlinfra-torchrun-env: 2 of 3 nodes of recsys-dev-two-tower-v2 are in service\n"


def test_a_node_outside_the_group_is_reported(make_cluster: Callable[[int], Cluster]) -> None:
    ended = torchrun_env(make_cluster(1).node("i-0000"))
    assert ended.returncode == 1
    assert "this node is not in service in recsys-dev-two-tower-v2" in ended.stderr


def test_only_the_master_publishes_and_only_where_something_changed(make_cluster: Callable[[int], Cluster]) -> None:
    cluster = make_cluster(2)
    first, second = cluster.ids
    for each in (second, first, first):
        assert torchrun_env(cluster.node(each), "--publish").returncode == 0
    writes = {each: sum("put-parameter" in call for call in cluster.node(each).calls) for each in cluster.ids}
    assert writes == {first: 1, second: 0}


def test_a_wrong_argument_is_refused(make_cluster: Callable[[int], Cluster]) -> None:
    ended = torchrun_env(make_cluster(1).node("i-0000"), "--wait", "long")
    assert (ended.returncode, ended.stderr) == (2, "usage: mlinfra-torchrun-env [--wait SECONDS | --publish]\n")
