"""Plans as arguments: of several, those that can no longer be applied are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def usable(plans: Sequence[Path]) -> Sequence[Path]:
    """Of several plans, as in `plans/*`, those that can be applied; the others are listed on standard error.

    Raises:
        OperationError: if none is left.
    """
    from rich.markup import escape

    from mlinfra.cli.presentation import error_console
    from mlinfra.command import own_command
    from mlinfra.errors import OperationError
    from mlinfra.operations.deploy import usable_plans

    used, skipped = usable_plans(plans)
    for each in skipped:
        error_console().print(f"Skipped {escape(str(each.path))}: {each.reason}", style="dim")
    if not used:
        message = f"None of these plans can be applied any more. Plan again: {own_command()} plan"
        raise OperationError(message)
    return used
