"""Instance types of the catalog, described and offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.catalog.instances import instance_types

if TYPE_CHECKING:
    from collections.abc import Callable


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


def test_a_type_that_moto_lacks_is_described_with_its_gpus(client: Callable[..., Any]) -> None:
    (described,) = client("ec2").describe_instance_types(InstanceTypes=["p3.16xlarge"])["InstanceTypes"]
    assert described["GpuInfo"] == {
        "Gpus": [{"Name": "V100", "Manufacturer": "NVIDIA", "Count": 8, "MemoryInfo": {"SizeInMiB": 16384}}],
        "TotalGpuMemoryInMiB": 131072,
    }
    assert described["VCpuInfo"]["DefaultVCpus"] == 64
    # Without these two members, the provider reports an unknown type.
    assert described["EbsInfo"]["EbsOptimizedSupport"] == "default"
    assert "cluster" in described["PlacementGroupInfo"]["SupportedStrategies"]


def test_offerings_are_filtered_by_zone(client: Callable[..., Any]) -> None:
    filters = [{"Name": "instance-type", "Values": ["p3.2xlarge"]}, {"Name": "location", "Values": ["us-east-1b"]}]
    answer = client("ec2").describe_instance_type_offerings(LocationType="availability-zone", Filters=filters)
    (offering,) = answer["InstanceTypeOfferings"]
    assert offering == {"InstanceType": "p3.2xlarge", "LocationType": "availability-zone", "Location": "us-east-1b"}


def test_an_unknown_type_is_refused(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceType"):
        client("ec2").describe_instance_types(InstanceTypes=["p3.colossal"])
