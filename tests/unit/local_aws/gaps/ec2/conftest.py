"""EC2 client, subnet and instances from launch templates."""

from __future__ import annotations

from typing import Any


def launched(ec2: Any, name: str, data: dict[str, Any], **request: Any) -> dict[str, Any]:
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    template = {"LaunchTemplateName": name}
    (instance,) = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1, **request)["Instances"]
    (reservation,) = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
    return dict(reservation["Instances"][0])
