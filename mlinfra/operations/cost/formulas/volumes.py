"""EBS volumes: those of instances, and standalone ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.declarations import Missing
from mlinfra.operations.cost.parts import ALL_MONTH, ONE, Span, joined, monthly
from mlinfra.operations.cost.resources import is_unknown, number, text, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.operations.cost.context import Context
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource

_GP3_IOPS, _GP3_THROUGHPUT = 3_000, 125
"""Included in the price of a gp3 volume, in IOPS and MiB/s. Source: EBS user guide, "General Purpose SSD volumes", read
2026-11-29."""
_IO2_FIRST_IOPS = 32_000
"""The IOPS of the first tier of io2. Source: EBS pricing page, read 2026-11-29."""
_DEFAULT_TYPE: Final = "gp2"
"""EC2 API reference, EbsBlockDevice, VolumeType, read 2026-11-29."""


def volume(
    at: Context,
    values: Mapping[str, Any],
    item: str,
    *,
    count: Span = ONE,
    hours: Span = ALL_MONTH,
    assumption: str = "",
) -> Iterator[Found]:
    """The cost of volumes: storage, and provisioned IOPS and throughput.

    Args:
        at: the context.
        values: the attributes of a volume: `volume_type`, `volume_size` or `size` in GiB, `iops` and `throughput`.
        item: the name of the part.
        count: the number of volumes. Default: one.
        hours: the hours of the month in which they exist. Default: all.
        assumption: the reason of these hours. Default: none.
    """
    kind = text(values.get("volume_type")) or text(values.get("type")) or _DEFAULT_TYPE
    gib = number(values.get("volume_size", values.get("size")))
    if gib is None:
        unknown = is_unknown(values.get("volume_size", values.get("size")))
        yield Missing(
            f"the size of the {item} is {'known after apply' if unknown else 'that of the image or snapshot'}"
        )
        return

    def billed(part: str, price: str, each: float, unit: str) -> Found:
        quantity = Span(each * count.low, each * count.high)
        words = joined(f"{count} x {each:,.10g} {unit}" if count != ONE else "", assumption)
        return monthly(part, at.prices.service("ebs", price), quantity, unit, hours=hours, assumption=words)

    yield billed(f"{item}: {kind} storage", f"{kind}_storage", gib, "GB-months")
    yield from _performance(kind, values, item, billed)


def _performance(
    kind: str, values: Mapping[str, Any], item: str, billed: Callable[[str, str, float, str], Found]
) -> Iterator[Found]:
    iops, throughput = number(values.get("iops")) or 0, number(values.get("throughput")) or 0
    if kind == "gp3":
        if iops > _GP3_IOPS:
            yield billed(f"{item}: IOPS over 3,000", "gp3_iops_over_3000", iops - _GP3_IOPS, "IOPS-months")
        if throughput > _GP3_THROUGHPUT:
            more = throughput - _GP3_THROUGHPUT
            yield billed(f"{item}: throughput over 125 MiB/s", "gp3_throughput_over_125", more, "MBps-months")
    if kind == "io1" and iops:
        yield billed(f"{item}: IOPS", "io1_iops", iops, "IOPS-months")
    if kind == "io2" and iops:
        yield billed(f"{item}: IOPS", "io2_iops_first_32000", min(iops, _IO2_FIRST_IOPS), "IOPS-months")
        if iops > _IO2_FIRST_IOPS:
            yield Missing(f"no price of the IOPS above 32,000 of the {item}")


def template_volumes(at: Context, template: Resource, *, count: Span, hours: Span, assumption: str) -> Iterator[Found]:
    """The cost of the volumes that a launch template or a launch configuration declares."""
    mappings = [value_at(each, "ebs") for each in template.blocks("block_device_mappings")]
    if template.type == "aws_launch_configuration":
        mappings = [*template.blocks("root_block_device"), *template.blocks("ebs_block_device")]
    for number_, ebs in enumerate(mappings):
        values = ebs[0] if isinstance(ebs, list) and ebs else ebs
        if isinstance(values, dict):
            item = "root volumes" if number_ == 0 else "data volumes"
            yield from volume(at, values, item, count=count, hours=hours, assumption=assumption)


def standalone(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_ebs_volume`."""
    yield from volume(at, resource.values, "volume")


def snapshot(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_ebs_snapshot` and copies, at the size of the volume."""
    gib = resource.number("volume_size")
    if gib is None:
        yield Missing("the size of the snapshot is known after apply")
        return
    price = at.prices.service("ebs", "snapshot_standard")
    yield monthly("snapshot", price, gib, "GB-months", assumption="the snapshot is as large as its volume")


FORMULAS = {
    "aws_ebs_snapshot": snapshot,
    "aws_ebs_snapshot_copy": snapshot,
    "aws_ebs_volume": standalone,
}
