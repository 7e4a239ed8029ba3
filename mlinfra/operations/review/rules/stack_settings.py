"""Settings that a plan does not contain, compared with those of the last apply: lifecycle blocks and versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.escaping import listed, quoted
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan
    from mlinfra.operations.terraform import StackSettings

IGNORED: Final = Rule(
    "MLR011",
    Level.HOLD,
    "Terraform ignores changes of attributes that it managed before. Drift of them is no longer found or reverted.",
    "Manage the attributes, or say in a comment which other program sets them.",
)
UNPROTECTED: Final = Rule(
    "MLR012",
    Level.HOLD,
    "A resource loses `prevent_destroy`. The next plan can destroy it.",
    "Keep it. To destroy the resource, remove it in a separate change, reviewed before the destruction.",
)
DOWNGRADED: Final = Rule(
    "MLR013",
    Level.HOLD,
    "A provider or Terraform is older than at the last apply. It can misread the state, and lacks fixes.",
    "Use the version of the last apply, or a newer one.",
)
RULES: Final = (IGNORED, UNPROTECTED, DOWNGRADED)
TYPES: Final[frozenset[str]] = frozenset()
"""The types that this module checks: none in particular."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check the settings of a stack that `mlinfra apply` applied before."""
    before, after = plan.applied_settings, plan.settings
    if before and after:
        yield from _lifecycles(plan, before, after)
        yield from _versions(plan, before, after)


def _lifecycles(plan: Plan, before: StackSettings, after: StackSettings) -> Iterator[Finding]:
    # A resource that is created, destroyed or moved by the plan is another matter.
    new = {each.address.partition("[")[0] for each in plan.changes if each.kind is Kind.CREATE}
    gone = {each.address.partition("[")[0] for each in plan.changes if each.kind is Kind.DESTROY}
    moved = {each.moved_from: each.address for each in plan.changes if each.moved_from}
    for address, names in after.ignored.items():
        had = before.ignored.get(address, ())
        more = [each for each in names if each not in had]
        if more and "all" not in had and address not in new and address not in moved.values():
            was = listed(had) if had else "none"
            text = f"Changes of {listed(more)} of {quoted(address)} are ignored. Ignored before: {was}."
            yield IGNORED.at(plan.stack, address, text)
    for address in before.kept:
        if moved.get(address, address) not in after.kept and address not in gone:
            yield UNPROTECTED.at(plan.stack, address, f"{quoted(address)} is without `prevent_destroy`.")


def _versions(plan: Plan, before: StackSettings, after: StackSettings) -> Iterator[Finding]:
    versions = [("Terraform", before.terraform, after.terraform)]
    versions += [
        (f"The provider {quoted(source)}", version, after.providers[source])
        for source, version in before.providers.items()
        if source in after.providers
    ]
    for name, was, is_ in versions:
        if _numbers(is_) < _numbers(was):
            text = f"{name} is version {quoted(is_)}, and was {quoted(was)} at the last apply."
            yield DOWNGRADED.at(plan.stack, plan.stack, text)


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version. A pre-release counts as its release."""
    return tuple(int(each) for each in re.findall(r"\d+", version.partition("-")[0]))
