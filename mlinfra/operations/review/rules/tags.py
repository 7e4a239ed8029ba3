"""Who owns it and who pays: the tags that everything has to carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.checks.tags import REQUIRED_TAGS
from mlinfra.operations.review.change import UNKNOWN, Kind
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

MISSING: Final = Rule(
    "MLR601",
    Level.WARNING,
    "Something that is created or changed lacks a required tag.",
    "Set it in the provider's `default_tags`; MlStack does so.",
)
RULES: Final = (MISSING,)


def look(plan: Plan) -> Iterator[Finding]:
    """Findings about tags. What only the apply will tell counts as given."""
    for change in plan.changes:
        if not (change.creates or change.kind is Kind.UPDATE):
            continue
        tags = change.new("tags_all")
        if tags is UNKNOWN or "tags_all" not in change.after:
            continue
        known = tags if isinstance(tags, dict) else {}
        missing = [tag for tag in REQUIRED_TAGS if not (known.get(tag) or change.new(f"tags_all.{tag}"))]
        if missing:
            yield MISSING.at(plan.stack, change, f"It lacks {listed(missing)}.")
