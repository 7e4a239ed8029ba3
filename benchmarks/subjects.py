"""Measured commands, which synthesize into a folder."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import REPOSITORY


@dataclass(frozen=True)
class Subject:
    """A command that loads cdktf, and mostly writes Terraform JSON.

    Attributes:
        name: Name in the report.
        arguments: The arguments of `python`, given the folder to write to.
        environment: Environment variables, given the folder to write to.
        stock: True to measure stock loading too, which takes about 20 seconds per run. Default: True.
        rounds: Number of runs; the report shows medians. Default: 3.
        resources: the number of resources of a synthetic stack. Default: 0, for other subjects.
        limit: the largest processor time of the fast way, in seconds. Default: 0, for none.
        output: True if it writes Terraform JSON, which both ways must write alike. Default: True.
        python: the Python with cdktf or cdktn. Default: that of this process.
    """

    name: str
    arguments: Callable[[Path], list[str]]
    environment: Callable[[Path], dict[str, str]] = lambda _: {}
    stock: bool = True
    rounds: int = 3
    output: bool = True
    resources: int = 0
    limit: float = 0.0
    python: str = sys.executable


def synthetic(count: int, *, stock: bool, rounds: int = 3) -> Subject:
    """Build a stack of `count` S3 buckets of a dozen arguments each."""
    return Subject(
        name=f"{count:,} buckets",
        arguments=lambda outdir: ["-m", "benchmarks.synthetic", str(count), str(outdir)],
        stock=stock,
        rounds=rounds,
        resources=count,
    )


# The day is fixed, because the clusters of an environment depend on the experiments that have expired.
FULL_SET = Subject(
    name="all environments (main.py)",
    arguments=lambda _: ["main.py"],
    environment=lambda outdir: {"CDKTF_OUTDIR": str(outdir), "MLINFRA_TODAY": "2026-11-24"},
)

ONE_ENVIRONMENT = Subject(
    name="one environment (MLINFRA_ENV=dev)",
    arguments=lambda _: ["main.py"],
    environment=lambda outdir: {
        "CDKTF_OUTDIR": str(outdir),
        "MLINFRA_TODAY": "2026-11-24",
        "MLINFRA_ENV": "dev",
    },
)

# No output: the time of loading alone.
IMPORT = Subject(
    name="import of a resource",
    arguments=lambda _: ["-c", "from mlinfra._cdk.aws import s3_bucket; s3_bucket.S3Bucket"],
    output=False,
)

# Tests of three resources each, stock with cdktf.Testing; and of data lakes, with the validations of mlinfra.
TESTS = Subject(
    name="200 tests of a stack (kit)",
    arguments=lambda _: ["-m", "benchmarks.kit", "stacks", "200"],
    output=False,
    rounds=1,
    limit=30,
)
TESTS_OF_LAKES = Subject(
    name="200 tests of a data lake (kit)",
    arguments=lambda _: ["-m", "benchmarks.kit", "lake", "200"],
    stock=False,
    output=False,
    limit=30,
)

# The stock way costs some 20 seconds a run whatever the count.
SYNTHETIC = (
    synthetic(100, stock=True),
    synthetic(1_000, stock=True, rounds=2),
    synthetic(3_000, stock=True, rounds=2),
    synthetic(10_000, stock=False, rounds=1),
)


_CDKTN = REPOSITORY / ".venv/cdktn/bin/python"


def on_cdktn(subject: Subject) -> Subject:
    """The same on cdktn and the AWS provider 6, both ways. It does not count for the growth."""
    return replace(subject, name=f"{subject.name}, cdktn", python=str(_CDKTN), rounds=2, resources=0)


def all_subjects() -> list[Subject]:
    """Every subject that this checkout has."""
    app = [FULL_SET, ONE_ENVIRONMENT] if (REPOSITORY / "main.py").exists() else []
    cdktn = [on_cdktn(each) for each in (*app[:1], SYNTHETIC[1])] if _CDKTN.exists() else []
    return [IMPORT, TESTS, TESTS_OF_LAKES, *app, *SYNTHETIC, *cdktn]
