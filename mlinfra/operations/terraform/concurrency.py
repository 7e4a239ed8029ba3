"""The number of stacks that this machine can plan at the same time."""

from __future__ import annotations

import os
from pathlib import Path

STACK_BYTES = 900_000_000
"""The memory of Terraform and the AWS provider for one stack, measured: benchmarks/README.md."""

MOST = 16
"""More would wait for AWS, which limits the requests of an account."""

_CGROUP = Path("/sys/fs/cgroup")
"""The limits of a container: https://docs.kernel.org/admin-guide/cgroup-v2.html (read 2026-11-30)."""


def stacks_at_once(limits: Path = _CGROUP) -> int:
    """Two stacks for each processor, since a plan also waits for AWS, as far as memory is free: 1 to 16.

    Args:
        limits: the folder with the limits of the container. Default: that of the kernel.
    """
    import psutil  # a tenth of the start of a command

    free = min(psutil.virtual_memory().available, _free_in_container(limits))
    return max(1, min(MOST, 2 * _processors(limits), int(free // STACK_BYTES)))


def _processors(limits: Path) -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # macOS has none
    usable = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota, _, period = _read(limits / "cpu.max").partition(" ")
    return max(1, min(usable, int(quota) // int(period))) if quota.isdigit() else usable


def _free_in_container(limits: Path) -> float:
    """The bytes that are free below the limit of the container. Cached files are free, as the kernel discards them."""
    most, used = _read(limits / "memory.max"), _read(limits / "memory.current")
    if not most.isdigit() or not used.isdigit():  # no limit, or an older kernel
        return float("inf")
    statistics = dict(line.split() for line in _read(limits / "memory.stat").splitlines())
    return int(most) - int(used) + int(statistics.get("inactive_file", 0))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
