"""The price book: the price of a thing in a region, with its source and date, or None if it is unknown.

A price is never taken from another region or another thing, and unknown is never 0. Prices that the project in use has
refreshed take precedence over those of the release.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from mlinfra.functions.price_table import entries, spot_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.catalog.price_lock import PriceLock, RefreshedPrices
    from mlinfra.functions.price_table import Entry, PriceKind

ReservationTerm: TypeAlias = Literal[
    "1yr_standard_no_upfront",
    "1yr_convertible_no_upfront",
    "3yr_standard_no_upfront",
    "3yr_convertible_no_upfront",
]
SageMakerComponent: TypeAlias = Literal["hosting", "notebook", "processing", "studio", "training", "training_plan"]


_REFRESHED: dict[tuple[str, str], RefreshedPrices] = {}
"""The refreshed prices of the project in use, by kind and region."""


@dataclass(frozen=True)
class Rate:
    """A price in a region."""

    usd: float
    """In USD for one `unit`."""
    unit: str
    """Such as `hour` or `GB-month`."""
    region: str
    as_of: date | None
    """The date of the source. None: unknown."""
    source: str
    """The source in words."""
    basis: str
    """How the price was obtained: `published`, `published_one_price_for_all_components`, `published_in_a_bill`,
    `derived_from_hosting`, `derived`, `public_program`, `course_text` or `recalled_unverified` (see
    ci/prices/README.md); or `refreshed` by the project."""
    as_of_kind: Literal["exact", "not_before", "unknown"] = "exact"
    """`not_before`: the true date is later than `as_of`."""
    note: str = ""
    """A remark about the price. Usually empty."""


@dataclass(frozen=True)
class SpotRange:
    """Spot prices of an instance type over the zones of a region, in USD per hour."""

    low: float
    usual: float
    """The average over the zones."""
    high: float
    interruptions: str | None
    """AWS's band of monthly interruptions, such as `<5%`. None: unknown."""
    as_of: date | None
    source: str
    as_of_kind: Literal["exact", "not_before", "unknown"] = "exact"
    interruptions_as_of: date | None = None
    """The date of `interruptions`, which has its own source. None: unknown."""


def ec2_rate(instance_type: str, region: str) -> Rate | None:
    """The on-demand price of an instance per hour: Linux, shared tenancy. None: unknown.

    Args:
        instance_type: the instance type, such as p5.48xlarge.
        region: the region, such as us-east-1.
    """
    return _rate("ec2", region, instance_type)


def block_rate(instance_type: str, region: str) -> Rate | None:
    """The published price of an instance in a Capacity Block per hour. None: unknown, or no block is offered.

    Args:
        instance_type: the instance type, such as p5.48xlarge.
        region: the region, or a Local Zone such as us-east-1-atl-2a.
    """
    return _rate("blocks", region, instance_type)


def reserved_rate(
    instance_type: str, region: str, *, term: ReservationTerm = "1yr_convertible_no_upfront"
) -> Rate | None:
    """The effective price of a Reserved Instance per hour. None: unknown.

    Args:
        instance_type: the instance type, such as p4d.24xlarge.
        region: the region.
        term: the term, the class and the payment. Default: one year, convertible, no upfront payment.
    """
    return _rate("reserved", region, f"{instance_type}/{term}")


def sagemaker_rate(component: SageMakerComponent, instance_type: str, region: str) -> Rate | None:
    """The price of a SageMaker instance per hour. None: unknown.

    Args:
        component: what the instance is used for.
        instance_type: the instance type, such as ml.g5.xlarge.
        region: the region.
    """
    return _rate("sagemaker", region, f"{component}/{instance_type}")


def service_rate(service: str, item: str, region: str) -> Rate | None:
    """The price of an item of another service, for its `unit`. None: unknown.

    Args:
        service: such as ebs, s3 or nat.
        item: such as gp3_storage (see ci/prices/services.csv).
        region: the region.
    """
    return _rate("services", region, f"{service}/{item}")


def spot_range(instance_type: str, region: str) -> SpotRange | None:
    """The spot prices of an instance type: those by zone if they are known, else those of the region. None: unknown.

    A spot price equal to the on-demand price usually means that there is no spare capacity.

    Args:
        instance_type: the instance type.
        region: the region.
    """
    found = spot_entries(region).get(instance_type)
    if not found:
        return None
    by_zone = [each for each in found if each.zone_id]
    used = by_zone or found
    source = used[0].source
    band = next((each for each in found if each.interruptions), None)
    return SpotRange(
        low=min(each.low for each in used),
        usual=round(fmean(each.usd for each in used), 6),
        high=max(each.high for each in used),
        interruptions=band.interruptions if band else None,
        as_of=_date(source.as_of),
        source=source.text,
        as_of_kind=_as_of_kind(source.as_of_kind),
        interruptions_as_of=_date(band.source.as_of) if band else None,
    )


def spot_prices_by_zone(instance_type: str, region: str) -> Mapping[str, float]:
    """The last known spot price in each zone, in USD per hour, by zone id. Empty: unknown.

    Args:
        instance_type: the instance type.
        region: the region.
    """
    found = spot_entries(region).get(instance_type, ())
    return MappingProxyType({each.zone_id: each.usd for each in found if each.zone_id})


def is_old(rate: Rate | SpotRange, today: date, days: int) -> bool:
    """True if the price is older than `days`, or its date is unknown.

    Args:
        rate: the price.
        today: the present day.
        days: the oldest age of a price that is not old, in days; at least 1.

    Raises:
        ValueError: if `days` is less than 1.
    """
    if days < 1:
        message = f"days={days} is not a valid age. Expected: at least 1."
        raise ValueError(message)
    return rate.as_of is None or today - rate.as_of > timedelta(days=days)


def use_refreshed_prices(lock: PriceLock) -> None:
    """Use the refreshed prices of a project from now on, instead of those of the project before.

    Args:
        lock: the prices. `PriceLock()` has none.
    """
    _REFRESHED.clear()
    _REFRESHED.update({(kind, region): each for kind, found in lock.prices.items() for region, each in found.items()})


def _rate(kind: PriceKind, region: str, item: str) -> Rate | None:
    refreshed = _REFRESHED.get((kind, region))
    if refreshed is not None and item in refreshed.usd:
        return Rate(
            usd=refreshed.usd[item],
            unit=refreshed.units.get(item, "hour"),
            region=region,
            as_of=refreshed.as_of,
            source=refreshed.source,
            basis="refreshed",
        )
    entry = entries(kind, region).get(item)
    return None if entry is None else _of_entry(entry, region)


def _of_entry(entry: Entry, region: str) -> Rate:
    source = entry.source
    return Rate(
        usd=entry.usd,
        unit=entry.unit,
        region=region,
        as_of=_date(source.as_of),
        source=source.text,
        basis=source.basis,
        as_of_kind=_as_of_kind(source.as_of_kind),
        note=source.note,
    )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _as_of_kind(text: str) -> Literal["exact", "not_before", "unknown"]:
    return "exact" if text == "exact" else "not_before" if text == "not_before" else "unknown"
