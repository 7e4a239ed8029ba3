"""Output of `mlinfra runs compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.cli.units import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from mlinfra.operations.runs import CodeChange, Comparison

_TITLES = {"input": "Inputs", "node": "Nodes", "result": "Results"}


def comparison(compared: Comparison) -> Iterator[RenderableType]:
    """The parts of the output: a column for each run and a row for each fact that differs, then the changed files."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    made.add_column("", no_wrap=True)
    for run_id in compared.runs:
        made.add_column(run_id, overflow="fold")
    for kind, title in _TITLES.items():
        of_kind = [each for each in compared.differences if each.kind == kind]
        if of_kind:
            made.add_row(Text(title, style="bold"))
        for each in of_kind:
            made.add_row(f"  {each.name}", *(Text(value or NOTHING) for value in each.values))
    if compared.differences:
        yield made
    else:
        yield Text("The runs do not differ.")
    if compared.equal:
        yield ""
        yield Text(f"Equal: {', '.join(compared.equal)}", style="dim")
    for change in compared.code_changes:
        yield ""
        yield Text(_code_change(change))


def _code_change(change: CodeChange) -> str:
    if change.summary is None:
        return (
            f"The code of {change.first} and {change.second} cannot be compared: this clone does not contain both "
            f"commits. Fetch them: git fetch --all --tags"
        )
    title = f"Code from {change.first} to {change.second}:"
    return f"{title}\n{change.summary}" if change.summary else f"{title} no file differs"
