"""Estimated costs of synthesized stacks and of plans, without access to the network."""

from __future__ import annotations

from mlinfra.operations.cost.estimate import HOURS_A_MONTH, Estimate, Key, Line, Sum, Unpriced, together
from mlinfra.operations.cost.estimating import estimate_stack, estimate_stacks
from mlinfra.operations.cost.resources import SENSITIVE, UNKNOWN, Resource, Stack, read_stack

__all__ = [
    "HOURS_A_MONTH",
    "SENSITIVE",
    "UNKNOWN",
    "Estimate",
    "Key",
    "Line",
    "Resource",
    "Stack",
    "Sum",
    "Unpriced",
    "estimate_stack",
    "estimate_stacks",
    "read_stack",
    "together",
]
