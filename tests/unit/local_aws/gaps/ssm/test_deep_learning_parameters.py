"""Public SSM parameters of Deep Learning AMIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.catalog.image_families import OPEN_DRIVER
from mlinfra.local_aws.seed import deep_learning_parameters

if TYPE_CHECKING:
    from collections.abc import Callable


PARAMETERS = "/aws/service/deeplearning/ami"


OPEN_DRIVER_PARAMETER = OPEN_DRIVER.parameter


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-northeast-2"])
def test_the_parameter_of_an_image_holds_its_id_in_every_region(client: Callable[..., Any], region: str) -> None:
    parameter = client("ssm", region).get_parameter(Name=OPEN_DRIVER_PARAMETER)["Parameter"]
    assert parameter["DataType"] == "aws:ec2:image"
    (image,) = client("ec2", region).describe_images(ImageIds=[parameter["Value"]])["Images"]
    assert image["Name"].startswith("Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) ")
    assert image["ImageOwnerAlias"] == "amazon"
    assert image["Architecture"] == "x86_64"
    assert image["RootDeviceName"] == OPEN_DRIVER.root_device
    assert image["Description"].startswith("Supported EC2 instances: G4dn, G5, ")


def test_a_parameter_holds_the_newest_of_several_versions(client: Callable[..., Any]) -> None:
    pattern = "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *"
    images = client("ec2").describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": [pattern]}])["Images"]
    newest = max(images, key=lambda each: each["CreationDate"])
    name = f"{PARAMETERS}/arm64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
    assert len(images) == 2
    assert client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == newest["ImageId"]


def test_the_parameters_are_listed_by_path(client: Callable[..., Any]) -> None:
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path=PARAMETERS, Recursive=True)
    names = [each["Name"] for page in pages for each in page["Parameters"]]
    assert OPEN_DRIVER_PARAMETER in names
    below = [each for each in deep_learning_parameters("us-east-1") if each.startswith(PARAMETERS)]
    assert sorted(names) == sorted(below)


def test_an_unknown_parameter_is_not_found(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="ParameterNotFound"):
        client("ssm").get_parameter(Name=f"{PARAMETERS}/x86_64/no-such/latest/ami-id")
