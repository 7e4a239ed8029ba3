"""The table of `mlinfra runs list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.cli.units import NOTHING, UNKNOWN, principal_name, short_duration, short_time, short_usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from mlinfra.operations.runs import Run, RunFigures

_WIDE, _WIDEST = 100, 150
STATUS_STYLES: Mapping[str, str] = {
    "waiting": "yellow",
    "running": "cyan",
    "retrying": "yellow",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "dim",
    "lost": "red",
}


def run_table(found: Sequence[Run], figures: Mapping[str, RunFigures], *, has_environments: bool, width: int) -> Table:
    """Runs in a table. In a narrow terminal, columns that `runs show` has are left out."""
    from rich.text import Text

    from mlinfra.cli.presentation import table

    is_wide, is_widest = width >= _WIDE, width >= _WIDEST
    columns = ["Run", "Status", *(["Env"] if has_environments else []), "Experiment", "Nodes"]
    columns += [*(["Submitted"] if is_wide else []), *(["By"] if is_widest else []), "Duration", "USD"]
    columns += ["GPU h"] if is_widest else []
    made = table(*columns, right_aligned={"Nodes", "Duration", "USD", "GPU h"})
    if is_wide:
        made.expand = True
        made.add_column("Command", no_wrap=True, overflow="ellipsis", ratio=1)
    for each in found:
        of_run = figures[each.run_id]
        status = Text(each.status, style=STATUS_STYLES.get(each.status, ""))
        if each.exit_code:
            status.append(f" ({each.exit_code})")
        cells: list[str | Text] = [each.run_id, status, *([each.environment] if has_environments else [])]
        cells += [each.experiment or NOTHING, str(each.nodes or NOTHING)]
        cells += [short_time(each.submitted_at)] if is_wide else []
        cells += [principal_name(each.submitted_by)] if is_widest else []
        cells += [short_duration(each.duration), short_usd(of_run.usd_known)]
        if is_widest:
            cells.append(UNKNOWN if of_run.gpu_hours is None else f"{of_run.gpu_hours:.1f}")
        if is_wide:
            cells.append(Text(each.command))
        made.add_row(*cells)
    return made
