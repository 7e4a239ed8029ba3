"""Run of all checks: the app is synthesized, and its stacks write their findings instead of failing."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlinfra.checks.findings_file import FINDINGS_FILE
from mlinfra.checks.index import CHECKS
from mlinfra.checks.level import Level
from mlinfra.checks.own_checks import read_checks
from mlinfra.declarations import load_environments, present_day
from mlinfra.functions.counting import counted
from mlinfra.operations.checks.checkov import checkov_findings, read_report
from mlinfra.operations.checks.finding import CheckFinding, CheckReport
from mlinfra.operations.terraform import synthesize
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.terraform import Progress

UNUSED = "MLC901"
"""The id under which acknowledgements that apply to nothing are reported."""


def run_checks(
    root: Path, progress: Progress, *, environment: str | None = None, checkov: Path | None = None
) -> CheckReport:
    """Synthesize the app and collect what its checks find: those of mlinfra and its own.

    Args:
        root: the project.
        progress: receives the steps.
        environment: the name of the only environment to check. Default: all environments.
        checkov: the output of checkov on the same stacks, as JSON. Its findings are added, with their acknowledgements.
            Default: none.

    Raises:
        OperationError: if the app cannot be synthesized, or the output of checkov cannot be read.
        DeclarationError: if an environment or a check of the project is invalid, or there is no such environment.
    """
    failed = () if checkov is None else read_report(checkov)
    known = (*CHECKS, *read_checks(root))
    names = [each.name for each in load_environments(root, only=environment)]
    configs: dict[str, Any] = {}
    stacks: list[str] = []
    findings: list[CheckFinding] = []
    with TemporaryDirectory(prefix="mlinfra-checks-") as folder:
        for name in names:
            written = Path(folder, f"{name}.jsonl")
            with progress.step(f"Check {name}") as step, in_force({FINDINGS_FILE: str(written)}):
                for stack in synthesize(root, Path(folder, name), environment=name):
                    if failed:
                        configs[stack.name] = json.loads((stack.directory / "cdk.tf.json").read_text(encoding="utf-8"))
                lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
                stacks += [line["stack"] for line in lines]
                found = [each for line in lines for each in _findings(line)]
                findings += found
                open_ = sum(each.acknowledged is None for each in found)
                step.conclude(f"{counted(len(lines), 'stack')}, {counted(open_, 'finding')}")
    findings += [found for found, _ in checkov_findings(failed, configs, known, today=present_day())]
    return CheckReport(tuple(sorted(stacks)), tuple(sorted(findings, key=lambda each: (each.stack, each.check))))


def _findings(line: Mapping[str, Any]) -> Iterator[CheckFinding]:
    for each in line["results"]:
        acknowledged, expired = each["acknowledged"], each["expired"]
        yield CheckFinding(
            each["check"],
            each["title"],
            each["fix"],
            Level(each["level"]),
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
            Level.WARNING,
            line["stack"],
            each["path"],
            f"The acknowledgement of {each['check']} for {each['path']} is not needed.",
        )
