"""Write the table of rules in docs/review.md from the rules: `python -m ci.review_docs`."""

from __future__ import annotations

from pathlib import Path

from ci.generated_table import with_table
from mlinfra.operations.review import all_rules

PAGE = Path(__file__).parents[1] / "docs" / "review.md"


def page() -> str:
    """The content of the page: its present text, with the table of the present rules."""
    rows = [(rule.id, rule.level.value, rule.title, rule.fix) for rule in all_rules().values()]
    text = PAGE.read_text(encoding="utf-8")
    return with_table(text, "rules", "ci.review_docs", header=("id", "level", "finding", "fix"), rows=rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
