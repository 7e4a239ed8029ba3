"""Measure reviews of large plans, and checkov on the same plans: `python -m benchmarks.review`. Linux only.

Each review starts a new process of both. They alternate, so that other load affects both.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import large_plan, measure
from benchmarks.page import print_table, write_table

if TYPE_CHECKING:
    from benchmarks.measure import Measurement

_COUNTS = (1_000, 10_000, 20_000)
_MOST_FOR_CHECKOV = 1_000
"""Changes of the largest plan for checkov, which takes two minutes for 10,000."""
_ROUNDS = 3
_CHECKOV = measure.REPOSITORY / ".venv/checkov/bin/checkov"
_CHECKOV_OPTIONS = ("--framework", "terraform_plan", "--compact", "--quiet", "--soft-fail", "--file")
# Exit code 3 means that the plan needs approval, which is expected here.
_REVIEW = """
import sys
from mlinfra.cli.main import app
code = app(["review", sys.argv[1], "--out", sys.argv[2]], standalone_mode=False)
sys.exit(code != 3)
"""
_HEADER = ("changes", "checkov, processor", "mlinfra, processor", "checkov, memory", "mlinfra, memory")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/speed.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as name:
        rows = [_row(count, Path(name)) for count in _COUNTS]
    print_table(f"Reviewing a plan (medians of {_ROUNDS}; checkov once)", header=_HEADER, rows=rows)
    if chosen.write:
        write_table("reviews", "benchmarks.review", header=_HEADER, rows=rows)


def _row(count: int, folder: Path) -> list[str]:
    """The measurements of a plan with `count` changes."""
    plan = folder / f"{count}.json"
    large_plan.write(count, plan)
    own: list[Measurement] = []
    other: Measurement | None = None
    # Once unmeasured: fills Python's bytecode cache and the disk cache.
    for number in range(_ROUNDS + 1):
        if count <= _MOST_FOR_CHECKOV and number <= 1:
            other = measure.run([*_CHECKOV_OPTIONS, plan], {}, folder / "bytecode", program=_CHECKOV)
        measured = measure.run(["-c", _REVIEW, plan, folder / "review.md"], {}, bytecode=folder / "bytecode")
        own += [measured] if number else []
    cpu = statistics.median(each.cpu_seconds for each in own)
    memory = statistics.median(each.python_mib for each in own)
    return [
        f"{count:,}",
        f"{other.cpu_seconds:.1f} s" if other else "",
        f"{cpu:.2f} s",
        f"{other.python_mib:.0f} MiB" if other else "",
        f"{memory:.0f} MiB",
    ]


if __name__ == "__main__":
    try:
        main()
    except measure.CommandFailedError as error:
        sys.exit(f"Benchmark failed: {error}")
