"""Gap: Capacity Blocks, their offerings and purchase.

moto has none. In AWS, a block is offered for up to 64 instances and a duration of 1 to 14 days, or of 21 to 182 days in
steps of 7; it ends at 11:30 UTC. A purchased block is a targeted capacity reservation that is `scheduled` before its
start, and can be neither changed nor cancelled. Types without blocks in a region have no offering. The local AWS offers
one block on each of the next days in one zone, at the rates of the catalog. Source: EC2 API reference,
DescribeCapacityBlockOfferings, PurchaseCapacityBlock, CapacityReservation; EC2 user guide, "Capacity Blocks for ML",
read 2026-11-29.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id

from mlinfra.catalog import block_rate
from mlinfra.local_aws.gaps.ec2.capacity_reservations import CapacityReservation, capacity_reservations
from mlinfra.local_aws.gaps.ec2.instance_type_zones import zones_offering
from mlinfra.local_aws.mechanisms.ec2_requests import check, page, refuse, refuse_missing, refuse_value
from mlinfra.local_aws.mechanisms.extending import add_operations, kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.ec2.models import EC2Backend

_DAYS: Final = (*range(1, 15), *range(21, 183, 7))
_MOST_INSTANCES: Final = 64
_END: Final = time(11, 30, tzinfo=timezone.utc)
_OFFERED_DAYS: Final = 3


def is_open() -> bool:
    """True if moto has no Capacity Blocks."""
    return not hasattr(EC2Response, "describe_capacity_block_offerings")


def close() -> None:
    """Close the gap: add offerings and their purchase."""
    add_operations(EC2Response, describe_capacity_block_offerings, purchase_capacity_block)


class CapacityBlock(CapacityReservation):
    """A purchased Capacity Block."""

    reservation_type = "capacity-block"

    def __init__(self, backend: EC2Backend, offering: Mapping[str, Any], platform: str) -> None:
        super().__init__(
            backend,
            {
                "InstanceType": offering["InstanceType"],
                "InstancePlatform": platform,
                "AvailabilityZone": offering["AvailabilityZone"],
                "InstanceCount": offering["InstanceCount"],
                "InstanceMatchCriteria": "targeted",
                "EndDateType": "limited",
                "EndDate": offering["EndDate"],
            },
        )
        self.start_date: datetime = offering["StartDate"]
        self._ends: datetime = offering["EndDate"]

    @property
    def state(self) -> str:
        """The state: `scheduled`, `active` or `expired`."""
        now = datetime.now(timezone.utc)
        return "scheduled" if now < self.start_date else "active" if now < self._ends else "expired"

    def modify(self, parameters: Mapping[str, Any]) -> None:
        """Refuse the change."""
        del parameters
        self._refuse("modified")

    def cancel(self) -> None:
        """Refuse the cancellation."""
        self._refuse("cancelled")

    def _refuse(self, change: str) -> None:
        refuse("UnsupportedOperation", f"The Capacity Block '{self.id}' cannot be {change}.")


def describe_capacity_block_offerings(response: EC2Response) -> ActionResult:
    """DescribeCapacityBlockOfferings."""
    parameters = check(response, "DescribeCapacityBlockOfferings")
    backend = response.ec2_backend
    name = parameters.get("InstanceType")
    if not name:
        refuse_missing("InstanceType")
    if name not in INSTANCE_TYPES:
        refuse_value(f"Invalid value '{name}' for InstanceType.")
    count = int(parameters.get("InstanceCount") or 1)
    if not 1 <= count <= _MOST_INSTANCES:
        refuse_value(f"Value ({count}) for parameter instanceCount is invalid. It must be 1 to {_MOST_INSTANCES}.")
    hours = int(parameters["CapacityDurationHours"])
    if hours % 24 or hours // 24 not in _DAYS:
        refuse_value(
            f"Value ({hours}) for parameter capacityDurationHours is invalid. It must be a multiple of 24 up to 336, "
            f"or a multiple of 168 up to 4368."
        )
    offers = _offerings(backend, name, count, hours)
    offers = [each for each in offers if _in_range(each, parameters)]
    kept(backend, "capacity block offerings", dict).update({each["CapacityBlockOfferingId"]: each for each in offers})
    found, token = page(parameters, offers)
    return ActionResult({"CapacityBlockOfferings": found, "NextToken": token})


def purchase_capacity_block(response: EC2Response) -> ActionResult:
    """PurchaseCapacityBlock."""
    parameters = check(response, "PurchaseCapacityBlock")
    backend = response.ec2_backend
    identifier = parameters["CapacityBlockOfferingId"]
    offering = kept(backend, "capacity block offerings", dict).get(identifier)
    if offering is None:
        refuse_value(f"The Capacity Block offering '{identifier}' is invalid.")
    block = CapacityBlock(backend, offering, parameters["InstancePlatform"])
    capacity_reservations(backend)[block.id] = block
    return ActionResult({"CapacityReservation": block})


def _offerings(backend: EC2Backend, name: str, count: int, hours: int) -> list[dict[str, Any]]:
    rate = block_rate(name, backend.region_name)
    zones = zones_offering(name, backend.region_name, [each.name for each in backend.describe_availability_zones()])
    if rate is None or not zones:
        return []
    tomorrow = datetime.combine(utcnow().date() + timedelta(days=1), _END)
    return [
        {
            "CapacityBlockOfferingId": random_id("cbr"),
            "InstanceType": name,
            "AvailabilityZone": zones[0],
            "InstanceCount": count,
            "StartDate": tomorrow + timedelta(days=day),
            "EndDate": tomorrow + timedelta(days=day, hours=hours),
            "CapacityBlockDurationHours": hours,
            "CapacityBlockDurationMinutes": 0,
            "UpfrontFee": f"{rate.usd * count * hours:.2f}",
            "CurrencyCode": "USD",
            "Tenancy": "default",
        }
        for day in range(_OFFERED_DAYS)
    ]


def _in_range(offering: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    start, end = _utc(parameters.get("StartDateRange")), _utc(parameters.get("EndDateRange"))
    return (start is None or offering["StartDate"] >= start) and (end is None or offering["EndDate"] <= end)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=timezone.utc) if moment and moment.tzinfo is None else moment
