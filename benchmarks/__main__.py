"""Measure every subject both ways and print the report: `python -m benchmarks`, in 8 to 10 minutes."""

import argparse
import filecmp
import platform
import statistics
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import measure
from benchmarks.measure import Measurement
from benchmarks.page import write_table
from benchmarks.subjects import Subject, all_subjects

WAYS = {"stock": {"MLINFRA_STOCK_LOADING": "1"}, "fast": {"MLINFRA_STOCK_LOADING": "0"}}

LARGEST_RATIO = 0.25
"""Processor time of each further resource, as a part of that of stock loading. Measured 2026-11-30: 0.21 and 0.28."""

TOLERANCE = 1.25
"""A slope that worsens by a quarter fails the benchmark."""


class LimitError(Exception):
    """A subject takes longer than its limit."""


class SlopeError(Exception):
    """Each further resource takes longer than recorded, in comparison with stock loading in the same run."""


class OutputsDifferError(Exception):
    """The two ways of loading wrote different Terraform JSON."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="runs of each subject. Default: 1 to 3, by subject")
    parser.add_argument("--write", action="store_true", help="write the table into docs/speed.md")
    chosen = parser.parse_args()
    console = Console()
    subjects = [replace(each, rounds=chosen.rounds or each.rounds) for each in all_subjects()]
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as folder, console.status("Warming up") as status:
        # Once untimed: fills Python's bytecode cache, jsii's package cache and the disk cache. One stock run reads
        # every module of the bindings, whatever the subject.
        for subject in {each.python: each for each in reversed(subjects)}.values():
            _run(subject, "stock", Path(folder))
        for subject in subjects:
            _run(subject, "fast", Path(folder))
        results = {}
        for subject in subjects:
            status.update(f"Measuring {subject.name}")
            results[subject] = _measure(subject, Path(folder))
    console.print(_comparison(results))
    console.print(_growth(results))
    console.print(_versions(), style="dim")
    if chosen.write:
        _write(results)
    for each, measured in results.items():
        seconds = measured["fast"].cpu_seconds
        if each.limit and seconds > each.limit:
            message = f"{each.name} took {seconds:.1f} s of processor time, more than {each.limit:.0f} s"
            raise LimitError(message)
    ratio = _ratio_of_slopes(results)
    console.print(f"A further resource takes {ratio:.2f} of the processor time of stock loading.")
    if ratio > LARGEST_RATIO * TOLERANCE:
        message = f"{ratio:.2f} is more than {TOLERANCE} times the recorded {LARGEST_RATIO}"
        raise SlopeError(message)


def _run(subject: Subject, way: str, folder: Path) -> Measurement:
    outdir = _outdir(subject, way, folder)
    outdir.mkdir(parents=True, exist_ok=True)  # cdktf creates one level only
    environment = subject.environment(outdir) | WAYS[way]
    return measure.run(subject.arguments(outdir), environment, bytecode=folder / "bytecode", program=subject.python)


def _outdir(subject: Subject, way: str, folder: Path) -> Path:
    return folder / way / subject.name


def _measure(subject: Subject, folder: Path) -> dict[str, Measurement]:
    """Run a subject both ways in turn, so that a busy machine slows both alike; the medians by way."""
    ways = list(WAYS) if subject.stock else ["fast"]
    runs: dict[str, list[Measurement]] = {way: [] for way in ways}
    for _ in range(subject.rounds):
        for way in ways:
            runs[way].append(_run(subject, way, folder))
    if subject.stock and subject.output:
        _require_same_files(*(_outdir(subject, way, folder) for way in ways))
    return {way: _median(measurements) for way, measurements in runs.items()}


def _median(runs: list[Measurement]) -> Measurement:
    return Measurement(
        seconds=statistics.median(run.seconds for run in runs),
        cpu_seconds=statistics.median(run.cpu_seconds for run in runs),
        python_mib=statistics.median(run.python_mib for run in runs),
        node_mib=statistics.median(run.node_mib for run in runs),
    )


def _require_same_files(one: Path, other: Path) -> None:
    """Make sure that two folders hold the same files, byte for byte, and at least one stack.

    Raises:
        OutputsDifferError: They do not.
    """
    names = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json")) for folder in (one, other)]
    if names[0] != names[1] or not any(name.endswith("cdk.tf.json") for name in names[0]):
        message = f"{one} and {other} hold different files: {names}"
        raise OutputsDifferError(message)
    _, mismatch, errors = filecmp.cmpfiles(one, other, names[0], shallow=False)
    if mismatch or errors:
        message = f"{one} and {other} differ in {mismatch + errors}"
        raise OutputsDifferError(message)


def _comparison(results: dict[Subject, dict[str, Measurement]]) -> Table:
    table = Table(title="Stock loading and mlinfra's (outputs byte-identical)", title_justify="left")
    table.add_column("")
    for heading in ("stock", "fast", "ratio"):
        table.add_column(heading, justify="right")
    quantities = {
        "wall": ("seconds", "s"),
        "processor": ("cpu_seconds", "s"),
        "Python memory": ("python_mib", "MiB"),
        "node memory": ("node_mib", "MiB"),
    }
    for subject, measured in results.items():
        if not subject.stock:
            continue
        table.add_section()
        table.add_row(f"[bold]{subject.name}[/bold], median of {subject.rounds}")
        for label, (quantity, unit) in quantities.items():
            stock, fast = (getattr(measured[way], quantity) for way in WAYS)
            digits = 2 if unit == "s" else 0
            table.add_row(
                f"  {label}", f"{stock:.{digits}f} {unit}", f"{fast:.{digits}f} {unit}", f"{stock / fast:.1f}x"
            )
    return table


def _write(results: dict[Subject, dict[str, Measurement]]) -> None:
    """Write the table of these results into the page."""
    rows = []
    for subject, measured in results.items():
        runs = [measured.get(way) for way in WAYS]
        cells = [[f"{run.cpu_seconds:.2f} s", f"{run.seconds:.2f} s"] if run else ["", ""] for run in runs]
        ratio = f"{runs[0].cpu_seconds / runs[1].cpu_seconds:.1f}" if runs[0] and runs[1] else ""
        rows.append([subject.name, cells[0][0], cells[1][0], ratio, cells[0][1], cells[1][1]])
    header = ("", "stock, processor", "fast, processor", "ratio", "stock, wall", "fast, wall")
    write_table("measurements", "benchmarks", header=header, rows=rows)


def _growth(results: dict[Subject, dict[str, Measurement]]) -> Table:
    table = Table(title="Growth of the processor time with the number of resources", title_justify="left")
    table.add_column("")
    for heading in ("fast", "fast, per resource", "fast, each further resource", "stock, per resource"):
        table.add_column(heading, justify="right")
    smaller, seconds_of_smaller = 0, 0.0
    for subject, count in ((each, each.resources) for each in results if each.resources):
        seconds = {way: run.cpu_seconds for way, run in results[subject].items()}
        further = (seconds["fast"] - seconds_of_smaller) / (count - smaller)
        table.add_row(
            subject.name,
            f"{seconds['fast']:.2f} s",
            _milliseconds(seconds["fast"] / count),
            _milliseconds(further) if smaller else "",
            _milliseconds(seconds["stock"] / count) if "stock" in seconds else "",
        )
        smaller, seconds_of_smaller = count, seconds["fast"]
    return table


def _ratio_of_slopes(results: dict[Subject, dict[str, Measurement]]) -> float:
    """The processor time of a further resource, as a part of that of stock loading.

    Of stacks of as different sizes as each way allows: the time of the start varies by a tenth of a second, or by a
    second with stock loading.
    """
    return _slope(results, "fast") / _slope(results, "stock")


def _slope(results: dict[Subject, dict[str, Measurement]], way: str) -> float:
    sizes = {each.resources: run[way].cpu_seconds for each, run in results.items() if each.resources and way in run}
    smallest, largest = min(sizes), max(sizes)
    return (sizes[largest] - sizes[smallest]) / (largest - smallest)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


def _versions() -> str:
    packages = ("cdktf", "cdktf-cdktf-provider-aws", "constructs", "jsii")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)])


if __name__ == "__main__":
    try:
        main()
    except (OutputsDifferError, SlopeError, LimitError, measure.CommandFailedError) as error:
        sys.exit(f"Benchmark failed: {error}")
