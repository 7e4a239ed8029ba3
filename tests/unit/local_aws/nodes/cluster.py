"""A cluster with the boot script of mlinfra, made with boto3 instead of Terraform, which takes a minute."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mlinfra.constructs.training.guard_program import guard_parameters
from mlinfra.constructs.training.node_user_data import UserData
from mlinfra.local_aws.nodes import LocalNode, LocalNodes
from tests.local_aws import make_records_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

T = TypeVar("T")
_SECONDS = 300
"""Longer than anything takes, also the loss of a node while other tests share the processors."""
_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Cluster:
    """A cluster of nodes."""

    name: str
    table: str
    log_group: str
    client: Callable[..., Any]
    nodes: LocalNodes

    def own_nodes(self) -> list[LocalNode]:
        """Its nodes that run."""
        return [each for each in self.nodes.all() if each.group == self.name]

    def wait_for(self, count: int) -> list[LocalNode]:
        """Its nodes, once `count` of them have booted."""

        def booted() -> list[LocalNode] | None:
            found = self.own_nodes()
            ready = [each for each in found if has_booted(each)]
            return found if len(ready) == len(found) == count else None

        return eventually(booted)

    def resize(self, size: int) -> None:
        """Set the desired capacity."""
        self.client("autoscaling").set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=size)


def has_booted(node: LocalNode) -> bool:
    """True if its boot script has ended."""
    log = node.root / "var/log/mlinfra-boot.log"
    return log.exists() and " ready\n" in log.read_text(encoding="utf-8")


def eventually(ask: Callable[[], T | None]) -> T:
    """The first answer that is not None, false or empty.

    Raises:
        AssertionError: if there is none in time.
    """
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    message = f"there was no answer within {_SECONDS} seconds"
    raise AssertionError(message)


def make_cluster(
    server: LocalAws,
    client: Callable[..., Any],
    name: str,
    *,
    size: int = 2,
    instance_type: str = "g4dn.xlarge",
    **settings: Any,
) -> Cluster:
    """A cluster with `size` nodes, which may still boot. `settings` replace those of its user data."""
    table, group = settings.get("table", f"{name}-records"), settings.get("log_group", f"/{name}")
    path = f"/mlinfra/{name}"
    make_records_table(client, table)
    client("logs").create_log_group(logGroupName=group)
    parts = {f"{path}/guard-{number}": value for number, value in enumerate(guard_parameters(), start=1)}
    for parameter, value in {**parts, f"{path}/master": "none"}.items():
        client("ssm").put_parameter(Name=parameter, Value=value, Type="String")
    user_data = UserData(
        **{
            "cluster": name,
            "region": "us-east-1",
            "log_group": group,
            "master_parameter": f"{path}/master",
            "guard_parameters": list(parts),
            "table": table,
            "nodes": size,
            "nvidia_gpus": 1,
            "local_nvme": True,
            "idle_minutes": 30,
            "idle_gpu_percent": 5,
            "stalled_minutes": 60,
            "pause_minutes": 0,
            "vacant_minutes": 30,
            "event_source": "mlinfra.node",
            "event_type": "Training Node Unhealthy",
            "variables": {"MLINFRA_TABLE": table, "MLINFRA_CLUSTER": name},
            **settings,
        }
    ).render()
    profile = _profile(client, name)
    image = client("ec2").describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["Deep Learning*"]}])
    client("ec2").create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={
            "ImageId": image["Images"][0]["ImageId"],
            "InstanceType": instance_type,
            "UserData": base64.b64encode(user_data.encode()).decode(),
            "IamInstanceProfile": {"Name": profile},
        },
    )
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=size + 1,
        DesiredCapacity=size,
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
    )
    return Cluster(name, table, group, client, LocalNodes(server))


def _profile(client: Callable[..., Any], name: str) -> str:
    iam = client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(_ALL))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name
