"""Findings of checks in all stacks of a project."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from mlinfra.checks.level import Level


@dataclass(frozen=True)
class CheckFinding:
    """A problem of a stack."""

    check: str
    """The id of the check."""
    title: str
    fix: str
    level: Level
    stack: str
    path: str
    """The path of the construct; empty: the whole stack."""
    text: str
    acknowledged: str | None = None
    """The reason of the acknowledgement that applies to it. None: there is none."""
    expired: str | None = None
    """The last day of the acknowledgement, if it is over."""

    @property
    def fails(self) -> bool:
        """True if the run fails because of it: held, or its acknowledgement has expired."""
        return self.acknowledged is None and (self.level is Level.HOLD or self.expired is not None)


@dataclass(frozen=True)
class CheckReport:
    """The findings in all stacks."""

    stacks: tuple[str, ...]
    """The stacks that were checked."""
    findings: tuple[CheckFinding, ...]

    @property
    def fails(self) -> bool:
        """True if a finding fails the run."""
        return any(each.fails for each in self.findings)

    def to_json(self) -> str:
        """The report as JSON."""
        found = [{**asdict(each), "level": each.level.value, "fails": each.fails} for each in self.findings]
        return json.dumps({"stacks": self.stacks, "findings": found}, indent=2)
