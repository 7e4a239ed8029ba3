"""Required tags, which identify owner and cost center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.checks.tags import REQUIRED_TAGS
from mlinfra.operations.review.change import UNKNOWN, Kind
from mlinfra.operations.review.escaping import listed
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

MISSING: Final = Rule(
    "MLR601",
    Level.WARNING,
    "A created or changed resource lacks a required tag.",
    "Set the tag in `default_tags` of the provider. MlStack does so.",
)
RULES: Final = (MISSING,)


def check(plan: Plan) -> Iterator[Finding]:
    """Check required tags. Tags that are known after apply are taken as set."""
    for change in plan.changes:
        if not (change.creates or change.kind is Kind.UPDATE):
            continue
        tags = change.new("tags_all")
        if tags is UNKNOWN or "tags_all" not in change.after:
            continue
        known = tags if isinstance(tags, dict) else {}
        missing = [tag for tag in REQUIRED_TAGS if not (known.get(tag) or change.new(f"tags_all.{tag}"))]
        if missing:
            yield MISSING.at(plan.stack, change, f"Missing tags: {listed(missing)}.")
