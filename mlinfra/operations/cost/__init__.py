"""Estimated costs of synthesized stacks and of plans, without access to the network."""

from __future__ import annotations

from mlinfra.operations.cost.estimate import HOURS_A_MONTH, Estimate, Key, Line, Sum, Unpriced, together

__all__ = [
    "HOURS_A_MONTH",
    "Estimate",
    "Key",
    "Line",
    "Sum",
    "Unpriced",
    "together",
]
