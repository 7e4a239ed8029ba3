"""Review of Terraform plans before they are applied: changes, findings, costs and required approvals."""

from __future__ import annotations

from mlinfra.operations.review.as_json import to_json
from mlinfra.operations.review.finding import Finding, Level
from mlinfra.operations.review.markdown import headline, to_markdown, usd, what
from mlinfra.operations.review.report import Report, StackReview
from mlinfra.operations.review.reviewing import all_rules, review
from mlinfra.operations.review.wording import parts, visible

__all__ = [
    "Finding",
    "Level",
    "Report",
    "StackReview",
    "all_rules",
    "headline",
    "parts",
    "review",
    "to_json",
    "to_markdown",
    "usd",
    "visible",
    "what",
]
