"""Completeness of the plan, and changes that reviews of single resources do not cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.functions.counting import counted
from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.escaping import listed, quoted
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

ERRORED: Final = Rule(
    "MLR001",
    Level.HOLD,
    "Terraform failed while planning. The plan is incomplete.",
    "Fix the error, plan again, and review the new plan.",
)
DEFERRED: Final = Rule(
    "MLR002",
    Level.HOLD,
    "The plan defers changes. After applying it, further changes remain.",
    "Apply it, plan again, and review the remaining changes.",
)
UNKNOWN_ACTION: Final = Rule(
    "MLR003",
    Level.HOLD,
    "The plan contains an action that this version of mlinfra does not support.",
    "Check the change in the output of terraform show, and update mlinfra.",
)
FORGOTTEN: Final = Rule(
    "MLR004",
    Level.WARNING,
    "A resource is removed from the state and remains in AWS, unmanaged and still incurring charges.",
    "Check that another stack manages it, or delete it by hand.",
)
CHECK: Final = Rule(
    "MLR005",
    Level.WARNING,
    "A `check` block of the configuration fails.",
    "Fix the reported problem. Terraform only warns, and applies the plan anyway.",
)
ACTION: Final = Rule(
    "MLR006",
    Level.HOLD,
    "A provider action is invoked, such as stopping an instance. Its effect is not part of the planned changes.",
    "Check that the `action` block and its trigger are intended.",
)
RULES: Final = (ERRORED, DEFERRED, UNKNOWN_ACTION, FORGOTTEN, CHECK, ACTION)


def check(plan: Plan) -> Iterator[Finding]:
    """Check the plan as a whole, and unusual actions."""
    if plan.facts.get("errored") is True:
        yield ERRORED.at(plan.stack, plan.stack, "Terraform failed while planning.")
    deferred = plan.facts.get("deferred_changes")
    # Failed plans are marked as incomplete, too.
    if deferred or (plan.facts.get("complete") is False and plan.facts.get("errored") is not True):
        many = f": {counted(deferred, 'change')}" if isinstance(deferred, int) and deferred else ""
        yield DEFERRED.at(plan.stack, plan.stack, f"The plan defers changes{many}.")
    for address, messages in plan.facts.get("checks") or ():
        yield CHECK.at(plan.stack, address, f"The check failed: {listed(messages) or 'no message'}.")
    for address in plan.facts.get("action_invocations") or ():
        yield ACTION.at(plan.stack, address, f"{quoted(address)} is invoked.")
    for change in plan.changes:
        if change.kind is Kind.UNKNOWN:
            actions = listed(change.actions) or "unreadable"
            yield UNKNOWN_ACTION.at(plan.stack, change, f"Unsupported actions: {actions}.")
        elif change.kind is Kind.FORGET:
            yield FORGOTTEN.at(
                plan.stack, change, f"{change.name('name', 'bucket', 'id')} is removed from the state, not destroyed."
            )
