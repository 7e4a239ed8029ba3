"""Plan and apply of stacks, with saved plans, locks and provenance."""

from __future__ import annotations

from mlinfra.operations.deploy.applied_commit import AppliedCommit
from mlinfra.operations.deploy.apply_checks import Review
from mlinfra.operations.deploy.applying import after_interruption, apply
from mlinfra.operations.deploy.chosen_stacks import environments_of
from mlinfra.operations.deploy.planning import Plans, plan
from mlinfra.operations.deploy.provenance import Origin, commit_provenance, stack_provenance

__all__ = [
    "AppliedCommit",
    "Origin",
    "Plans",
    "Review",
    "after_interruption",
    "apply",
    "commit_provenance",
    "environments_of",
    "plan",
    "stack_provenance",
]
