"""Measure time and memory of reviews of large plans: `python -m benchmarks.review`. Linux only."""

import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import large_plan, measure

_COUNTS = (1_000, 10_000, 20_000)
_ROUNDS = 3
# Exit code 3 means that the plan needs approval, which is expected here.
_REVIEW = """
import sys
from mlinfra.cli.main import app
code = app(["review", sys.argv[1], "--out", sys.argv[2]], standalone_mode=False)
sys.exit(code != 3)
"""


def main() -> None:
    """Run the benchmark."""
    table = Table(title=f"Reviewing a plan (medians of {_ROUNDS})", title_justify="left")
    table.add_column("changes")
    for heading in ("plan", "wall", "memory"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as name:
        folder = Path(name)
        for count in _COUNTS:
            plan = folder / f"{count}.json"
            large_plan.write(count, plan)
            arguments = ["-c", _REVIEW, str(plan), str(folder / "review.md")]
            # Once untimed: fills Python's bytecode cache and the disk cache.
            runs = [measure.run(arguments, {}, bytecode=folder / "bytecode") for _ in range(_ROUNDS + 1)][1:]
            table.add_row(
                f"{count:,}",
                f"{plan.stat().st_size / 1e6:.0f} MB",
                f"{statistics.median(run.seconds for run in runs):.2f} s",
                f"{statistics.median(run.python_mib for run in runs):.0f} MiB",
            )
    Console().print(table)


if __name__ == "__main__":
    try:
        main()
    except measure.CommandFailedError as error:
        sys.exit(f"Benchmark failed: {error}")
