"""The audit as JSON and CSV, and its figures in words."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

from mlinfra.functions.counting import counted
from mlinfra.operations.audit.item import CLASSIFICATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.operations.audit.item import Audit, Classification, Item

_CLUSTER_KINDS: Final = frozenset({"auto-scaling-group", "hyperpod-cluster", "instance-group", "node-group"})
_PLURALS: Final = {
    "address": "addresses",
    "classic-load-balancer": "load balancers",
    "load-balancer": "load balancers",
    "efs": "file systems",
}

CSV_COLUMNS: Final = (
    "region",
    "service",
    "kind",
    "id",
    "name",
    "classification",
    "conditions",
    "state",
    "usd_per_month",
    "usd_so_far",
    "launched",
    "launched_by",
    "owner",
    "owner_is_certain",
    "owner_evidence",
    "manager",
    "nodes",
    "accelerators",
    "instance_types",
    "gpu_utilization",
    "cpu_utilization",
    "problems",
    "cost_basis",
    "arn",
    "is_new",
)
"""The columns of the CSV format, named after the fields of `Item`."""


def to_json(audit: Audit) -> str:
    """The audit as JSON text."""
    return json.dumps(audit.as_json(), indent=2, ensure_ascii=False) + "\n"


def to_csv(audit: Audit) -> str:
    """The items as CSV, the dearest first. Cells with several values have one on each line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for each in audit.as_json()["items"]:
        writer.writerow([_cell(each[column]) for column in CSV_COLUMNS])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        return _cell("\n".join(map(str, value)))
    if isinstance(value, bool):
        return "true" if value else "false"
    # A name from AWS that begins like a formula is not one in a spreadsheet.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def headline(audit: Audit) -> str:
    """The cost of the account in one sentence."""
    used = len({each.region for each in audit.items if each.usd_per_month != 0})
    total = f"{audit.usd_per_month():,.0f} USD a month"
    unpriced = sum(each.usd_per_month is None for each in audit.items)
    rest = f", and {unpriced} resources with an unknown price" if unpriced else ""
    return f"Account {audit.account_id}: {total}{rest}, in {used} of {counted(len(audit.regions), 'region')}."


def totals(audit: Audit) -> Iterator[tuple[Classification, float, str]]:
    """The cost of each classification, with a description of its resources; without empty classifications."""
    order: Sequence[Classification] = ("unmanaged", "orphaned", "managed-elsewhere", "managed")
    assert set(order) == set(CLASSIFICATIONS)  # noqa: S101  all classifications are shown
    for each in order:
        items = [item for item in audit.items if item.classification == each]
        if items:
            yield each, audit.usd_per_month(each), description(items)


def description(items: Sequence[Item]) -> str:
    """The number of clusters with accelerators, and of other resources, such as `3 clusters, 12 volumes`."""
    counts: dict[str, int] = {}
    for each in sorted(items, key=lambda item: item.kind):
        word = "cluster" if is_cluster(each) else each.kind
        counts[word] = counts.get(word, 0) + 1
    clusters = counts.pop("cluster", 0)
    ordered = ([("cluster", clusters)] if clusters else []) + sorted(counts.items(), key=lambda each: -each[1])
    shown = [f"{count} {_word(kind, count)}" for kind, count in ordered[:4]]
    more = sum(count for _, count in ordered[4:])
    return ", ".join([*shown, f"{more} others"] if more else shown)


def is_cluster(item: Item) -> bool:
    """True for a group of instances that exist, and for an instance with accelerators."""
    return item.nodes > 0 and (item.kind in _CLUSTER_KINDS or (item.kind == "instance" and item.accelerators > 0))


def _word(kind: str, count: int) -> str:
    word = kind.replace("-", " ")
    if count == 1:
        return word
    return _PLURALS.get(kind, f"{word}s")


def failure_text(audit: Audit) -> Iterator[str]:
    """One line for each failed request, with what is missing."""
    for each in audit.failed_regions:
        missing = f"; incomplete: {', '.join(each.kinds)}" if each.kinds else ""
        yield f"{each.region}, {each.service}: {each.reason}{missing}"
