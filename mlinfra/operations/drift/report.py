"""The report on drift, as data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date, datetime

Kind = Literal["changed", "deleted", "unmanaged"]
Standing = Literal["drift", "left to others", "ignored"]

NO_DRIFT, ERROR, DRIFT = 0, 1, 2
"""The exit codes, those of `terraform plan -detailed-exitcode`."""

DELETED = "deleted"
"""What stands for the attribute where the whole resource is gone."""


@dataclass(frozen=True)
class Act:
    """Something that a principal did to a resource, as CloudTrail recorded it."""

    principal: str
    event: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.principal}, {self.event}, {self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Who:
    """Who changed a resource, as far as CloudTrail tells."""

    acts: tuple[Act, ...] = ()
    """What was done to it other than by Terraform, the newest first."""

    unknown: str = ""
    """Why that is not known, where it is not."""

    def __str__(self) -> str:
        return "; ".join(str(act) for act in self.acts) or f"unknown: {self.unknown}"


@dataclass(frozen=True)
class Difference:
    """One attribute of one resource that is not as it was recorded, or one thing that stands beside it."""

    stack: str
    address: str
    kind: Kind
    attribute: str
    before: Any
    """What Terraform recorded. Sensitive values are replaced by a text that says so."""

    after: Any
    """What AWS says now."""

    names: tuple[str, ...] = ()
    """What the resource is called in AWS, to look it up in CloudTrail."""

    standing: Standing = "drift"
    reason: str = ""
    """Why it is left to others or ignored."""

    new: bool = True
    """Whether the memory does not know it yet."""

    who: Who | None = None
    """None: not asked."""

    @property
    def fingerprint(self) -> str:
        """The same for the same drift, and no other. Sensitive values are not in it: they could be guessed from it."""
        identity = json.dumps(
            [self.stack, self.address, self.attribute, self.before, self.after], sort_keys=True, default=str
        )
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """What it is about, without any value."""
        return f"{self.address} {self.attribute}"


@dataclass(frozen=True)
class LeftOut:
    """A difference that is no drift, and why."""

    address: str
    attribute: str
    reason: str


@dataclass(frozen=True)
class Pending:
    """What the code says and was not applied yet."""

    address: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Gone:
    """Drift that the memory knows and that is there no longer."""

    stack: str
    label: str
    """What it was about; empty where the memory had no room for it."""


@dataclass(frozen=True)
class StackReport:
    """What was found in one stack."""

    name: str
    problems: tuple[str, ...] = ()
    """Why something could not be looked at. What could be is there all the same."""

    differences: tuple[Difference, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    pending: tuple[Pending, ...] | None = None
    """None: not asked."""

    was_compared: bool = True
    """Whether Terraform could compare the stack with AWS."""

    def with_standing(self, standing: Standing) -> tuple[Difference, ...]:
        """The differences of one standing."""
        return tuple(each for each in self.differences if each.standing == standing)


@dataclass(frozen=True)
class Report:
    """What was found in an environment."""

    environment: str
    created: datetime
    stacks: tuple[StackReport, ...]
    gone: tuple[Gone, ...] = ()
    expired: Mapping[str, date] | None = None
    """Entries of the ignore list that are past their last day, which no longer ignore anything."""

    @property
    def drift(self) -> tuple[Difference, ...]:
        """All that is drift."""
        return tuple(self._with_standing("drift"))

    @property
    def new(self) -> tuple[Difference, ...]:
        """The drift that is not known from before."""
        return tuple(each for each in self.drift if each.new)

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Every problem, with its stack."""
        return tuple((stack.name, problem) for stack in self.stacks for problem in stack.problems)

    @property
    def exit_code(self) -> int:
        """1 where anything could not be looked at, though there may be drift too; else 2 for drift, and 0 for none."""
        if self.problems:
            return ERROR
        return DRIFT if self.drift else NO_DRIFT

    @property
    def summary(self) -> str:
        """All of it in one line."""
        drift, resources = self.drift, {(each.stack, each.address) for each in self.drift}
        if drift:
            said = f"{_count(drift, 'difference')} in {_count(resources, 'resource')}, {len(self.new)} new"
        else:
            said = "no drift"
        wrong = {name for name, _ in self.problems}
        if wrong:
            said += f"; could not be looked at in full: {', '.join(sorted(wrong))}"
        return f"{self.environment}: {said}"

    def _with_standing(self, standing: Standing) -> Iterator[Difference]:
        for stack in self.stacks:
            yield from stack.with_standing(standing)


def _count(things: Collection[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
