"""Whether the plan itself can be trusted to say what will happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.wording import counted, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

ERRORED: Final = Rule(
    "MLR001",
    Level.HOLD,
    "Terraform failed while it made the plan, which is not all that would happen.",
    "Put right what Terraform said, plan again, and review that plan.",
)
DEFERRED: Final = Rule(
    "MLR002",
    Level.HOLD,
    "The plan leaves changes for a later one, so applying it does not reach what the code says.",
    "Apply, plan again, and review what is left.",
)
UNKNOWN_ACTION: Final = Rule(
    "MLR003",
    Level.HOLD,
    "Terraform would do something that this version of mlinfra does not know.",
    "Look at it in the output of terraform show, and use a newer mlinfra.",
)
FORGOTTEN: Final = Rule(
    "MLR004",
    Level.WARNING,
    "A resource leaves the state and stays in AWS, where nobody manages it and it goes on to cost.",
    "See that somebody else manages it, or delete it by hand.",
)
CHECK: Final = Rule(
    "MLR005",
    Level.WARNING,
    "A check that the code makes of itself, in a `check` block, does not hold.",
    "See what the check says. Terraform only warns of it, and applies the plan nevertheless.",
)
ACTION: Final = Rule(
    "MLR006",
    Level.HOLD,
    "An action of a provider is invoked, such as to stop an instance: what it does is in no change of a resource.",
    "Look at the `action` block and at what triggers it, and see that what it does is meant.",
)
RULES: Final = (ERRORED, DEFERRED, UNKNOWN_ACTION, FORGOTTEN, CHECK, ACTION)


def look(plan: Plan) -> Iterator[Finding]:
    """Findings about the plan as a whole, and about changes that are no usual ones."""
    if plan.facts.get("errored") is True:
        yield ERRORED.at(plan.stack, plan.stack, "Terraform failed while it made this plan.")
    deferred = plan.facts.get("deferred_changes")
    # A plan that failed is not complete either.
    if deferred or (plan.facts.get("complete") is False and plan.facts.get("errored") is not True):
        many = f": {counted(deferred, 'change')}" if isinstance(deferred, int) and deferred else ""
        yield DEFERRED.at(plan.stack, plan.stack, f"This plan is not complete{many}.")
    for address, messages in plan.facts.get("checks") or ():
        yield CHECK.at(plan.stack, address, f"It does not hold: {listed(messages) or 'it does not say why'}.")
    for address in plan.facts.get("action_invocations") or ():
        yield ACTION.at(plan.stack, address, f"{quoted(address)} is invoked.")
    for change in plan.changes:
        if change.kind is Kind.UNKNOWN:
            said = listed(change.actions) or "nothing that can be read"
            yield UNKNOWN_ACTION.at(plan.stack, change, f"The plan's actions for it are {said}.")
        elif change.kind is Kind.FORGET:
            yield FORGOTTEN.at(
                plan.stack, change, f"{change.name('name', 'bucket', 'id')} is forgotten, not destroyed."
            )
