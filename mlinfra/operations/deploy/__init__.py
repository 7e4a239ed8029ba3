"""Plan and apply of stacks, with saved plans, locks and provenance."""

from __future__ import annotations

from mlinfra.operations.deploy.applied_commit import AppliedCommit
from mlinfra.operations.deploy.applying import apply, state_after_interruption
from mlinfra.operations.deploy.planning import Plans, plan
from mlinfra.operations.deploy.plans_folder import usable_plans
from mlinfra.operations.deploy.preconditions import ReviewHeldError
from mlinfra.operations.deploy.provenance import StackProvenance, commit_provenance, stack_provenance
from mlinfra.operations.deploy.stack_selection import environments_of, stack_matches

__all__ = [
    "AppliedCommit",
    "Plans",
    "ReviewHeldError",
    "StackProvenance",
    "apply",
    "commit_provenance",
    "environments_of",
    "plan",
    "stack_matches",
    "stack_provenance",
    "state_after_interruption",
    "usable_plans",
]
