"""Cost of a resource: its charges at the prices of the price book."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from mlinfra.catalog import Rate, block_rate, ec2_rate, sagemaker_rate, service_rate, spot_range
from mlinfra.functions.prices import on_demand_price
from mlinfra.operations.audit.found import Charge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mlinfra.catalog import SageMakerComponent
    from mlinfra.operations.audit.found import Purchase

HOURS_PER_MONTH: Final = 730
"""AWS's own figure for prices by the month (EC2 pricing page, read 2026-11-29)."""


@dataclass(frozen=True)
class Cost:
    """The cost of a resource."""

    usd_per_month: float | None
    """USD in 730 hours. None: the price of an instance, or of everything, is unknown."""
    usd_so_far: float | None
    """USD since the launch. None: as above, or the launch is unknown."""
    basis: tuple[str, ...]
    """The formula of each part, with source, date and assumption."""
    rank_usd: float
    """USD in 730 hours for the order of lists. An unknown price of an instance counts as the dearest that is alike."""


@dataclass(frozen=True)
class BilledCharge:
    """A charge with the region and the launch of its resource."""

    charge: Charge
    region: str
    launched: datetime | None


def cost_of(charges: Iterable[BilledCharge], now: datetime) -> Cost:
    """The cost of all charges of a resource and its parts.

    Args:
        charges: the charges.
        now: the end of the time that is counted as spent.
    """
    month = so_far = rank = 0.0
    is_known = is_dated = True
    priced = total = 0
    quantities: dict[tuple[str, ...], float] = defaultdict(float)
    for each in charges:
        total += 1
        charge, rate = each.charge, rate_of(each.charge, each.region)
        quantities[charge.service, charge.item, charge.component, charge.purchase, charge.note, each.region] += (
            charge.quantity
        )
        if rate is None:
            rank += _estimate(charge, each.region)
            is_known = is_known and not _is_instance(charge)
            continue
        priced += 1
        hourly = _hourly(rate) * charge.quantity
        month += hourly * HOURS_PER_MONTH
        since = charge.since or each.launched
        if since is None:
            is_dated = False
        else:
            so_far += hourly * max(0.0, (now - since) / timedelta(hours=1))
    is_known = is_known and (priced > 0 or total == 0)
    return Cost(
        month if is_known else None,
        so_far if is_known and is_dated else None,
        tuple(_basis(quantities)),
        month + rank,
    )


def rate_of(charge: Charge, region: str) -> Rate | None:
    """The price of one unit of a charge. None: unknown.

    The price of spot instances is the usual one over the zones of the region.

    Args:
        charge: the charge.
        region: the region of the resource.
    """
    if charge.service == "ec2":
        if charge.purchase == "block":
            return block_rate(charge.item, region)
        if charge.purchase == "spot":
            spot = spot_range(charge.item, region)
            return Rate(spot.usual, "hour", region, spot.as_of, spot.source, "published") if spot else None
        return ec2_rate(charge.item, region)
    if charge.component:
        return sagemaker_rate(cast("SageMakerComponent", charge.component), charge.item, region)
    return service_rate(charge.service, charge.item, region)


def _is_instance(charge: Charge) -> bool:
    return charge.service == "ec2" or bool(charge.component)


def _hourly(rate: Rate) -> float:
    """USD per hour for one unit."""
    return rate.usd / HOURS_PER_MONTH if rate.unit.endswith("month") else rate.usd


def _estimate(charge: Charge, region: str) -> float:
    if not _is_instance(charge):
        return 0.0
    alike = on_demand_price(charge.item.removeprefix("ml."), region)
    return alike.usd_per_hour * charge.quantity * HOURS_PER_MONTH if alike else 0.0


def _basis(quantities: dict[tuple[str, ...], float]) -> Iterator[str]:
    for (service, item, component, purchase, note, region), quantity in quantities.items():
        charge = Charge(service, item, quantity, component=component, purchase=cast("Purchase", purchase))
        rate = rate_of(charge, region)
        subject = f"{quantity:,.6g} x {_subject(charge)}"
        remark = f" {note}" if note else ""
        if rate is None:
            yield f"{subject}: the price in {region} is unknown.{remark}"
            continue
        month = _hourly(rate) * quantity * HOURS_PER_MONTH
        date = f"{rate.as_of}" if rate.as_of else "undated"
        remark += f" {rate.note.rstrip('.')}." if rate.note else ""
        yield f"{subject} x {rate.usd:g} USD/{rate.unit} = {month:,.2f} USD a month ({rate.source}, {date}).{remark}"


def _subject(charge: Charge) -> str:
    if charge.service == "ec2":
        return charge.item if charge.purchase == "on-demand" else f"{charge.item} ({charge.purchase})"
    return f"{charge.item} ({charge.component})" if charge.component else f"{charge.service} {charge.item}"
