"""Replacement of instances that EC2 terminates."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.gaps.autoscaling.conftest import create, described


def ids(autoscaling: Any, name: str) -> list[str]:
    return [each["InstanceId"] for each in described(autoscaling, name)["Instances"]]


def test_an_instance_is_replaced_up_to_the_desired_capacity(autoscaling: Any, ec2: Any, template: str) -> None:
    create(autoscaling, "replaced", template, DesiredCapacity=2)
    first, second = ids(autoscaling, "replaced")
    ec2.terminate_instances(InstanceIds=[first])
    left = ids(autoscaling, "replaced")
    assert len(left) == 2
    assert second in left
    assert first not in left


def test_an_instance_of_a_group_of_size_zero_is_not_replaced(autoscaling: Any, ec2: Any, template: str) -> None:
    create(autoscaling, "ending", template, DesiredCapacity=1)
    (only,) = ids(autoscaling, "ending")
    autoscaling.set_instance_protection(AutoScalingGroupName="ending", InstanceIds=[only], ProtectedFromScaleIn=True)
    autoscaling.set_desired_capacity(AutoScalingGroupName="ending", DesiredCapacity=0)
    assert ids(autoscaling, "ending") == [only]
    ec2.terminate_instances(InstanceIds=[only])
    assert ids(autoscaling, "ending") == []
