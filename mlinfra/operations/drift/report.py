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
Status = Literal["drift", "not_managed", "ignored"]
"""`not_managed`: Terraform keeps what others set. `ignored`: `drift-ignore.yaml` has the difference."""

NO_DRIFT, ERROR, DRIFT = 0, 1, 2
"""The exit codes, those of `terraform plan -detailed-exitcode`."""

DELETED = "deleted"
"""The attribute in differences of deleted resources."""


@dataclass(frozen=True)
class ChangeEvent:
    """A write event of a resource in CloudTrail."""

    principal: str
    event: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.principal}, {self.event}, {self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Who:
    """The principals that changed a resource, as far as CloudTrail contains them."""

    events: tuple[ChangeEvent, ...] = ()
    """Events that were not made by Terraform, the newest first."""

    unknown: str = ""
    """The reason why the principal is unknown. Empty: it is known."""

    def __str__(self) -> str:
        return "; ".join(map(str, self.events)) or f"unknown: {self.unknown}"


@dataclass(frozen=True)
class Removal:
    """The request to AWS that removes an unmanaged part of a resource."""

    service: str
    """The name of the client in boto3."""
    operation: str
    """The method of the client."""
    parameters: Mapping[str, Any]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.service}:{self.operation} {given}"


@dataclass(frozen=True)
class Difference:
    """An attribute of a resource that differs from the state, or an unmanaged part of the resource."""

    stack: str
    address: str
    kind: Kind
    attribute: str
    before: Any
    """The value in the state. Sensitive values are replaced by a placeholder."""

    after: Any
    """The value in AWS."""

    names: tuple[str, ...] = ()
    """Ids and names of the resource in AWS, for lookups in CloudTrail."""

    status: Status = "drift"
    reason: str = ""
    """The reason why the difference is not managed by Terraform, or ignored. Empty: it is drift."""

    new: bool = True
    """True if the baseline does not contain the difference."""

    who: Who | None = None
    """None: not requested."""

    removal: Removal | None = None
    """The request that removes an unmanaged part. None for other kinds, which an apply reverts."""

    @property
    def fingerprint(self) -> str:
        """A hash that identifies the difference. It excludes sensitive values, which could be guessed from it."""
        identity = json.dumps(
            [self.stack, self.address, self.attribute, self.before, self.after], sort_keys=True, default=str
        )
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """Address and attribute, without values."""
        return f"{self.address} {self.attribute}"


@dataclass(frozen=True)
class LeftOut:
    """A difference that is not drift, with the reason."""

    address: str
    attribute: str
    reason: str


@dataclass(frozen=True)
class Pending:
    """A change in the code that is not applied yet."""

    address: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Resolved:
    """Drift in the baseline that does not exist any more."""

    stack: str
    label: str
    """Address and attribute. Empty if the baseline had no room for them."""


@dataclass(frozen=True)
class StackReport:
    """The result of one stack."""

    name: str
    problems: tuple[str, ...] = ()
    """Errors of checks. The results of other checks are reported nevertheless."""

    differences: tuple[Difference, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    pending: tuple[Pending, ...] | None = None
    """None: not requested."""

    was_compared: bool = True
    """False if Terraform failed to compare the stack with AWS."""

    def with_status(self, status: Status) -> tuple[Difference, ...]:
        """Differences with one status."""
        return tuple(each for each in self.differences if each.status == status)


@dataclass(frozen=True)
class Report:
    """The result of an environment."""

    environment: str
    created: datetime
    stacks: tuple[StackReport, ...]
    resolved: tuple[Resolved, ...] = ()
    expired: Mapping[str, date] | None = None
    """Expired entries of the ignore list with their last day. They have no effect."""

    @property
    def drift(self) -> tuple[Difference, ...]:
        """All drift."""
        return tuple(self._with_status("drift"))

    @property
    def new(self) -> tuple[Difference, ...]:
        """Drift that the baseline does not contain."""
        return tuple(each for each in self.drift if each.new)

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """All problems, each with its stack."""
        return tuple((stack.name, problem) for stack in self.stacks for problem in stack.problems)

    @property
    def exit_code(self) -> int:
        """1 if any check failed, with or without drift; otherwise 2 for drift, and 0 without drift."""
        if self.problems:
            return ERROR
        return DRIFT if self.drift else NO_DRIFT

    @property
    def summary(self) -> str:
        """The result in one line."""
        drift, resources = self.drift, {(each.stack, each.address) for each in self.drift}
        if drift:
            result = f"{_count(drift, 'difference')} in {_count(resources, 'resource')}, {len(self.new)} new"
        else:
            result = "no drift"
        failed = {name for name, _ in self.problems}
        if failed:
            result += f"; checks failed in {', '.join(sorted(failed))}"
        return f"{self.environment}: {result}"

    def _with_status(self, status: Status) -> Iterator[Difference]:
        for stack in self.stacks:
            yield from stack.with_status(status)


def _count(things: Collection[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
