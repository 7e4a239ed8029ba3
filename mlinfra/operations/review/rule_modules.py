"""The modules of rules. A new module is reviewed, documented and counted as coverage by being listed here."""

from __future__ import annotations

from typing import Final

from mlinfra.operations.review.rules import (
    access,
    audit_trail,
    common_attributes,
    compute,
    containers,
    data,
    data_loss,
    exfiltration,
    expired,
    granted_permissions,
    identity,
    internet_routes,
    less_common,
    machine_learning,
    money,
    network_access,
    other_accounts,
    parameters,
    protection,
    public,
    rare_services,
    serving,
    stack_settings,
    tags,
    weakened,
    whole_plan,
)

PLAN_RULES: Final = (
    whole_plan,
    stack_settings,
    data_loss,
    protection,
    data,
    access,
    granted_permissions,
    identity,
    network_access,
    public,
    internet_routes,
    compute,
    serving,
    machine_learning,
    exfiltration,
    audit_trail,
    less_common,
    rare_services,
    common_attributes,
    weakened,
    parameters,
    containers,
    other_accounts,
    tags,
)
"""The modules whose `check` needs nothing but the plan."""
MODULES: Final = (*PLAN_RULES, expired, money)
"""All modules of rules in this package. Those of single types of resources name them in `TYPES`."""
