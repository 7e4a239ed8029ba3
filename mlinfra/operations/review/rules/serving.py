"""Endpoints that become unavailable, or cannot be updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import Change, Kind
from mlinfra.operations.review.escaping import listed
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

DOWN: Final = Rule(
    "MLR501",
    Level.HOLD,
    "An endpoint is destroyed or replaced. Requests fail until a new one is in service.",
    "Change the configuration of an endpoint (`endpoint_config_name`), never its name. Check that the endpoint is "
    "unused before it is deleted.",
)
DELETED_IN_USE: Final = Rule(
    "MLR502",
    Level.HOLD,
    "A model or endpoint configuration in use is deleted before the new one is created.",
    "Use a generated name and `create_before_destroy`: then the endpoint is updated before the deletion.",
)
RULES: Final = (DOWN, DELETED_IN_USE)

_UNDER_ENDPOINTS: Final = {
    "aws_sagemaker_endpoint_configuration": "the configuration",
    "aws_sagemaker_model": "the model",
}
TYPES: Final = frozenset({*_UNDER_ENDPOINTS, "aws_sagemaker_endpoint"})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check endpoints, and their models and configurations."""
    for change in plan.changes:
        if change.type == "aws_sagemaker_endpoint" and change.destroys:
            verb = "is destroyed" if change.kind is Kind.DESTROY else "is replaced, and is unavailable in the meantime"
            by = f", forced by {listed(change.forced_by)}" if change.forced_by else ""
            yield DOWN.at(plan.stack, change, f"The endpoint {change.name('name')} {verb}{by}.")
        elif change.type in _UNDER_ENDPOINTS and change.kind is Kind.REPLACE:
            yield DELETED_IN_USE.at(plan.stack, change, _text(change))


def _text(change: Change) -> str:
    words = _UNDER_ENDPOINTS[change.type]
    by = f" Forced by {listed(change.forced_by)}." if change.forced_by else ""
    return f"{words[0].upper()}{words[1:]} {change.name('name')} is deleted before the new one is created.{by}"
