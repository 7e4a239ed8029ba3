"""The result of a review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.operations.cost import Comparison, together
from mlinfra.operations.review import attributes
from mlinfra.operations.review.approvals import REJECTED
from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.operations.review.attributes import Attribute
    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.costs import Cost

NOT_HELD: Final = 0
HELD: Final = 3

_REASONS: Final = {
    "replace_because_tainted": "its creation failed, or it was marked as tainted",
    "replace_by_request": "requested with -replace",
    "replace_by_triggers": "replace_triggered_by",
    "delete_because_no_resource_config": "it was removed from the code",
    "delete_because_wrong_repetition": "count or for_each was added or removed",
    "delete_because_count_index": "its index is out of the range of count",
    "delete_because_each_key": "its key was removed from for_each",
    "delete_because_no_module": "its module was removed from the code",
    "delete_because_no_move_target": "it was moved to an address that is not in the code",
}
"""Texts for Terraform's `action_reason` (internals/json-format, read 2026-11-26)."""


@dataclass(frozen=True)
class ResourceChange:
    """A planned change of a resource."""

    address: str
    kind: Kind
    type: str = ""
    forced_by: tuple[str, ...] = ()
    """The attributes that force its replacement."""
    reason: str = ""
    """Reason of the replacement or deletion. Empty: Terraform gives none."""
    moved_from: str | None = None
    imports: str | None = None
    deposed: str | None = None
    attributes: tuple[Attribute, ...] = ()
    """The attributes that change, or are set on a new resource. Sensitive values are masked."""

    @property
    def is_new(self) -> bool:
        """True if the resource is created, and is neither imported nor moved."""
        return self.kind is Kind.CREATE and self.imports is None and self.moved_from is None

    @classmethod
    def of(cls, change: Change) -> ResourceChange:
        """Extract the parts of a change that are reported."""
        imports = change.imports
        return cls(
            address=change.address,
            kind=change.kind,
            type=change.type,
            forced_by=change.forced_by if change.replaces else (),
            reason=_REASONS.get(change.reason, ""),
            moved_from=change.moved_from,
            imports="(sensitive)" if imports is not None and change.is_sensitive("id") else imports,
            deposed=change.deposed,
            attributes=attributes.changed(change),
        )


@dataclass(frozen=True)
class StackReview:
    """The changes and the costs of one plan."""

    stack: str
    source: str
    """The file of the plan, as it was given."""
    changes: tuple[ResourceChange, ...]
    cost: Cost
    subjects: tuple[str, ...] = ()
    """One line for each cluster, endpoint and bucket that changes. Untrusted values are between backticks."""

    def count(self, *kinds: Kind) -> int:
        """Number of changes of any of `kinds`."""
        return sum(each.kind in kinds for each in self.changes)

    @property
    def imported(self) -> int:
        """Number of imported resources."""
        return sum(each.imports is not None for each in self.changes)

    @property
    def moved(self) -> int:
        """Number of resources with a new address."""
        return sum(each.moved_from is not None for each in self.changes)


@dataclass(frozen=True)
class Report:
    """The result of a review of one or more plans."""

    stacks: tuple[StackReview, ...]
    findings: tuple[Finding, ...]

    @property
    def held(self) -> tuple[Finding, ...]:
        """Findings that need an approval and do not have one."""
        return tuple(each for each in self.findings if each.level is Level.HOLD and not each.approved_by)

    @property
    def approved(self) -> tuple[Finding, ...]:
        """Findings that need an approval and have one."""
        return tuple(each for each in self.findings if each.level is Level.HOLD and each.approved_by)

    @property
    def rejected_approvals(self) -> tuple[Finding, ...]:
        """Findings about approvals of held findings that do not count: expired, invalid, or of another text."""
        return tuple(each for each in self.findings if each.id in REJECTED)

    @property
    def cost(self) -> Comparison:
        """The estimated costs of all stacks before and after."""
        return Comparison(
            together(each.cost.comparison.before for each in self.stacks),
            together(each.cost.comparison.after for each in self.stacks),
        )

    @property
    def exit_code(self) -> int:
        """0 without held findings, 3 if a finding needs an approval."""
        return HELD if self.held else NOT_HELD

    def of_level(self, level: Level) -> tuple[Finding, ...]:
        """Findings of one level."""
        return tuple(each for each in self.findings if each.level is level)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings: held first, then warnings and notes; each by stack, rule and address."""
    ranks = {Level.HOLD: 0, Level.WARNING: 1, Level.NOTE: 2}
    return tuple(sorted(findings, key=lambda each: (ranks[each.level], each.stack, each.id, each.address, each.text)))


def by_rule(findings: Iterable[Finding]) -> Iterator[tuple[str, str, list[Finding]]]:
    """Group findings: the id and the fix of each rule, and its findings in their order."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.id, each.fix), []).append(each)
    for (id_, fix), found in sorted(groups.items()):
        yield id_, fix, found
