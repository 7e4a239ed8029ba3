"""Write docs/local-aws-conformance.md from what the conformance tests found: `python -m ci.conformance`."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "local-aws-conformance.md"
RESULTS = ROOT / "tests" / "conformance" / "__snapshots__" / "test_conformance"
STEPS = ("apply", "second plan", "change", "import", "destroy")

_INTRODUCTION = """# What the local AWS can do

Each row is a resource type that the real Terraform and the real AWS provider took through its whole life on the local
AWS: applied, planned again with nothing to do, changed in place, imported with nothing to do, destroyed. `-` stands
for a step that the type does not have: nothing of it can be changed in place. `make test` runs all of it again and
fails where it comes out otherwise, but for FSx, whose deletion the provider waits ten minutes for; `make conformance`
runs that too, and writes this page from what was found.

The configurations are those in `tests/conformance/cases/`."""


def results() -> dict[str, dict[str, str]]:
    """What became of each resource type, step by step."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        for type_name, steps in json.loads(path.read_text(encoding="utf-8")).items():
            found.setdefault(type_name, {}).update(steps)
    return found


def page() -> str:
    """The page, as it should be."""
    rows = [
        f"| `{type_name}` | " + " | ".join({"ok": "✓", None: "-"}.get(steps.get(step), "✗") for step in STEPS) + " |"
        for type_name, steps in sorted(results().items())
    ]
    head = [f"| resource type | {' | '.join(STEPS)} |", "|---|" + ":-:|" * len(STEPS)]
    return "\n".join([_INTRODUCTION, "", f"{len(rows)} resource types:", "", *head, *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
