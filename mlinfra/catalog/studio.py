"""The instance types that apps of SageMaker Studio run on."""

import csv
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def studio_instance_types() -> tuple[str, ...]:
    """Every instance type that a Studio app can ask for, sorted, such as `ml.g4dn.xlarge`.

    Not all of them are in every region, and an account has a quota for each.

    Source: `AppInstanceType` of the SageMaker API (botocore 1.44.8) as far as AWS provider 5.100 accepts
    it, without those of single services (`system`, `ml.geospatial.interactive`); read 2026-11-24 and
    kept in `studio_instance_types.csv` beside this file.
    """
    text = files(__package__).joinpath("studio_instance_types.csv").read_text(encoding="utf-8")
    return tuple(row["instance_type"] for row in csv.DictReader(text.splitlines()))


def unknown_studio_types(names: "tuple[str, ...]") -> list[str]:
    """A problem for each of `names` that is not an instance type of Studio, without the field."""
    known = studio_instance_types()
    return [f"{name!r} {_expected(name, known)}" for name in names if name not in known]


def _expected(name: str, known: tuple[str, ...]) -> str:
    if f"ml.{name}" in known:
        return f"is the name of an EC2 instance type. Expected: SageMaker's name, 'ml.{name}'."
    family = ".".join(name.split(".")[:2])
    near = [each for each in known if each.startswith(f"{family}.")]
    offered = f"one of {', '.join(near)}" if near else "a type such as ml.g4dn.xlarge or ml.t3.medium"
    return f"is not an instance type of Studio apps. Expected: {offered}."
