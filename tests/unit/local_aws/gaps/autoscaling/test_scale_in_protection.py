"""Scale-in protection of instances in auto scaling groups."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.gaps.autoscaling.conftest import create, instances


def test_a_surplus_instance_is_terminated_once_its_protection_is_removed(
    autoscaling: Any, ec2: Any, template: str
) -> None:
    create(autoscaling, "protected", template, DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    first, second = instances(autoscaling, "protected")
    autoscaling.set_desired_capacity(AutoScalingGroupName="protected", DesiredCapacity=0)
    assert instances(autoscaling, "protected") == [first, second]

    protection = {"AutoScalingGroupName": "protected", "ProtectedFromScaleIn": False}
    autoscaling.set_instance_protection(InstanceIds=[first], **protection)
    assert instances(autoscaling, "protected") == [second]
    (reservation,) = ec2.describe_instances(InstanceIds=[first])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] in {"shutting-down", "terminated"}


def test_removing_the_protection_without_surplus_instances_terminates_none(autoscaling: Any, template: str) -> None:
    create(autoscaling, "right-size", template, DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    before = instances(autoscaling, "right-size")
    autoscaling.set_instance_protection(
        AutoScalingGroupName="right-size", InstanceIds=before, ProtectedFromScaleIn=False
    )
    assert instances(autoscaling, "right-size") == before
