"""Estimated costs of synthesized stacks and of plans, without access to the network."""

from __future__ import annotations

from mlinfra.operations.cost.comparing import Change, Comparison
from mlinfra.operations.cost.estimate import HOURS_A_MONTH, Estimate, Key, Line, Sum, Unpriced, together
from mlinfra.operations.cost.estimating import (
    FORMULAS,
    RELATED_TYPES,
    estimate_stack,
    estimate_stacks,
    is_priced,
)
from mlinfra.operations.cost.focus import FOCUS_COLUMNS, FOCUS_VERSION, to_focus_csv
from mlinfra.operations.cost.markdown import comparison_to_markdown, to_markdown
from mlinfra.operations.cost.resources import (
    SENSITIVE,
    UNKNOWN,
    Resource,
    Stack,
    read_stack,
    references_in,
    tags_of,
)
from mlinfra.operations.cost.words import named, remarks, signed, usd, usd_range

__all__ = [
    "FOCUS_COLUMNS",
    "FOCUS_VERSION",
    "FORMULAS",
    "HOURS_A_MONTH",
    "RELATED_TYPES",
    "SENSITIVE",
    "UNKNOWN",
    "Change",
    "Comparison",
    "Estimate",
    "Key",
    "Line",
    "Resource",
    "Stack",
    "Sum",
    "Unpriced",
    "comparison_to_markdown",
    "estimate_stack",
    "estimate_stacks",
    "is_priced",
    "named",
    "read_stack",
    "references_in",
    "remarks",
    "signed",
    "tags_of",
    "to_focus_csv",
    "to_markdown",
    "together",
    "usd",
    "usd_range",
]
