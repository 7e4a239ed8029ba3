"""User data of instances."""

from __future__ import annotations

from typing import Any


def test_user_data_can_be_changed(ec2: Any) -> None:
    (instance,) = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"]
    ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], UserData={"Value": b"#!/bin/sh"})
    answer = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert answer["UserData"]["Value"] == "IyEvYmluL3No"


def test_a_later_version_with_user_data_can_be_launched(ec2: Any) -> None:
    ec2.create_launch_template(LaunchTemplateName="versions", LaunchTemplateData={"ImageId": "ami-12345678"})
    data = {"ImageId": "ami-12345678", "InstanceType": "g5.xlarge", "UserData": "ZWNobyBoaQ=="}
    ec2.create_launch_template_version(LaunchTemplateName="versions", LaunchTemplateData=data)
    template = {"LaunchTemplateName": "versions", "Version": "$Latest"}
    (instance,) = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"]
    answer = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert answer["UserData"]["Value"] == "ZWNobyBoaQ=="
