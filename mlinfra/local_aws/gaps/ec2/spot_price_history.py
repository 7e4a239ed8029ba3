"""Gap: spot prices by zone and product.

moto answers with 0.00001 USD in 2006 for every type and zone, ignores products and pages, and finds nothing with a
filter by product. In AWS, prices are those of a product in a zone, each with the time from which it applies; the price
that applied at StartTime is included. The local AWS serves the prices of the catalog, as unchanged for an hour.
Source: EC2 API reference, DescribeSpotPriceHistory and SpotPrice, read 2026-11-29.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.responses.spot_instances import SpotInstances

from mlinfra.catalog import ec2_rate, spot_prices_by_zone, spot_range
from mlinfra.local_aws.mechanisms.ec2_requests import check, page, refuse_value

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRODUCTS: Final = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")
_FILTERS: Final = {
    "availability-zone": "AvailabilityZone",
    "availability-zone-id": "AvailabilityZoneId",
    "instance-type": "InstanceType",
    "product-description": "ProductDescription",
    "spot-price": "SpotPrice",
}
_USUAL_PART_OF_ON_DEMAND = 0.4
"""For types without a known spot price: a fixed figure of the local AWS."""


def is_open() -> bool:
    """True if moto answers with a fixed price."""
    return '"0.00001"' in inspect.getsource(SpotInstances.describe_spot_price_history)


def close() -> None:
    """Close the gap: serve the prices of the catalog."""
    setattr(SpotInstances, describe_spot_price_history.__name__, describe_spot_price_history)


def describe_spot_price_history(response: SpotInstances) -> ActionResult:
    """DescribeSpotPriceHistory."""
    parameters = check(response, "DescribeSpotPriceHistory")
    wanted = {name: set(values) for name, values in response._filters_from_querystring().items()}  # noqa: SLF001
    unknown = sorted(wanted.keys() - _FILTERS)
    if unknown:
        refuse_value(f"The filter '{unknown[0]}' is invalid")
    for name, parameter in (
        ("instance-type", "InstanceTypes"),
        ("product-description", "ProductDescriptions"),
        ("availability-zone", "AvailabilityZone"),
    ):
        given = parameters.get(parameter)
        if given:
            chosen = {given} if isinstance(given, str) else set(given)
            wanted[name] = wanted.get(name, chosen) & chosen
    prices = [
        each
        for each in _prices(response.ec2_backend.region_name)
        if all(str(each[_FILTERS[name]]) in values for name, values in wanted.items())
    ]
    found, token = page(parameters, prices)
    return ActionResult({"SpotPriceHistory": found, "NextToken": token or ""})


def _prices(region: str) -> Iterator[dict[str, Any]]:
    """The price of each type in each zone that offers it."""
    ids = {zone.name: zone.zone_id for zone in RegionsAndZonesBackend.zones.get(region, [])}
    since = utcnow() - timedelta(hours=1)
    for each in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, []):
        name, zone = each["InstanceType"], each["Location"]
        usd = _price(name, region, ids.get(zone, ""))
        if usd is None:
            continue
        yield {
            "AvailabilityZone": zone,
            "AvailabilityZoneId": ids.get(zone, ""),
            "InstanceType": name,
            "ProductDescription": _PRODUCTS[0],
            "SpotPrice": f"{usd:.6f}",
            "Timestamp": since,
        }


def _price(instance_type: str, region: str, zone_id: str) -> float | None:
    by_zone = spot_prices_by_zone(instance_type, region)
    if zone_id in by_zone:
        return by_zone[zone_id]
    usual, on_demand = spot_range(instance_type, region), ec2_rate(instance_type, region)
    if usual is not None:
        return usual.usual
    return None if on_demand is None else on_demand.usd * _USUAL_PART_OF_ON_DEMAND
