"""Endpoints that would be down, or could not be started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import Change, Kind
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

DOWN: Final = Rule(
    "MLR501",
    Level.HOLD,
    "An endpoint is destroyed or replaced: until the new one is in service, requests fail.",
    "Change what an endpoint points to (`endpoint_config_name`), never its name. See that nobody asks the old one.",
)
PULLED: Final = Rule(
    "MLR502",
    Level.HOLD,
    "A model or an endpoint configuration is deleted before the new one is there, under an endpoint that uses it.",
    "Give it a generated name and `create_before_destroy`, so that the endpoint moves over first.",
)
RULES: Final = (DOWN, PULLED)

_UNDER_ENDPOINTS: Final = {
    "aws_sagemaker_endpoint_configuration": "the configuration",
    "aws_sagemaker_model": "the model",
}


def look(plan: Plan) -> Iterator[Finding]:
    """Findings about endpoints."""
    for change in plan.changes:
        if change.type == "aws_sagemaker_endpoint" and change.destroys:
            verb = "is destroyed" if change.kind is Kind.DESTROY else "is replaced, and is down in between"
            by = f", forced by {listed(change.forced_by)}" if change.forced_by else ""
            yield DOWN.at(plan.stack, change, f"The endpoint {change.name('name')} {verb}{by}.")
        elif change.type in _UNDER_ENDPOINTS and change.kind is Kind.REPLACE:
            yield PULLED.at(plan.stack, change, _pulled(change))


def _pulled(change: Change) -> str:
    words = _UNDER_ENDPOINTS[change.type]
    by = f" {listed(change.forced_by)} forces it." if change.forced_by else ""
    return f"{words[0].upper()}{words[1:]} {change.name('name')} is deleted before the new one is there.{by}"
