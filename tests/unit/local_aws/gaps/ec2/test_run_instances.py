"""Instances launched from launch templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.catalog.image_families import OPEN_DRIVER
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from tests.unit.local_aws.gaps.ec2.conftest import launched

if TYPE_CHECKING:
    from collections.abc import Callable


def volumes_of(ec2: Any, instance: dict[str, Any]) -> dict[str, Any]:
    attached = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    return {each["Attachments"][0]["Device"]: each for each in ec2.describe_volumes(Filters=attached)["Volumes"]}


def test_a_volume_has_the_requested_throughput(ec2: Any) -> None:
    root = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 50, "VolumeType": "gp3", "Throughput": 300}}
    launch = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "BlockDeviceMappings": [root]}
    (instance,) = ec2.run_instances(**launch)["Instances"]
    assert volumes_of(ec2, instance)["/dev/sda1"]["Throughput"] == 300


def test_an_instance_has_the_settings_of_the_template(ec2: Any, client: Callable[..., Any]) -> None:
    iam = client("iam")
    profile = iam.create_instance_profile(InstanceProfileName="whole-template")["InstanceProfile"]
    ec2.create_placement_group(GroupName="whole-template")
    data = {
        "InstanceType": "g5.xlarge",
        "ImageId": "ami-12345678",
        "IamInstanceProfile": {"Arn": profile["Arn"]},
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "Monitoring": {"Enabled": True},
        "EbsOptimized": True,
        "Placement": {"GroupName": "whole-template"},
    }
    instance = launched(ec2, "whole", data)
    assert instance["IamInstanceProfile"]["Arn"] == profile["Arn"]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    assert instance["Monitoring"]["State"] == "enabled"
    assert instance["EbsOptimized"]
    assert instance["Placement"]["GroupName"] == "whole-template"


def test_the_request_overrides_the_template(ec2: Any) -> None:
    data = {"InstanceType": "g5.xlarge", "ImageId": "ami-12345678", "MetadataOptions": {"HttpTokens": "required"}}
    options = {"HttpPutResponseHopLimit": 3}
    instance = launched(ec2, "overridden", data, InstanceType="g6.xlarge", MetadataOptions=options)
    assert instance["InstanceType"] == "g6.xlarge"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 3
    assert instance["MetadataOptions"]["HttpTokens"] == "required"


def test_volumes_combine_image_template_and_request(ec2: Any) -> None:
    image = next(each for each in DEEP_LEARNING_IMAGES if each.root_device_name == "/dev/xvda").image_id("us-east-1")
    data = {
        "ImageId": image,
        "InstanceType": "g5.xlarge",
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"VolumeSize": 200, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250},
            }
        ],
        "TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "Team", "Value": "ml"}]}],
    }
    instance = launched(
        ec2, "volumes", data, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9}}]
    )
    volumes = volumes_of(ec2, instance)
    assert {name: each["Size"] for name, each in volumes.items()} == {"/dev/xvda": 200, "/dev/sdf": 9}
    assert (volumes["/dev/xvda"]["Iops"], volumes["/dev/xvda"]["Throughput"]) == (4000, 250)
    assert volumes["/dev/sdf"]["Tags"] == [{"Key": "Team", "Value": "ml"}]
    assert instance["RootDeviceName"] == "/dev/xvda"


def test_an_image_can_be_an_ssm_parameter(ec2: Any) -> None:
    instance = launched(
        ec2, "by-parameter", {"ImageId": f"resolve:ssm:{OPEN_DRIVER.parameter}", "InstanceType": "g5.xlarge"}
    )
    (image,) = ec2.describe_images(ImageIds=[instance["ImageId"]])["Images"]
    assert image["Name"].startswith("Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) ")


def test_an_image_with_an_unknown_parameter_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match="'/no/such' of the image"):
        ec2.run_instances(ImageId="resolve:ssm:/no/such", MinCount=1, MaxCount=1)


def test_an_unknown_template_is_refused(ec2: Any) -> None:
    template = {"LaunchTemplateName": "no-such"}
    with pytest.raises(ClientError, match=r"InvalidLaunchTemplateName\.NotFound"):
        ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)
