"""A folder that stands for the root of a node: processes, devices, counters and terminals as the guard reads them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
_STARTED = 90_000.0
"""The start of processes, in seconds since the boot, where a test does not state another."""


class FakeNode:
    """The files of a node below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seconds = 100_000.0
        for folder in ("proc/net", "sys", "dev/pts", "etc/mlinfra", "run", "var/log", "bin"):
            (root / folder).mkdir(parents=True)
        self.traffic(disk=0, network=0)
        self.pass_time(0)

    def write(self, path: str, text: str) -> None:
        """Have a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def pass_time(self, seconds: float) -> None:
        """Let time pass since the boot."""
        self.seconds += seconds
        self.write("proc/uptime", f"{self.seconds:.2f} 1.00\n")

    def process(
        self,
        pid: int,
        command: str = "python train.py",
        *,
        name: str = "python",
        parent: int = 1,
        started: float | None = None,
        cpu_seconds: float = 0,
        io: int = 0,
        written: int = 0,
        variables: str = "",
        devices: tuple[str, ...] = (),
        cgroup: str = "0::/user.slice/user-1000.slice/session-3.scope",
        state: str = "S",
    ) -> None:
        """Have a process, or change the values of one."""
        start = int((_STARTED if started is None else started) * TICKS)
        fields = ["0"] * 22
        fields[0], fields[1], fields[19] = state, str(parent), str(start)
        fields[11] = str(int(cpu_seconds * TICKS))
        self.write(f"proc/{pid}/stat", f"{pid} ({name}) {' '.join(fields)}\n")
        self.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
        self.write(f"proc/{pid}/io", f"rchar: {io}\nwchar: {written}\nsyscr: 1\n")
        self.write(f"proc/{pid}/cgroup", cgroup + "\n")
        self.write(f"proc/{pid}/environ", variables.replace(" ", "\0") + "\0")
        for number, device in enumerate(devices):
            link = self.root / f"proc/{pid}/fd/{number}"
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(device)

    def traffic(self, *, disk: int, network: int) -> None:
        """Set the counters, in bytes since the boot."""
        self.write(
            "proc/diskstats",
            f" 259 0 nvme0n1 10 0 {disk // 512} 0 5 0 0 0 0 0 0\n"
            f" 259 1 nvme0n1p1 10 0 {disk // 512} 0 5 0 0 0 0 0 0\n"
            f"   9 0 md127 10 0 {disk // 512} 0 5 0 0 0 0 0 0\n",
        )
        self.write(
            "proc/net/dev",
            "Inter-|   Receive |  Transmit\n face |bytes packets|bytes packets\n"
            "    lo: 9999999999 1 0 0 0 0 0 0 9999999999 1 0 0 0 0 0 0\n"
            f"  ens5: {network} 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0\n"
            f"veth12: {network} 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0\n",
        )

    def cpu_time(self, seconds: float) -> None:
        """Set the CPU time of all programs since the boot, a third of it each as user, nice and system."""
        third = round(seconds * os.sysconf("SC_CLK_TCK") / 3)
        self.write("proc/stat", f"cpu  {third} {third} {third} 99999 5 0 7 0 0 0\ncpu0 1 1 1 99999 5 0 7 0 0 0\n")

    def terminal(self, number: int, *, input_ago: float) -> None:
        """Have a terminal with its last input some seconds ago."""
        self.write(f"dev/pts/{number}", "")
        at = time.time() - input_ago
        os.utime(self.root / f"dev/pts/{number}", (at, at))

    def command(self, name: str, script: str) -> None:
        """Have a command on the path, which notes its calls."""
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>{self.root}/calls\n{script}\n')
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The calls of commands."""
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeNode]:
    """A node. The variables that the guard sets for its commands are removed after the test."""
    made, before = FakeNode(tmp_path / "node"), dict(os.environ)
    os.environ["PATH"] = f"{made.root}/bin:/usr/bin:/bin"
    yield made
    os.environ.clear()
    os.environ.update(before)
