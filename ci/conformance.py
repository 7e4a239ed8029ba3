"""Write docs/local-aws-conformance.md from the results of the conformance tests: `python -m ci.conformance`."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "local-aws-conformance.md"
RESULTS = ROOT / "tests" / "conformance" / "__snapshots__"
STEPS = ("apply", "second plan", "change", "import", "destroy")

_INTRODUCTION = """# Conformance of the local AWS

Each row is a resource type that Terraform and the AWS provider manage on the local AWS through its whole life cycle:
apply, a second plan without changes, an in-place change, an import without changes, destroy. ✓ means that the step
succeeds, ✗ that it fails, and `-` that the type has no such step: none of its attributes can be changed in place.

`make test` repeats all cases except FSx, for which the provider waits ten minutes after a deletion, and fails if a
result differs. `make conformance` runs all cases and writes this page from their results.

The configurations are in `tests/conformance/cases/`."""


def results() -> dict[str, dict[str, str]]:
    """The result of each step, by resource type."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(RESULTS.glob("*/*.json")):
        for type_name, steps in json.loads(path.read_text(encoding="utf-8")).items():
            found.setdefault(type_name, {}).update(steps)
    return found


def page() -> str:
    """The text of the page."""
    rows = [
        f"| `{type_name}` | " + " | ".join({"ok": "✓", None: "-"}.get(steps.get(step), "✗") for step in STEPS) + " |"
        for type_name, steps in sorted(results().items())
    ]
    head = [f"| resource type | {' | '.join(STEPS)} |", "|---|" + ":-:|" * len(STEPS)]
    return "\n".join([_INTRODUCTION, "", f"{len(rows)} resource types:", "", *head, *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
