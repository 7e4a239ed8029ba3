"""The report as JSON, complete, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra.operations.cost import Key
from mlinfra.operations.review.escaping import plain

if TYPE_CHECKING:
    from mlinfra.operations.cost import Change as CostChange
    from mlinfra.operations.review.costs import Usd
    from mlinfra.operations.review.finding import Finding
    from mlinfra.operations.review.report import Report, ResourceChange, StackReview


def to_json(report: Report) -> str:
    """The report as a JSON document."""
    document = {
        "exit_code": report.exit_code,
        "held": len(report.held),
        "findings": [_finding(each) for each in report.findings],
        "cost": _cost(report),
        "stacks": [_stack(each) for each in report.stacks],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _cost(report: Report) -> dict[str, Any]:
    """The cost of all stacks in USD per month, and the difference by owner."""
    comparison = report.cost
    return {
        "total": _range(comparison.total),
        "by_owner": [{"owner": plain(each.name), **_range(each)} for each in comparison.by(Key.OWNER)],
    }


def _range(change: CostChange) -> dict[str, Any]:
    return {
        "before": {"low": round(change.before_low, 2), "high": round(change.before_high, 2)},
        "after": {"low": round(change.after_low, 2), "high": round(change.after_high, 2)},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "digest": finding.digest,
        "level": finding.level.value,
        "stack": finding.stack,
        "address": finding.address,
        "text": plain(finding.text),
        "fix": plain(finding.fix),
        "approved_by": finding.approved_by,
    }


def _stack(stack: StackReview) -> dict[str, Any]:
    return {
        "stack": stack.stack,
        "source": stack.source,
        "summary": [plain(each) for each in stack.subjects],
        "changes": [_change(each) for each in stack.changes],
        "usd_per_month": {
            "before": _usd(stack.cost.before),
            "after": _usd(stack.cost.after),
            "difference": _usd(stack.cost.difference),
            "unknown": [{"address": address, "reason": reason} for address, reason in stack.cost.unknown],
        },
    }


def _change(change: ResourceChange) -> dict[str, Any]:
    members = {
        "address": change.address,
        "action": change.kind.value,
        "forced_by": list(change.forced_by),
        "reason": change.reason,
        "moved_from": change.moved_from,
        "imported_as": change.imports,
        "deposed": change.deposed,
        "attributes": [each._asdict() for each in change.attributes],
    }
    return {name: value for name, value in members.items() if value}


def _usd(usd: Usd) -> dict[str, float]:
    return {"usual": round(usd.usual, 2), "most": round(usd.most, 2)}
