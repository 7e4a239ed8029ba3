"""Plan and apply of stacks, with saved plans, locks and provenance."""

from __future__ import annotations

from mlinfra.operations.deploy.applied_commit import (
    AppliedCommit,
    read as last_apply,
    remove as remove_applied_commit,
)
from mlinfra.operations.deploy.applying import AppliedStack, apply, state_after_interruption
from mlinfra.operations.deploy.estimated_costs import compare_costs, estimate_costs
from mlinfra.operations.deploy.planning import FailedStack, PlannedStack, Plans, plan, prepared_plans
from mlinfra.operations.deploy.plans_folder import usable_plans
from mlinfra.operations.deploy.preconditions import ReviewHeldError, require_approved, require_committed
from mlinfra.operations.deploy.provenance import StackProvenance, commit_provenance, stack_provenance
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, SavedPlan, ids_in_log, plan_summary
from mlinfra.operations.deploy.stack_selection import environments_of, stack_matches
from mlinfra.operations.deploy.stored_plans import StoredPlan, fetch, read_list, write_list
from mlinfra.operations.deploy.synthesized_plans import plan_synthesized
from mlinfra.operations.deploy.synthesizing import Synthesis, synth
from mlinfra.operations.deploy.unlocking import earlier_logs, require_unlocked, unlock

__all__ = [
    "PLANS_FOLDER",
    "AppliedCommit",
    "AppliedStack",
    "FailedStack",
    "PlannedStack",
    "Plans",
    "ReviewHeldError",
    "SavedPlan",
    "StackProvenance",
    "StoredPlan",
    "Synthesis",
    "apply",
    "commit_provenance",
    "compare_costs",
    "earlier_logs",
    "environments_of",
    "estimate_costs",
    "fetch",
    "ids_in_log",
    "last_apply",
    "plan",
    "plan_summary",
    "plan_synthesized",
    "prepared_plans",
    "read_list",
    "remove_applied_commit",
    "require_approved",
    "require_committed",
    "require_unlocked",
    "stack_matches",
    "stack_provenance",
    "state_after_interruption",
    "synth",
    "unlock",
    "usable_plans",
    "write_list",
]
