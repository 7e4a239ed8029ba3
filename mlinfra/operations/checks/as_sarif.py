"""Findings in SARIF 2.1.0, which code hosts show beside a change.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", sections 3.13, 3.27 and 3.35.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mlinfra.checks.level import Level

if TYPE_CHECKING:
    from mlinfra.operations.checks.finding import CheckFinding, CheckReport

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FILE: Final = "main.py"
"""Code hosts show only results with a file: a construct has none, so it is the program that declares all of them."""


def sarif(report: CheckReport) -> str:
    """The report as SARIF. Acknowledged findings are suppressed results with their reason."""
    rules = {each.check: each for each in report.findings}
    ids = list(rules)
    run = {
        "tool": {"driver": {"name": "mlinfra", "rules": [_rule(rules[each]) for each in ids]}},
        "results": [_result(each, ids.index(each.check)) for each in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(finding: CheckFinding) -> dict[str, Any]:
    return {"id": finding.check, "shortDescription": {"text": finding.title}, "help": {"text": finding.fix}}


def _level(finding: CheckFinding) -> str:
    """The level in SARIF, section 3.27.10."""
    if finding.fails:
        return "error"
    return "note" if finding.level is Level.NOTE else "warning"


def _result(finding: CheckFinding, index: int) -> dict[str, Any]:
    place = {
        "physicalLocation": {"artifactLocation": {"uri": _FILE}, "region": {"startLine": 1}},
        "logicalLocations": [{"fullyQualifiedName": finding.path or finding.stack, "kind": "resource"}],
    }
    suppressions = [] if finding.acknowledged is None else [{"kind": "external", "justification": finding.acknowledged}]
    return {
        "ruleId": finding.check,
        "ruleIndex": index,
        "level": _level(finding),
        "message": {"text": finding.text},
        "locations": [place],
        "suppressions": suppressions,
    }
