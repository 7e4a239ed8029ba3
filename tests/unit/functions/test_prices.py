"""The price table that the catalog and the functions share."""

from __future__ import annotations

from mlinfra import catalog
from mlinfra.functions.prices import on_demand_prices


def test_every_known_price_is_above_zero() -> None:
    assert len(on_demand_prices()) > 1_000
    assert all(price > 0 for price in on_demand_prices().values())


def test_types_without_an_accelerator_have_a_price() -> None:
    assert on_demand_prices()["m5.large"] == 0.096


def test_a_type_without_a_known_price_has_no_entry() -> None:
    assert "p5e.48xlarge" not in on_demand_prices()


def test_the_catalog_publishes_the_same_table() -> None:
    assert catalog.on_demand_prices() is on_demand_prices()
