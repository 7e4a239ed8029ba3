"""The command of a node that finds the other nodes of its cluster, run against the local AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mlinfra.constructs.training
from tests.unit.constructs.training.node import Node

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

PARTS = Path(mlinfra.constructs.training.__file__).parent / "user_data"
CLUSTER = "recsys-dev-two-tower-v2"
MASTER = "/mlinfra/recsys/dev/training/two-tower-v2/master"


class Cluster:
    """An auto scaling group, and the nodes of it that tests run commands on."""

    def __init__(self, client: Callable[..., Any], folder: Path, *, nodes: int) -> None:
        self.autoscaling, self.ssm = client("autoscaling"), client("ssm")
        self._folder, self._size = folder, nodes
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
                f'NODES="{self._size}"\n',
            )
        return self._nodes[instance_id]


@pytest.fixture
def make_cluster(client: Callable[..., Any], tmp_path: Path) -> Callable[[int], Cluster]:
    return lambda nodes: Cluster(client, tmp_path, nodes=nodes)


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
    assert settings(cluster.node(left), "--min-nodes", "1") == {
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


def test_a_job_does_not_start_on_fewer_nodes_than_declared_unless_it_asks_to(
    make_cluster: Callable[[int], Cluster],
) -> None:
    cluster = make_cluster(4)
    for each in cluster.ids[2:]:
        cluster.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=each, ShouldDecrementDesiredCapacity=True
        )
    node = cluster.node(cluster.ids[0])
    for arguments, minimum in (((), 4), (("--wait", "0", "--min-nodes", "3"), 3)):
        ended = torchrun_env(node, *arguments)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == (
            f"mlinfra-torchrun-env: the desired capacity of {CLUSTER} is 2, and the job needs {minimum} nodes. Start "
            "the cluster again, or pass --min-nodes 2\n"
        )
    assert settings(node, "--min-nodes", "2", "--wait", "0")["NNODES"] == "2"


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


@pytest.mark.parametrize(
    "arguments",
    [("--wait", "long"), ("--min-nodes",), ("--min-nodes", "all"), ("--publish", "--wait", "1"), ("--other", "1")],
)
def test_a_wrong_argument_is_refused(make_cluster: Callable[[int], Cluster], arguments: tuple[str, ...]) -> None:
    ended = torchrun_env(make_cluster(1).node("i-0000"), *arguments)
    assert (ended.returncode, ended.stderr) == (
        2,
        "usage: mlinfra-torchrun-env [--wait SECONDS] [--min-nodes N] | --publish\n",
    )
