"""Tables of a page that are written from the code, between two comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def with_table(text: str, subject: str, module: str, *, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The text of a page, with a table of the present code.

    Args:
        text: the present text of the page.
        subject: the subject in the comments, such as `rules`.
        module: the module that writes the page, such as ci.review_docs.
        header: the titles of the columns.
        rows: the cells of each row.
    """
    begin, end = f"<!-- {subject}: python -m {module} -->\n", f"<!-- end of {subject} -->\n"
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(each)} |" for each in rows)]
    table = "\n".join(lines)
    return f"{before}{begin}{table}\n{end}{after}"
