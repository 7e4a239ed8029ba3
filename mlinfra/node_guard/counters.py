"""Counters of the node: CPUs, disks, network, terminals, containers."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.node_guard.processes import Processes

_DISK = re.compile(r"^(nvme\d+n\d+|xvd[a-z]+|sd[a-z]+|vd[a-z]+)$")
"""Whole disks. Partitions, stripes and volumes of theirs would count the same bytes again."""
_SECTOR_BYTES = 512
_VIRTUAL = re.compile(r"^(lo|docker.*|veth.*|br-.*|cni.*|flannel.*|cali.*|virbr.*|tun.*)$")
"""Interfaces that carry no traffic of the node, or carry it a second time."""


def cpu_ticks(root: Path) -> int | None:
    """The CPU time of all programs since the boot, in clock ticks. None: unknown.

    Source: proc(5), the fields user, nice and system of /proc/stat.
    """
    with suppress(OSError, ValueError):
        fields = (root / "proc/stat").read_text(encoding="utf-8").split(maxsplit=4)
        if fields[:1] == ["cpu"]:
            return sum(int(each) for each in fields[1:4])
    return None


def disk_bytes(root: Path) -> int:
    """The bytes read and written on disks since the boot. Source: kernel documentation, "I/O statistics fields"."""
    total = 0
    with suppress(OSError):
        for line in (root / "proc/diskstats").read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if len(fields) > 9 and _DISK.match(fields[2]):  # noqa: PLR2004  the ten fields that every kernel has
                total += (int(fields[5]) + int(fields[9])) * _SECTOR_BYTES
    return total


def network_bytes(root: Path) -> int:
    """The bytes received and sent since the boot, by interfaces and Elastic Fabric Adapters."""
    total = 0
    with suppress(OSError):
        for line in (root / "proc/net/dev").read_text(encoding="utf-8").splitlines():
            name, colon, rest = line.partition(":")
            fields = rest.split()
            if colon and len(fields) > 8 and not _VIRTUAL.match(name.strip()):  # noqa: PLR2004  proc(5)
                total += int(fields[0]) + int(fields[8])
    # EFA bypasses the kernel's network stack. Source: EC2 user guide, "Monitor an Elastic Fabric Adapter", read
    # 2026-11-28.
    for direction in ("rx_bytes", "tx_bytes"):
        for file in root.glob(f"sys/class/infiniband/*/ports/*/hw_counters/{direction}"):
            with suppress(OSError, ValueError):
                total += int(file.read_text(encoding="utf-8"))
    return total


def terminals(root: Path) -> list[Path]:
    """The open terminals: one for each session of a logged-in user, and for each pane of a multiplexer."""
    return sorted(root.glob("dev/pts/[0-9]*"))


def terminal_input(root: Path, *, since: float) -> bool:
    """True if a terminal got input since a time.

    Linux sets the access time of a terminal when a program reads input from it, at most every 8 seconds (tty_read in
    drivers/tty/tty_io.c, read 2026-11-28); output does not change it.

    Args:
        root: the folder with /dev of the node.
        since: epoch seconds by the node's clock.
    """
    for each in terminals(root):
        with suppress(OSError):
            if each.stat().st_atime >= since:
                return True
    return False


def containers(processes: Processes) -> int:
    """The number of running containers: each has a shim of containerd."""
    return sum(each.name == "containerd-shim" for each in processes.by_id.values())
