"""The refresh of prices: download of offer files, and the price lock of the project."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.catalog import PRICE_LOCK_FILE, PriceLock, RefreshedPrices, aws_regions
from mlinfra.declarations import write_whole
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.functions.counting import counted
from mlinfra.operations.price_lists.download import (
    PUBLIC_FILES,
    IncompleteDownloadError,
    lines_of,
    offer_url,
    public_offer_url,
)
from mlinfra.operations.price_lists.offer import Offer, OfferError, read_offer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import boto3

    from mlinfra.operations.terraform import Progress

SERVICES: Final = {"ec2": "AmazonEC2", "sagemaker": "AmazonSageMaker"}
"""The offer code by name. EC2 includes EBS volumes and NAT gateways."""

_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class RefreshedOffer:
    """The result of one offer file."""

    service: str
    region: str
    version: str
    """The version of the price list."""
    prices: int
    """The number of prices that were read."""
    changed: int
    """The number of prices that are new or differ from those before, which may be those of an earlier refresh."""


def refresh_prices(
    root: Path,
    session: boto3.session.Session | None,
    progress: Progress,
    *,
    regions: Sequence[str],
    services: Sequence[str] = tuple(SERVICES),
    today: date,
    public_files: str = PUBLIC_FILES,
) -> tuple[RefreshedOffer, ...]:
    """Download the price lists of services in regions, and write their prices into the price lock of the project.

    Files are read as they arrive and not stored. After an error, the lock is unchanged. A damaged lock is replaced.

    Args:
        root: the project.
        session: a session with credentials for the Price List API. None: the public files, which need none.
        progress: receives the steps.
        regions: the regions.
        services: some of `SERVICES`. Default: all.
        today: the present day, which is the date of the prices.
        public_files: the address of the public files. Default: that of AWS.

    Raises:
        OperationError: if a region or service is unknown, AWS denies a request, a download fails, or a file has
            another format.
    """
    unknown = [each for each in regions if each not in aws_regions()]
    if unknown:
        message = f"{unknown[0]!r} is not an AWS region. Expected: a region such as us-east-1."
        raise OperationError(message)
    wrong = [each for each in services if each not in SERVICES]
    if wrong:
        message = f"The prices of {wrong[0]!r} cannot be refreshed. Expected: {', '.join(SERVICES)}."
        raise OperationError(message)
    path = root / PRICE_LOCK_FILE
    try:
        lock = PriceLock.load(path)
    except DeclarationError:
        lock = PriceLock()
    refreshed: list[RefreshedOffer] = []
    for region in dict.fromkeys(regions):
        for service in dict.fromkeys(services):
            code = SERVICES[service]
            with progress.step(f"Read the prices of {code} in {region}") as step:
                url = offer_url(session, code, region) if session else public_offer_url(code, region, base=public_files)
                offer = _downloaded(url, code, region)
                lock, changed = _merged(lock, offer, region, today)
                count = sum(map(len, offer.prices.values()))
                refreshed.append(RefreshedOffer(service, region, offer.version, count, changed))
                step.conclude(f"{counted(count, 'price')}, {changed:,} changed")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lock.dump())
    return tuple(refreshed)


def _downloaded(url: str, code: str, region: str) -> Offer:
    reason = ""
    for _ in range(_ATTEMPTS):
        try:
            with lines_of(url) as lines:
                return read_offer(lines, code=code, region=region)
        except IncompleteDownloadError as error:
            reason = str(error)
        except (OfferError, UnicodeDecodeError, csv.Error) as error:
            message = (
                f"The price list of {code} in {region} cannot be read: {error}. Nothing was written. If AWS changed "
                f"its format, update mlinfra."
            )
            raise OperationError(message) from error
    message = (
        f"The price list of {code} in {region} could not be downloaded in {_ATTEMPTS} attempts: {reason}. Nothing was "
        f"written. Check the network connection, and try again."
    )
    raise OperationError(message)


def _merged(lock: PriceLock, offer: Offer, region: str, today: date) -> tuple[PriceLock, int]:
    """The lock with the prices of an offer, and the number of prices that differ."""
    changed = 0
    for kind, prices in offer.prices.items():
        before = lock.prices.get(kind, {}).get(region)
        known = before.usd if before else {}
        usd = {item: round(value, 10) for item, (value, _) in prices.items()}
        units = {item: unit for item, (_, unit) in prices.items() if unit != "hour"}
        changed += sum(known.get(item) != value for item, value in usd.items())
        source = f"AWS price list {offer.code}, version {offer.version}"
        lock = lock.with_prices(kind, region, RefreshedPrices(as_of=today, source=source, usd=usd, units=units))
    return lock, changed
