"""What a review comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.operations.review.change import Change, Kind
    from mlinfra.operations.review.costs import Cost

NOTHING_TO_HOLD: Final = 0
NEEDS_APPROVAL: Final = 3

_REASONS: Final = {
    "replace_because_tainted": "its creation did not finish, or it was tainted",
    "replace_by_request": "asked for with -replace",
    "replace_by_triggers": "replace_triggered_by",
    "delete_because_no_resource_config": "it is not in the code any more",
    "delete_because_wrong_repetition": "count or for_each came or went",
    "delete_because_count_index": "its number is beyond count",
    "delete_because_each_key": "its key is not in for_each any more",
    "delete_because_no_module": "its module is not in the code any more",
    "delete_because_no_move_target": "it was moved to where nothing is",
}
"""Terraform's reasons in words (internals/json-format, read 2026-11-26)."""


@dataclass(frozen=True)
class Touched:
    """A resource to which something happens."""

    address: str
    kind: Kind
    forced_by: tuple[str, ...] = ()
    """The attributes that force its replacement."""
    reason: str = ""
    """Why it is replaced or destroyed, in words; empty: Terraform does not say."""
    moved_from: str | None = None
    imports: str | None = None
    deposed: str | None = None

    @classmethod
    def of(cls, change: Change) -> Touched:
        """What is kept of a change for the report: no values."""
        imports = change.imports
        return cls(
            address=change.address,
            kind=change.kind,
            forced_by=change.forced_by if change.replaces else (),
            reason=_REASONS.get(change.reason, ""),
            moved_from=change.moved_from,
            imports="(sensitive)" if imports is not None and change.is_sensitive("id") else imports,
            deposed=change.deposed,
        )


@dataclass(frozen=True)
class StackReview:
    """What one plan would do."""

    stack: str
    source: str
    touched: tuple[Touched, ...]
    cost: Cost

    def count(self, *kinds: Kind) -> int:
        """To how many resources one of `kinds` happens."""
        return sum(each.kind in kinds for each in self.touched)

    @property
    def imported(self) -> int:
        """How many resources are imported."""
        return sum(each.imports is not None for each in self.touched)

    @property
    def moved(self) -> int:
        """How many resources get another address."""
        return sum(each.moved_from is not None for each in self.touched)


@dataclass(frozen=True)
class Report:
    """What a review of some plans comes to."""

    stacks: tuple[StackReview, ...]
    findings: tuple[Finding, ...]

    @property
    def held(self) -> tuple[Finding, ...]:
        """The findings that need an approval and have none."""
        return tuple(each for each in self.findings if each.level is Level.HOLD and not each.approved_by)

    @property
    def approved(self) -> tuple[Finding, ...]:
        """The findings that need an approval and have one."""
        return tuple(each for each in self.findings if each.level is Level.HOLD and each.approved_by)

    @property
    def exit_code(self) -> int:
        """0: nothing to hold; 3: something needs an approval."""
        return NEEDS_APPROVAL if self.held else NOTHING_TO_HOLD

    def of_level(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level."""
        return tuple(each for each in self.findings if each.level is level)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What holds first, then by stack, rule and address."""
    ranks = {Level.HOLD: 0, Level.WARNING: 1, Level.NOTE: 2}
    return tuple(sorted(findings, key=lambda each: (ranks[each.level], each.stack, each.id, each.address, each.text)))
