"""Write the table of checks in docs/checks.md from the checks: `python -m ci.checks_docs`."""

from __future__ import annotations

from pathlib import Path

from ci.generated_table import with_table
from mlinfra.checks.index import CHECKS

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"


def page() -> str:
    """The content of the page: its present text, with the table of the present checks."""
    header = ("id", "level", "finding", "fix", "related", "can be acknowledged")
    rows = [
        (
            each.id,
            each.level.value,
            each.title,
            each.fix,
            ", ".join(each.related),
            "yes" if each.can_be_acknowledged else "no",
        )
        for each in CHECKS
    ]
    text = PAGE.read_text(encoding="utf-8")
    return with_table(text, "checks", "ci.checks_docs", header=header, rows=rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
