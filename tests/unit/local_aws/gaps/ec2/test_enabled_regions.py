"""Regions of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_disabled_regions_are_listed_on_request_only(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    enabled = {each["RegionName"] for each in ec2.describe_regions()["Regions"]}
    everything = {each["RegionName"]: each["OptInStatus"] for each in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert "us-east-1" in enabled
    assert enabled == {name for name, status in everything.items() if status != "not-opted-in"}
    assert "not-opted-in" in everything.values()
    assert [each["RegionName"] for each in ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]] == ["eu-west-1"]


def test_regions_of_other_partitions_are_not_listed(client: Callable[..., Any]) -> None:
    names = {each["RegionName"] for each in client("ec2").describe_regions(AllRegions=True)["Regions"]}
    assert not any(name.startswith(("cn-", "us-gov-")) for name in names)
