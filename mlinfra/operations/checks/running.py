"""Run of all checks: the app is synthesized, and its stacks write their findings instead of failing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlinfra.checks.check import CheckLevel
from mlinfra.checks.findings_file import FINDINGS_FILE
from mlinfra.declarations import load_environments
from mlinfra.operations.terraform import synthesize
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.terraform import Progress

UNUSED = "MLC901"
"""The id under which acknowledgements that apply to nothing are reported."""


@dataclass(frozen=True)
class CheckFinding:
    """A problem of a stack."""

    check: str
    """The id of the check."""
    title: str
    fix: str
    level: CheckLevel
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
        """True if the run fails because of it: an error that is not acknowledged any more."""
        return self.acknowledged is None and (self.level is CheckLevel.ERROR or self.expired is not None)


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


def run_checks(root: Path, progress: Progress, *, environment: str | None = None) -> CheckReport:
    """Synthesize the app and collect what its checks find: those of mlinfra and its own.

    Args:
        root: the project.
        progress: receives the steps.
        environment: the name of the only environment to check. Default: all environments.

    Raises:
        OperationError: if the app cannot be synthesized.
        DeclarationError: if an environment is invalid, or there is none of that name.
    """
    names = [each.name for each in load_environments(root, only=environment)]
    stacks: list[str] = []
    findings: list[CheckFinding] = []
    with TemporaryDirectory(prefix="mlinfra-checks-") as folder:
        for name in names:
            written = Path(folder, f"{name}.jsonl")
            with progress.step(f"Check {name}") as step, in_force({FINDINGS_FILE: str(written)}):
                synthesize(root, Path(folder, name), environment=name)
                lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
                stacks += [line["stack"] for line in lines]
                found = [each for line in lines for each in _findings(line)]
                findings += found
                step.conclude(f"{len(lines)} stacks, {sum(each.acknowledged is None for each in found)} findings")
    return CheckReport(tuple(sorted(stacks)), tuple(sorted(findings, key=lambda each: (each.stack, each.check))))


def _findings(line: Mapping[str, Any]) -> Iterator[CheckFinding]:
    for each in line["results"]:
        acknowledged, expired = each["acknowledged"], each["expired"]
        yield CheckFinding(
            each["check"],
            each["title"],
            each["fix"],
            CheckLevel(each["level"]),
            line["stack"],
            each["path"],
            each["text"],
            acknowledged["reason"] if acknowledged else None,
            expired["until"] if expired else None,
        )
    for each in line["unused"]:
        yield CheckFinding(
            UNUSED,
            "An acknowledgement applies to no problem.",
            "Remove it.",
            CheckLevel.WARNING,
            line["stack"],
            each["path"],
            f"The acknowledgement of {each['check']} for {each['path']} is not needed.",
        )
