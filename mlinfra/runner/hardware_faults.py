"""Hardware faults of GPUs in the log of the kernel."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_XID: Final = re.compile(r"NVRM: Xid \((?P<device>[^)]*)\): (?P<number>\d+)")
FAULTY: Final = {
    46: "a GPU stopped processing",
    48: "an uncorrectable memory error",
    62: "an internal error of a GPU",
    64: "a memory row could not be replaced",
    74: "an NVLink error",
    79: "a GPU has fallen off the bus",
    92: "a high rate of memory errors",
    95: "an uncontained memory error",
    110: "a security fault of a GPU",
    119: "the GPU system processor does not respond",
    120: "an error of the GPU system processor",
    136: "a failed link training",
    140: "an unrecovered memory error",
    143: "an error of the GPU system processor",
    155: "an NVLink failed",
    156: "a memory resource was retired",
    158: "a fatal timeout of a GPU",
}
"""Numbers of errors after which a GPU must be reset or replaced, so that another command on the node fails too. Errors
of programs, such as 13 (an illegal instruction), 31 (a memory page fault), 43 and 45, and 94 (a contained memory error,
which ends only the affected program), are not among them. Selected from: NVIDIA, "Xid Errors", "Analyzing Xid Errors
with the Xid Catalog", and "Health Validation", "Xid Checks", read 2026-11-29."""

_RECORD_BYTES: Final = 8192
_MOST_RECORDS: Final = 100_000


def hardware_fault(root: Path, *, since_seconds: float) -> str | None:
    """The first hardware fault of a GPU. None: there is none, or the log of the kernel cannot be read.

    Args:
        root: the root folder of the node.
        since_seconds: the time since the boot from which on faults count, in seconds.
    """
    for at, text in _records(root / "dev/kmsg"):
        found = _XID.search(text)
        if found and at >= since_seconds and int(found["number"]) in FAULTY:
            number = int(found["number"])
            return f"{FAULTY[number]} (Xid {number}, GPU {found['device']})"
    return None


def uptime(root: Path) -> float:
    """Seconds since the boot; 0 if unknown."""
    with suppress(OSError, ValueError, IndexError):
        return float((root / "proc/uptime").read_text(encoding="utf-8").split()[0])
    return 0.0


def _records(file: Path) -> list[tuple[float, str]]:
    """The records of the kernel's log: seconds since the boot, and text.

    Each read returns one record: `priority,number,microseconds,flags;text`. Source: Linux kernel documentation,
    "dev-kmsg", read 2026-11-29.
    """
    found = []
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        for _ in range(_MOST_RECORDS):
            try:
                data = os.read(descriptor, _RECORD_BYTES)
            except BrokenPipeError:
                continue  # records were overwritten meanwhile
            except OSError:
                break  # no further record
            if not data:
                break
            for line in data.decode("utf-8", "replace").splitlines():
                head, separator, text = line.partition(";")
                fields = head.split(",")
                with suppress(ValueError, IndexError):
                    if separator:
                        found.append((int(fields[2]) / 1e6, text))
    finally:
        os.close(descriptor)
    return found
