"""Review of Terraform plans before they are applied: changes, findings, costs and required approvals."""

from __future__ import annotations

from mlinfra.operations.review.approval_files import FOLDER as APPROVALS_FOLDER
from mlinfra.operations.review.approving import approve
from mlinfra.operations.review.as_json import to_json
from mlinfra.operations.review.escaping import parts, visible
from mlinfra.operations.review.finding import Finding, Level
from mlinfra.operations.review.markdown import action_text, cost_line, headline, to_markdown, usd
from mlinfra.operations.review.plan import APPLIED_SETTINGS
from mlinfra.operations.review.report import Report, ResourceChange, StackReview, by_rule
from mlinfra.operations.review.reviewing import all_rules, approvals_in, cost_of, review

__all__ = [
    "APPLIED_SETTINGS",
    "APPROVALS_FOLDER",
    "Finding",
    "Level",
    "Report",
    "ResourceChange",
    "StackReview",
    "action_text",
    "all_rules",
    "approvals_in",
    "approve",
    "by_rule",
    "cost_line",
    "cost_of",
    "headline",
    "parts",
    "review",
    "to_json",
    "to_markdown",
    "usd",
    "visible",
]
