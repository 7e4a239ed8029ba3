"""Clusters of expired experiments."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Tag
from mlinfra.operations.review.change import Change, items
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

CREATED: Final = Rule(
    "MLR407",
    Level.HOLD,
    "A cluster is created for an experiment that has already expired.",
    "Correct the experiment's `expires` in the environment, or remove the experiment.",
)
EXPIRED: Final = Rule(
    "MLR408",
    Level.WARNING,
    "The experiment of a cluster has expired: the cluster has size zero.",
    "Remove the experiment from the environment, or extend it.",
)
RULES: Final = (CREATED, EXPIRED)


def check(plan: Plan, today: date) -> Iterator[Finding]:
    """Check auto scaling groups with an expiry before `today`, changed or not."""
    for change in (*plan.changes, *plan.unchanged):
        if change.type != "aws_autoscaling_group" or (change.destroys and not change.creates):
            continue
        tags = _tags(change)
        expires = _day(tags.get(Tag.EXPIRES))
        if expires is None or expires >= today:
            continue
        rule = CREATED if change.creates and not change.destroys else EXPIRED
        days = (today - expires).days
        ago = "1 day" if days == 1 else f"{days} days"
        owner = f" Owner: `{tags[Tag.OWNER]}`." if Tag.OWNER in tags else ""
        experiment = f"The experiment of {change.name('name')} expired"
        yield rule.at(
            plan.stack, change, f"{experiment} {ago} ago ({expires}).{owner}", fact=f"{experiment} on {expires}."
        )


def _tags(change: Change) -> dict[str, Any]:
    """The tags of an auto scaling group after the plan, as far as they are known."""
    blocks = [each for each in items(change.new("tag")) if isinstance(each, dict)]
    return {str(each.get("key")): each.get("value") for each in blocks if each.get("value") is not None}


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
