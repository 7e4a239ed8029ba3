"""Tables of a page that are written from the code, between two comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def with_table(page: Path, subject: str, module: str, *, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The present text of a page, with a table of the present code.

    Args:
        page: the page.
        subject: the subject in the comments, such as `rules`.
        module: the module that writes the page, such as ci.review_docs.
        header: the titles of the columns.
        rows: the cells of each row.
    """
    begin, end = f"<!-- {subject}: python -m {module} -->\n", f"<!-- end of {subject} -->\n"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(each)} |" for each in rows)]
    table = "\n".join(lines)
    return f"{before}{begin}{table}\n{end}{after}"
