"""What the local AWS has by itself: images, their parameters, instance types, quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.catalog.image_families import IMAGE_FAMILIES, IMAGE_OWNER, OPEN_DRIVER, PROPRIETARY_DRIVER
from mlinfra.catalog.instances import instance_types
from mlinfra.local_aws.gaps.ec2 import (
    catalog_instance_types as ec2_catalog_instance_types,
    deep_learning_images as ec2_deep_learning_images,
    instance_type_pages as ec2_instance_type_pages,
)
from mlinfra.local_aws.gaps.servicequotas import ec2 as servicequotas_ec2
from mlinfra.local_aws.gaps.ssm import deep_learning_parameters as ssm_deep_learning_parameters
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES, QUOTAS, deep_learning_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.catalog.image_families import ImageFamily

PARAMETERS = "/aws/service/deeplearning/ami"
OPEN_DRIVER_PARAMETER = OPEN_DRIVER.parameter


@pytest.mark.parametrize(
    "gap",
    [
        ec2_catalog_instance_types,
        ec2_deep_learning_images,
        ec2_instance_type_pages,
        servicequotas_ec2,
        ssm_deep_learning_parameters,
    ],
)
def test_moto_still_lacks_it(gap: Any) -> None:
    assert gap.is_open(), "moto has closed it: remove the gap"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-northeast-2"])
def test_the_parameter_of_an_image_leads_to_the_image_in_every_region(client: Callable[..., Any], region: str) -> None:
    parameter = client("ssm", region).get_parameter(Name=OPEN_DRIVER_PARAMETER)["Parameter"]
    assert parameter["DataType"] == "aws:ec2:image"
    (image,) = client("ec2", region).describe_images(ImageIds=[parameter["Value"]])["Images"]
    assert image["Name"].startswith("Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) ")
    assert image["ImageOwnerAlias"] == "amazon"
    assert image["Architecture"] == "x86_64"
    assert image["RootDeviceName"] == OPEN_DRIVER.root_device
    assert image["Description"].startswith("Supported EC2 instances: G4dn, G5, ")


@pytest.mark.parametrize("family", IMAGE_FAMILIES.values(), ids=lambda family: family.name)
def test_the_newest_image_of_every_family_is_there(client: Callable[..., Any], family: ImageFamily) -> None:
    by_name = [{"Name": "name", "Values": [family.name_pattern]}]
    images = client("ec2").describe_images(Owners=[IMAGE_OWNER], Filters=by_name)["Images"]
    newest = max(images, key=lambda each: each["CreationDate"])
    assert (newest["RootDeviceName"], newest["Architecture"]) == (family.root_device, family.architecture)
    if family.parameter is not None:
        assert client("ssm").get_parameter(Name=family.parameter)["Parameter"]["Value"] == newest["ImageId"]


def test_an_image_has_another_id_in_another_region_and_the_same_every_time() -> None:
    image = DEEP_LEARNING_IMAGES[0]
    assert image.image_id("us-east-1") == image.image_id("us-east-1") == "ami-a2ea02d95985f0b55"
    assert image.image_id("us-east-1") != image.image_id("eu-west-1")


def test_the_image_for_a_v100_is_found_by_its_name(client: Callable[..., Any]) -> None:
    pattern = PROPRIETARY_DRIVER.name_pattern
    filters = [{"Name": "name", "Values": [pattern]}, {"Name": "state", "Values": ["available"]}]
    (image,) = client("ec2").describe_images(Owners=["amazon"], Filters=filters)["Images"]
    assert image["RootDeviceName"] == PROPRIETARY_DRIVER.root_device


def test_of_several_versions_the_parameter_holds_the_newest(client: Callable[..., Any]) -> None:
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


def test_a_parameter_that_there_is_not_is_not_found(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="ParameterNotFound"):
        client("ssm").get_parameter(Name=f"{PARAMETERS}/x86_64/no-such/latest/ami-id")


def test_every_type_of_the_catalog_is_described_and_offered(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    names = sorted(instance_types())
    described = [
        each
        for start in range(0, len(names), 100)
        for each in ec2.describe_instance_types(InstanceTypes=names[start : start + 100])["InstanceTypes"]
    ]
    assert sorted(each["InstanceType"] for each in described) == names
    only = [{"Name": "instance-type", "Values": names}]
    offered = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=only)
    assert {each["InstanceType"] for each in offered["InstanceTypeOfferings"]} == set(names)


def test_a_type_that_moto_lacks_has_its_gpus(client: Callable[..., Any]) -> None:
    (described,) = client("ec2").describe_instance_types(InstanceTypes=["p3.16xlarge"])["InstanceTypes"]
    assert described["GpuInfo"] == {
        "Gpus": [{"Name": "V100", "Manufacturer": "NVIDIA", "Count": 8, "MemoryInfo": {"SizeInMiB": 16384}}],
        "TotalGpuMemoryInMiB": 131072,
    }
    assert described["VCpuInfo"]["DefaultVCpus"] == 64
    # Without these two the provider says that there is no such type.
    assert described["EbsInfo"]["EbsOptimizedSupport"] == "default"
    assert "cluster" in described["PlacementGroupInfo"]["SupportedStrategies"]


def test_offerings_are_filtered_by_zone(client: Callable[..., Any]) -> None:
    filters = [{"Name": "instance-type", "Values": ["p3.2xlarge"]}, {"Name": "location", "Values": ["us-east-1b"]}]
    answer = client("ec2").describe_instance_type_offerings(LocationType="availability-zone", Filters=filters)
    (offering,) = answer["InstanceTypeOfferings"]
    assert offering == {"InstanceType": "p3.2xlarge", "LocationType": "availability-zone", "Location": "us-east-1b"}


@pytest.mark.parametrize("operation", ["describe_instance_types", "describe_instance_type_offerings"])
def test_types_and_offerings_come_in_pages(client: Callable[..., Any], operation: str) -> None:
    only = [{"Name": "instance-type", "Values": sorted(instance_types())[:12]}]
    paginator = client("ec2").get_paginator(operation)
    pages = list(paginator.paginate(Filters=only, PaginationConfig={"PageSize": 5}))
    (member,) = (name for name in pages[0] if name.startswith("InstanceType"))
    assert [len(page[member]) for page in pages] == [5, 5, 2]


def test_a_type_that_there_is_not_is_refused(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceType"):
        client("ec2").describe_instance_types(InstanceTypes=["p3.colossal"])


def test_a_quota_has_a_default_and_what_is_applied(client: Callable[..., Any]) -> None:
    quotas = client("service-quotas")
    asked = {"ServiceCode": "ec2", "QuotaCode": "L-417A185B"}
    applied = quotas.get_service_quota(**asked)["Quota"]
    assert (applied["QuotaName"], applied["Value"] > 0) == ("Running On-Demand P instances", True)
    assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 0


def test_quotas_are_listed_in_pages(client: Callable[..., Any]) -> None:
    pages = (
        client("service-quotas")
        .get_paginator("list_service_quotas")
        .paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 5})
    )
    codes = [[each["QuotaCode"] for each in page["Quotas"]] for page in pages]
    assert [code for page in codes for code in page] == [each.code for each in QUOTAS]
    assert len(codes) == 3


@pytest.mark.parametrize(
    "asked",
    [{"ServiceCode": "ec2", "QuotaCode": "L-00000000"}, {"ServiceCode": "no-such", "QuotaCode": "L-417A185B"}],
)
def test_a_quota_that_there_is_not_is_refused(client: Callable[..., Any], asked: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client("service-quotas").get_service_quota(**asked)
