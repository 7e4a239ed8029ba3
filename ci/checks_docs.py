"""Write the table of checks in docs/checks.md from the checks: `python -m ci.checks_docs`."""

from __future__ import annotations

from pathlib import Path

from mlinfra.checks.index import CHECKS

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"
_BEGIN = "<!-- checks: python -m ci.checks_docs -->\n"
_END = "<!-- end of checks -->\n"


def page() -> str:
    """The content of the page: its present text, with the table of the present checks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    rows = [
        f"| {each.id} | {each.level.value} | {each.title} | {each.fix} | {', '.join(each.related)} "
        f"| {'yes' if each.can_be_acknowledged else 'no'} |"
        for each in CHECKS
    ]
    head = ["| id | level | finding | fix | related | can be acknowledged |", "|---|---|---|---|---|---|"]
    table = "\n".join([*head, *rows])
    return f"{before}{_BEGIN}{table}\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
