"""Write the table of rules in docs/review.md from the rules: `python -m ci.review_docs`."""

from __future__ import annotations

from pathlib import Path

from mlinfra.operations.review import all_rules

PAGE = Path(__file__).parents[1] / "docs" / "review.md"
_BEGIN = "<!-- rules: python -m ci.review_docs -->\n"
_END = "<!-- end of rules -->\n"


def page() -> str:
    """The content of the page: its present text, with the table of the present rules."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    rows = [f"| {rule.id} | {rule.level.value} | {rule.title} | {rule.fix} |" for rule in all_rules().values()]
    table = "\n".join(["| id | level | finding | fix |", "|---|---|---|---|", *rows])
    return f"{before}{_BEGIN}{table}\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
