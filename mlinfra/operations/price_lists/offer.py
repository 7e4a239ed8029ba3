"""An offer file of AWS: the price list of a service in a region, as CSV.

Source of the format: AWS Billing user guide, "Reading the service price list file for an AWS service", read 2026-11-29:
five lines of metadata, a header, and a line for each price with the attributes of its product.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mlinfra.catalog import RefreshableKind

_METADATA_LINES = 5
_REQUIRED: Final = ("TermType", "Unit", "PricePerUnit", "Currency", "Product Family", "usageType", "Region Code")
_LONGEST_METADATA: Final = 100

_Item: TypeAlias = "tuple[RefreshableKind, str, float, str]"
"""Kind, item, USD and unit."""

_REGION_PREFIX: Final = re.compile(r"[A-Z][A-Z0-9]*-")
"""The region of a usage type, such as USE1-; EC2 in us-east-1 has none."""
_COMPONENTS: Final = {"Host": "hosting", "Notebk": "notebook", "Processing": "processing", "Train": "training"}
_SAGEMAKER: Final = re.compile(r"(?P<use>Host|Notebk|Processing|Train):(?P<type>ml\.[a-z0-9.-]+)")
_STUDIO: Final = re.compile(r"Studio:JupyterLab-(?P<type>ml\.[a-z0-9.-]+)")
_MIB_PER_GIB = 1024

_EC2_ITEMS: Final[Mapping[str, tuple[str, str, str]]] = {
    "EBS:VolumeUsage": ("ebs/standard_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeUsage.gp2": ("ebs/gp2_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeUsage.gp3": ("ebs/gp3_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeUsage.piops": ("ebs/io1_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeUsage.io2": ("ebs/io2_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeUsage.sc1": ("ebs/sc1_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeUsage.st1": ("ebs/st1_storage", "GB-month", "GB-Mo"),
    "EBS:VolumeP-IOPS.gp3": ("ebs/gp3_iops_over_3000", "IOPS-month", "IOPS-Mo"),
    "EBS:VolumeP-IOPS.piops": ("ebs/io1_iops", "IOPS-month", "IOPS-Mo"),
    "EBS:VolumeP-IOPS.io2": ("ebs/io2_iops_first_32000", "IOPS-month", "IOPS-Mo"),
    "EBS:VolumeP-Throughput.gp3": ("ebs/gp3_throughput_over_125", "MBps-month", "MiBps-Mo"),
    "EBS:SnapshotUsage": ("ebs/snapshot_standard", "GB-month", "GB-Mo"),
    "NatGateway-Hours": ("nat/gateway", "hour", "Hrs"),
    "NatGateway-Bytes": ("nat/data_processed", "GB", "GB"),
}
"""Item, unit, and AWS's unit, by usage type without its region."""


@dataclass
class Offer:
    """The prices of an offer file."""

    code: str
    """Such as AmazonEC2."""
    version: str
    """Such as 20261120004501."""
    published: str
    """The time of publication, such as 2026-11-20T00:45:01Z."""
    prices: dict[RefreshableKind, dict[str, tuple[float, str]]] = field(default_factory=dict)
    """USD and unit, by kind and item."""


class OfferError(ValueError):
    """The file is not an offer file of the expected format. The message says why."""


def read_offer(lines: Iterable[str], *, code: str, region: str) -> Offer:
    """Read an offer file line by line, without keeping it.

    Args:
        lines: the lines of the file, as they arrive.
        code: the service, such as AmazonEC2.
        region: the region. Prices of other regions are left out.

    Raises:
        OfferError: if it is not the offer file of the service, a column is missing, or it has no price.
    """
    rows = csv.reader(lines)
    metadata = {row[0]: row[1] for row in _first(rows, _METADATA_LINES) if len(row) > 1}
    if metadata.get("OfferCode") != code:
        found = str(metadata.get("OfferCode", "none"))[:_LONGEST_METADATA]
        message = f"its OfferCode is {found}, not {code}"
        raise OfferError(message)
    header = next(rows, [])
    missing = [name for name in _REQUIRED if name not in header]
    if missing:
        message = f"it has no column {', '.join(missing)}"
        raise OfferError(message)
    offer = Offer(code, metadata.get("Version", ""), metadata.get("Publication Date", ""))
    term = header.index("TermType")
    for row in rows:
        # Most rows of EC2 are reservations.
        if len(row) <= term or row[term] != "OnDemand":
            continue
        product = dict(zip(header, row, strict=False))
        if product.get("Region Code") != region or not _applies(product):
            continue
        for kind, item, usd, unit in _READERS[code](product):
            offer.prices.setdefault(kind, {})[item] = (usd, unit)
    if not any(offer.prices.values()):
        message = f"it has no known price of {region}"
        raise OfferError(message)
    return offer


def _first(rows: Iterator[list[str]], count: int) -> list[list[str]]:
    return [next(rows, []) for _ in range(count)]


def _applies(product: Mapping[str, str]) -> bool:
    """True for a price in USD above 0 that applies from the first unit on."""
    return product["Currency"] == "USD" and product.get("StartingRange", "0") in {"0", ""} and _usd(product) > 0


def _usd(product: Mapping[str, str]) -> float:
    try:
        return float(product["PricePerUnit"])
    except ValueError:
        return 0.0


def _ec2(product: Mapping[str, str]) -> Iterator[_Item]:
    """Linux instances with shared tenancy, EBS volumes, and NAT gateways."""
    if product["Product Family"] in {"Compute Instance", "Compute Instance (bare metal)"}:
        if (
            product["Unit"] == "Hrs"
            and product.get("Operating System") == "Linux"
            and product.get("Tenancy") == "Shared"
            and product.get("Pre Installed S/W") == "NA"
            and product.get("CapacityStatus") == "Used"
            # Others are of further products, such as RunInstances:0800 with SQL Server.
            and product.get("operation", "RunInstances") == "RunInstances"
            # Rows of Capacity Blocks have another market.
            and product.get("MarketOption", "OnDemand") in {"OnDemand", ""}
        ):
            yield "ec2", product["Instance Type"], _usd(product), "hour"
        return
    usage = _REGION_PREFIX.sub("", product["usageType"], count=1)
    known = _EC2_ITEMS.get(usage)
    if known is None:
        return
    item, unit, aws_unit = known
    if product["Unit"] == aws_unit:
        yield "services", item, _usd(product), unit
    elif product["Unit"] == "GiBps-mo" and aws_unit == "MiBps-Mo":
        yield "services", item, _usd(product) / _MIB_PER_GIB, unit


def _sagemaker(product: Mapping[str, str]) -> Iterator[_Item]:
    """Instances by component. Most rows name the instance type in their usage type only."""
    if product["Unit"] not in {"Hrs", "hours", "Hours"}:
        return
    usage = _REGION_PREFIX.sub("", product["usageType"], count=1)
    studio, other = _STUDIO.fullmatch(usage), _SAGEMAKER.fullmatch(usage)
    if studio:
        yield "sagemaker", f"studio/{studio['type']}", _usd(product), "hour"
    elif other:
        yield "sagemaker", f"{_COMPONENTS[other['use']]}/{other['type']}", _usd(product), "hour"


_READERS: Final[Mapping[str, Callable[[Mapping[str, str]], Iterator[_Item]]]] = {
    "AmazonEC2": _ec2,
    "AmazonSageMaker": _sagemaker,
}
