"""Performance of root volumes: what an instance type can use of a gp3 volume."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEAST_MIB, _MOST_MIB = 125, 1000
_LEAST_IOPS = 3000
_IOPS_PER_MIB = 4
"""gp3 includes 125 MiB/s and 3,000 IOPS, takes up to 1,000 MiB/s in every region, and needs 4 IOPS for each MiB/s.

Source: EBS user guide, "General Purpose SSD volumes", read 2026-11-29. Volumes of up to 2,000 MiB/s are newer.
"""

_MIB_PER_MB: Final = 1_000_000 / 2**20


@dataclass(frozen=True)
class VolumePerformance:
    """Performance of a gp3 volume."""

    throughput: int
    """In MiB/s."""
    iops: int


def root_volume_performance(instance_types: Iterable[str]) -> VolumePerformance:
    """The performance of a root volume that lets nodes pull images as fast as the slowest of `instance_types` can.

    Above what gp3 includes, AWS charges about 0.04 USD a month for each MiB/s and 0.005 USD for each IOPS in us-east-1:
    about 40 USD a month, or 0.055 USD an hour, for 1,000 MiB/s (AWS price list of Amazon EBS, 2024-07).

    Args:
        instance_types: the instance types that nodes may have. An unknown one counts as what gp3 includes.
    """
    known = ebs_throughput()
    usable = min((known.get(name, 0.0) for name in instance_types), default=0.0) * _MIB_PER_MB
    throughput = min(max(math.floor(usable), _LEAST_MIB), _MOST_MIB)
    return VolumePerformance(throughput, max(throughput * _IOPS_PER_MIB, _LEAST_IOPS))


@lru_cache(maxsize=1)
def ebs_throughput() -> Mapping[str, float]:
    """The maximum EBS throughput of each accelerator instance type, in MB/s. Small types reach it in bursts only.

    Source: EC2's DescribeInstanceTypes, EbsOptimizedInfo.MaximumThroughputInMBps, as kept by moto 5.2.1; for P3 and
    G4ad, EC2 user guide, "Amazon EBS-optimized instance types", read 2026-11-29.
    """
    text = files(__package__).joinpath("ebs_throughput.csv").read_text(encoding="utf-8")
    return {row["instance_type"]: float(row["mb_per_second"]) for row in csv.DictReader(text.splitlines())}
