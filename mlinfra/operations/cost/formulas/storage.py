"""Storage: S3, FSx for Lustre, EFS and container images."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from mlinfra.declarations import DATA_ZONES, LAKE_BUCKETS, Missing, Price
from mlinfra.functions.contract import Tag
from mlinfra.operations.cost.estimate import HOURS_A_MONTH
from mlinfra.operations.cost.parts import Part, Span, joined, monthly, tiered
from mlinfra.operations.cost.resources import blocks, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.cost.context import Context
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource

_TB: Final = 1_024
_STANDARD_TIERS: Final = (
    (50 * _TB, "storage_standard_first_50tb"),
    (500 * _TB, "storage_standard_next_450tb"),
    (math.inf, "storage_standard_over_500tb"),
)
"""Source: Amazon S3 pricing page, read 2026-11-29."""
_COLDER: Final[Mapping[str, str]] = {
    "DEEP_ARCHIVE": "storage_deep_archive",
    "GLACIER": "storage_glacier",
    "GLACIER_IR": "storage_glacier_ir",
    "INTELLIGENT_TIERING": "storage_intelligent_tiering_infrequent",
    "ONEZONE_IA": "storage_onezone_ia",
    "STANDARD_IA": "storage_standard_ia",
}
"""The item of each storage class that lifecycle rules move objects to."""
_LAKE_NAME: Final = re.compile(rf"-({'|'.join(LAKE_BUCKETS)})-\d{{12}}-[a-z]{{2}}(?:-[a-z]+)+-\d$")
"""The names of buckets of a data lake (see mlinfra/declarations/resource_names.py)."""


def bucket(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_s3_bucket`: its assumed data and requests."""
    name = resource.text("bucket") or ""
    found = _LAKE_NAME.search(name)
    use = at.buckets.get(name) or (found[1] if found else "")
    gib = at.assumptions.gib_of(use) if use else at.assumptions.other_bucket_gib
    words = f"{gib:,.10g} GiB" + (f" in the bucket {use} of the data lake" if use else " in a bucket")
    storage = tiered(
        "storage",
        [(end, at.prices.service("s3", item)) for end, item in _STANDARD_TIERS],
        gib,
        "GB-months",
        assumption=words,
    )
    yield _with_lifecycle(storage, resource, gib, at) if isinstance(storage, Part) else storage
    if use in DATA_ZONES:
        reads, writes = at.assumptions.bucket_reads, at.assumptions.bucket_writes
        for item, price, count in (("reads", "get", reads), ("writes", "put", writes)):
            rate = at.prices.service("s3", f"requests_{price}_standard")
            yield monthly(item, rate, count, "requests", per=1_000, assumption=f"{count:,.10g} {item} a month")


def _with_lifecycle(storage: Part, resource: Resource, gib: float, at: Context) -> Part:
    """The cost of storage with the cheapest storage class of the lifecycle rules as its low end."""
    classes = {
        str(each.get("storage_class"))
        for rules in at.stack.referring(resource, "aws_s3_bucket_lifecycle_configuration")
        for rule in rules.blocks("rule")
        if rule.get("status") == "Enabled"
        for each in blocks(rule.get("transition"))
    }
    prices = {name: at.prices.service("s3", _COLDER[name]) for name in sorted(classes & _COLDER.keys())}
    known = {name: price for name, price in prices.items() if isinstance(price, Price)}
    if not known:
        return storage
    name, price = min(known.items(), key=lambda each: each[1].usd)
    low = gib * price.usd
    if low >= storage.month.low:
        return storage
    return Part(
        storage.item,
        Span(low, storage.month.high),
        Span(low / HOURS_A_MONTH, storage.hour.high),
        f"{gib:,.10g} GB-months x {price.usd:.10g} USD, to {storage.formula}",
        (*storage.prices, price),
        joined(storage.assumption, f"low: all in {name}, which a lifecycle rule moves it to; high: all in STANDARD"),
        storage.quantity,
        storage.unit,
    )


def lustre(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_fsx_lustre_file_system`."""
    gib = resource.number("storage_capacity")
    if gib is None:
        yield Missing("the capacity of the file system is known after apply")
        return
    kind = resource.text("deployment_type") or "SCRATCH_1"
    throughput = resource.number("per_unit_storage_throughput") or 0
    storage = (resource.text("storage_type") or "SSD").lower()
    item = f"lustre_{kind.lower()}" if kind.startswith("SCRATCH") else f"lustre_{kind.lower()}_{storage}_{throughput:g}"
    if resource.text("drive_cache_type") == "READ":
        item += "_ssd_cache"
    hours, assumption = at.hours(resource)
    keep = number(resource.tags.get(Tag.KEEP_HOURS)) or 0
    if assumption and keep:
        hours = Span(*(min(HOURS_A_MONTH, each + keep) for each in hours))
        assumption = joined(assumption, f"kept {keep:g} hours longer than the cluster")
    price = at.prices.service("fsx", item)
    yield monthly("storage", price, gib, "GB-months", hours=hours, assumption=assumption)


def repository(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_ecr_repository`."""
    del resource
    gb = at.assumptions.repository_gb
    price = at.prices.service("ecr", "storage")
    yield monthly("images", price, gb, "GB-months", assumption=f"{gb:,.10g} GB of images")


def file_system(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_efs_file_system`: its contents are not declared."""
    del resource, at
    yield Missing("EFS is billed by its contents, for which there is no assumption")


FORMULAS = {
    "aws_ecr_repository": repository,
    "aws_efs_file_system": file_system,
    "aws_fsx_lustre_file_system": lustre,
    "aws_s3_bucket": bucket,
}
