"""Measured commands, which synthesize into a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import REPOSITORY


@dataclass(frozen=True)
class Subject:
    """A command that writes Terraform JSON.

    Attributes:
        name: Name in the report.
        arguments: The arguments of `python`, given the folder to write to.
        environment: Environment variables, given the folder to write to.
        stock: True to measure stock loading too, which takes about 20 seconds per run. Default: True.
        rounds: Number of runs; the report shows medians. Default: 3.
    """

    name: str
    arguments: Callable[[Path], list[str]]
    environment: Callable[[Path], dict[str, str]] = lambda _: {}
    stock: bool = True
    rounds: int = 3


def synthetic(count: int, *, stock: bool, rounds: int = 3) -> Subject:
    """Build a stack of `count` S3 buckets of a dozen arguments each."""
    return Subject(
        name=f"{count:,} buckets",
        arguments=lambda outdir: ["-m", "benchmarks.synthetic", str(count), str(outdir)],
        stock=stock,
        rounds=rounds,
    )


# The day is fixed, because the clusters of an environment depend on the experiments that have expired.
FULL_SET = Subject(
    name="all environments (main.py)",
    arguments=lambda _: ["main.py"],
    environment=lambda outdir: {"CDKTF_OUTDIR": str(outdir), "MLINFRA_TODAY": "2026-11-24"},
)

# The stock way costs some 20 seconds a run whatever the count, and the whole benchmark is to stay under 5 minutes.
SYNTHETIC = {
    synthetic(100, stock=True): 100,
    synthetic(1_000, stock=True, rounds=2): 1_000,
    synthetic(5_000, stock=False): 5_000,
}


def all_subjects() -> list[Subject]:
    """Every subject that this checkout has."""
    full_set = [FULL_SET] if (REPOSITORY / "main.py").exists() else []
    return [*full_set, *SYNTHETIC]
