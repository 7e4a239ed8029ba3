"""Health of a node before it executes a run: its hardware, and the speed of its disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHECK_NODE: Final = "usr/local/bin/mlinfra-check-node"
"""The checks of the boot, installed with the node guard: GPUs, their errors, driver, CUDA, Elastic Fabric Adapters."""
_CHECK_SECONDS: Final = 240
_HARDWARE, _IMAGE = 3, 4

_DISK_MIB: Final = 64
_DISK_SECONDS: Final = 10.0
_SLOWEST_MIB_PER_SECOND: Final = 12.5
"""A tenth of the 125 MiB per second that every gp3 volume has; local disks have more. Source: EBS user guide, "General
Purpose SSD volumes", read 2026-11-29."""


@dataclass(frozen=True)
class HealthProblem:
    """A reason why a node cannot execute a run."""

    message: str
    replaces: bool
    """True: the hardware of the node is faulty, and another node has other hardware. False: a node that replaces it
    would have the same problem, as with a fault of the image."""


def check_node(root: Path, *, data: Path, say: Callable[[str], None]) -> list[HealthProblem]:
    """The problems of this node. Checks that cannot be carried out are said, and are not problems.

    Args:
        root: the root folder of the node.
        data: the folder of code, virtual environments and outputs, on the disk to check.
        say: tells people about the step.
    """
    say("checking the hardware")
    problem = _hardware_problem(root, say)
    if problem:
        return [problem]
    # The disk of a simulated node is that of a busy machine.
    speed = None if str(root) != "/" else disk_mib_per_second(data)
    if speed is None:
        return []
    say(f"the disk writes {speed:.0f} MiB per second")
    if speed >= _SLOWEST_MIB_PER_SECOND:
        return []
    message = f"Its disk writes {speed:.1f} MiB per second, and at least {_SLOWEST_MIB_PER_SECOND} are expected."
    return [HealthProblem(message, replaces=True)]


def _hardware_problem(root: Path, say: Callable[[str], None]) -> HealthProblem | None:
    program = root / CHECK_NODE
    if not program.is_file():
        say("the hardware is not checked: the node has no mlinfra-check-node")
        return None
    try:
        ended = subprocess.run(  # noqa: S603  a program of the node
            [str(program)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # A tool that waits for a lost GPU in the kernel does not end.
        return HealthProblem(f"The check of its hardware did not end in {_CHECK_SECONDS} seconds.", replaces=True)
    except OSError as error:
        say(f"the hardware is not checked: {error.strerror}")
        return None
    said = ended.stdout.strip()
    if ended.returncode in (_HARDWARE, _IMAGE):
        reason = said.rpartition("hardware: " if ended.returncode == _HARDWARE else "image: ")[2]
        return HealthProblem(f"{reason[:1].upper()}{reason[1:]}.", replaces=ended.returncode == _HARDWARE)
    say(said.replace("\n", "; ") if ended.returncode == 0 else f"the hardware is not checked: {said}")
    return None


def disk_mib_per_second(folder: Path) -> float | None:
    """The speed of writing to the disk of `folder`, with at most 64 MiB and about 10 seconds. None: unknown."""
    block = os.urandom(1 << 20)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            began, written = time.monotonic(), 0
            while written < _DISK_MIB and time.monotonic() - began < _DISK_SECONDS:
                for _ in range(4):
                    file.write(block)
                written += 4
                file.flush()
                os.fdatasync(file.fileno())
            return written / max(time.monotonic() - began, 1e-6)
    return None
