"""The price table that is part of the library."""

from __future__ import annotations

import pytest

from mlinfra.functions.price_table import entries, regions, spot_entries


def test_an_entry_has_its_unit_and_its_source() -> None:
    entry = entries("ec2", "us-east-1")["p5.48xlarge"]
    assert (entry.usd, entry.unit) == (55.04, "hour")
    assert (entry.source.as_of, entry.source.as_of_kind, entry.source.basis) == ("2026-07-20", "exact", "published")
    assert entry.source.text.startswith("AWS price list, as kept by aws/karpenter-provider-aws")


def test_a_region_without_prices_has_no_entries() -> None:
    assert entries("ec2", "us-gov-west-1") == {}
    assert spot_entries("us-gov-west-1") == {}


@pytest.mark.parametrize(("kind", "count"), [("ec2", 28), ("reserved", 27), ("sagemaker", 34), ("services", 33)])
def test_the_number_of_regions_with_prices(kind: str, count: int) -> None:
    assert len(regions(kind)) == count  # type: ignore[arg-type]


def test_capacity_blocks_have_prices_in_local_zones() -> None:
    assert "us-east-1-atl-2a" in regions("blocks")


def test_spot_prices_are_by_region_or_by_zone() -> None:
    assert [each.zone_id for each in spot_entries("us-east-1")["g4dn.xlarge"]] == [""]
    zones = [each.zone_id for each in spot_entries("us-east-1")["p5.48xlarge"]]
    assert len(zones) > 1
    assert all(zone == "" or zone.startswith("use1-") for zone in zones)
