"""Clusters of a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Tag
from tests.local_aws import make_records_table
from tests.unit.operations.clusters.account import ENVIRONMENT, LAST_DAY, NAME, node_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]


@pytest.fixture
def records(client: Client) -> None:
    """The table of records of the environment."""
    make_records_table(client, ENVIRONMENT.names.records_table)


@pytest.fixture
def make(records: None, make_without_records: Callable[..., list[str]]) -> Callable[..., list[str]]:  # noqa: ARG001
    """Make a cluster as mlinfra does, and return the ids of its nodes."""
    return make_without_records


@pytest.fixture
def make_without_records(client: Client) -> Callable[..., list[str]]:
    """Make a cluster in an account without the table of records, and return the ids of its nodes."""

    def make_one(name: str = NAME, *, nodes: int = 2, protected: bool = False, **tags: str) -> list[str]:
        image = client("ec2").describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base OSS*"]}])[
            "Images"
        ][0]["ImageId"]
        subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        data = {"ImageId": image, "InstanceType": "g5.xlarge"}
        client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        given = {
            Tag.AUTO_STOP: "true",
            Tag.EXPERIMENT: "two-tower-v2",
            Tag.OWNER: "ana@example.com",
            Tag.EXPIRES: LAST_DAY.isoformat(),
            Tag.SPEND_LIMIT_USD: "500",
            Tag.NODES: "2",
        } | tags
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=nodes,
            VPCZoneIdentifier=subnet,
            NewInstancesProtectedFromScaleIn=protected,
            Tags=[
                {
                    "Key": key,
                    "Value": value,
                    "PropagateAtLaunch": True,
                    "ResourceId": name,
                    "ResourceType": "auto-scaling-group",
                }
                for key, value in given.items()
            ],
        )
        return node_ids(client, name)

    return make_one
