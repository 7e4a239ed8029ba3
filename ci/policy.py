"""Run checkov, mlinfra's rule for `*` and the check of AWS's actions on all stacks: `python -m ci.policy`.

The last two check the examples too.

Fails on a role with unlimited permissions, on a statement without effect, on a finding without a reason in
`mlinfra/checks/suppressions.py`, on a suppression that is no longer needed, and if checkov has not parsed the output,
which it reports as a success.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ci import JUDGED_ON
from ci.authorization import MEANT, Finding, Reference, findings
from ci.synthesis import ROOT, synthesize_all, synthesize_examples
from mlinfra.checks.index import CHECKS
from mlinfra.checks.suppressions import SUPPRESSIONS
from mlinfra.checks.wildcards import wildcards
from mlinfra.operations.checks import checkov_findings, failed_checks

_Stack = tuple[str, dict[str, Any]]
"""The name of a stack, and its Terraform JSON."""

CHECKOV = ROOT / ".venv/checkov/bin/checkov"


def main() -> None:
    """Run the checks."""
    with tempfile.TemporaryDirectory() as folder:
        stacks = synthesize_all(Path(folder, "environments"))
        folders = [stacks, *synthesize_examples(Path(folder))]
        written = [path for each in folders for path in sorted(each.glob("*/cdk.tf.json"))]
        declared = [(path.parent.name, json.loads(path.read_text())) for path in written]
        report = _report(stacks)
        by_name = {path.parent.name: json.loads(path.read_text()) for path in stacks.glob("*/cdk.tf.json")}
        problems = [*_wildcards(declared), *_without_effect(declared), *_problems(report, by_name)]
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201
    summary = report["summary"]
    kept = summary["failed"] - sum(problem.startswith("finding") for problem in problems)
    print(f"checkov: {summary['passed']} checks passed, {kept} findings are suppressed with a reason")  # noqa: T201
    print(f"policies: the actions, resources and keys of {len(declared)} stacks are known to AWS")  # noqa: T201
    sys.exit(1 if problems else 0)


def _wildcards(declared: list[_Stack]) -> list[str]:
    return [f"{name}: {problem}" for name, config in declared for problem in wildcards(config)]


def _without_effect(declared: list[_Stack]) -> list[str]:
    reference = Reference.installed()
    problems: list[str] = []
    meant: set[Finding] = set()
    for name, config in declared:
        for address, finding in findings(config, reference):
            if finding in MEANT:
                meant.add(finding)
            else:
                problems.append(f"{name}: {address}: {finding}")
    return problems + [f"the accepted finding does not occur: {each}" for each in MEANT if each not in meant]


def _report(stacks: Path) -> dict[str, Any]:
    command = [str(CHECKOV), "--directory", str(stacks), "--framework", "terraform_json", "--output", "json"]
    # Without --skip-download it downloads the texts of its guidelines.
    ended = subprocess.run([*command, "--quiet", "--skip-download"], capture_output=True, text=True, check=False)  # noqa: S603
    try:
        report: dict[str, Any] = json.loads(ended.stdout)
    except json.JSONDecodeError:
        sys.exit(f"checkov wrote no report:\n{ended.stderr or ended.stdout}")
    return report


def _problems(report: dict[str, Any], stacks: dict[str, dict[str, Any]]) -> list[str]:
    problems = []
    used = set()
    try:
        failed = failed_checks(report)
    except ValueError as error:
        return [str(error)]
    for found, suppression in checkov_findings(failed, stacks, CHECKS, today=JUDGED_ON):
        if suppression:
            used.add(suppression)
        if found.fails:
            problems.append(f"finding {found.check} in {found.stack}: {found.text}")
    problems += [
        f"suppression of {each.check} for {each.address} is not needed" for each in SUPPRESSIONS if each not in used
    ]
    return problems


if __name__ == "__main__":
    main()
