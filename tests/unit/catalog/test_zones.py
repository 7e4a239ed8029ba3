"""Zones that offer an instance type."""

from __future__ import annotations

import re

from mlinfra.catalog import instance_types, zone_ids_offering
from mlinfra.catalog.zones import _zone_ids


def test_a_type_that_few_zones_offer_is_known() -> None:
    assert zone_ids_offering("p4de.24xlarge", "us-east-1") == ("use1-az4", "use1-az6")


def test_a_region_that_does_not_offer_a_known_type_has_no_zone() -> None:
    assert zone_ids_offering("p4de.24xlarge", "eu-west-3") == ()


def test_the_zones_of_a_type_that_most_zones_offer_are_unknown() -> None:
    assert zone_ids_offering("g5.xlarge", "us-east-1") is None


def test_each_type_is_in_the_catalog_with_zones_of_its_regions() -> None:
    for name, by_region in _zone_ids().items():
        assert name in instance_types()
        zones = [zone for regional in by_region.values() for zone in regional]
        assert len(zones) == len(set(zones)), name
        assert all(re.fullmatch(r"[a-z]+[0-9]-az[0-9]", zone) for zone in zones), name
