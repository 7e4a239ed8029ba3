"""The page of the documentation with the measured tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.measure import REPOSITORY
from ci.generated_table import with_table

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = REPOSITORY / "docs" / "speed.md"


def write_table(subject: str, module: str, *, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table into the page.

    Args:
        subject: the subject in the comments of the table, such as `plans`.
        module: the module that measures, such as benchmarks.plans.
        header: the titles of the columns.
        rows: the cells of each row.
    """
    text = _PAGE.read_text(encoding="utf-8")
    _PAGE.write_text(with_table(text, subject, f"{module} --write", header=header, rows=rows), encoding="utf-8")


def print_table(title: str, *, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table.

    Args:
        title: its title.
        header: the titles of the columns.
        rows: the cells of each row.
    """
    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
