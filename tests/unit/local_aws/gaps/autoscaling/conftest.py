"""Auto Scaling client, launch template and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def autoscaling(client: Callable[..., Any]) -> Any:
    return client("autoscaling")


@pytest.fixture(scope="session")
def template(client: Callable[..., Any]) -> str:
    data = {"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
    client("ec2").create_launch_template(LaunchTemplateName="asg-node", LaunchTemplateData=data)
    return "asg-node"


@pytest.fixture
def group(autoscaling: Any, template: str, request: pytest.FixtureRequest) -> str:
    name = f"group-{request.node.name}"
    create(autoscaling, name, template)
    return name


def create(autoscaling: Any, name: str, template: str, **more: Any) -> None:
    sizes = {"MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0}
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        AvailabilityZones=["us-east-1a", "us-east-1b"],
        **({} if "MixedInstancesPolicy" in more else {"LaunchTemplate": {"LaunchTemplateName": template}}),
        **{**sizes, **more},
    )


def described(autoscaling: Any, name: str) -> dict[str, Any]:
    (found,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)


def mixed(template: str, base: int, percentage: int) -> dict[str, Any]:
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateName": template},
            "Overrides": [{"InstanceType": "g6.xlarge"}, {"InstanceType": "g5.xlarge"}],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": base,
            "OnDemandPercentageAboveBaseCapacity": percentage,
            "SpotAllocationStrategy": "capacity-optimized-prioritized",
        },
    }


def instances(autoscaling: Any, name: str) -> list[str]:
    """Instance ids of the group."""
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return [each["InstanceId"] for each in group["Instances"]]
