"""CPU time of a node's processes: the simulated use of its GPUs, and its /proc for the node guard."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.processes import tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.local_aws.nodes.processes import Entry

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_OWN: Final = "mlinfra-"
_RUNS: Final = "mlinfra-run-"
"""The beginnings of the names of services that mlinfra starts, and of those that execute the command of a run."""


class Usage:
    """The processes of one node and their CPU time, as last sampled."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._before: dict[int, float] = {}
        self._at: float | None = None
        self._total_seconds = 0.0
        self.cores = 0.0
        """The cores that its programs used since the sample before."""
        self.cpu_percent = 0.0
        """The part of this machine's cores that all its processes used since the sample before, in percent."""
        self.programs: dict[int, str] = {}
        """Name by process id of the programs that use CPU time: descendants of transient services."""

    def sample(self, init: int, services: Mapping[str, int], processes: Mapping[int, Entry]) -> None:
        """Read the processes.

        Args:
            init: the process id of the node's init.
            services: the main process of each transient service.
            processes: the processes of this machine.
        """
        own = {pid: processes[pid] for pid in tree(init, processes)}
        programs = set[int]()
        for name, service in services.items():
            # The command of a run computes, and not its runner; other programs of mlinfra do not compute.
            if name.startswith(_RUNS) or not name.startswith(_OWN):
                programs |= tree(service, processes)
            if not name.startswith(_OWN):
                programs.add(service)
        now = time.monotonic()
        used = {pid: max(0.0, entry.cpu_seconds - self._before.get(pid, 0.0)) for pid, entry in own.items()}
        if self._at is not None and now > self._at:
            elapsed = now - self._at
            self.cores = sum(used.get(pid, 0.0) for pid in programs) / elapsed
            self.cpu_percent = min(100.0, 100 * sum(used.values()) / elapsed / (os.cpu_count() or 1))
        self.programs = {pid: own[pid].name for pid in programs if pid in own and own[pid].cpu_seconds > 0}
        self._total_seconds += sum(used.values())
        self._before, self._at = {pid: entry.cpu_seconds for pid, entry in own.items()}, now
        self._mirror(own)

    def _mirror(self, own: Mapping[int, Entry]) -> None:
        """Show the processes of the node in its /proc: no others of this machine."""
        proc = self._root / "proc"
        with suppress(OSError):
            shown = {int(each.name) for each in proc.iterdir() if each.name.isdigit()}
            for pid in shown - own.keys():
                (proc / str(pid)).unlink(missing_ok=True)
            for pid in own.keys() - shown:
                if Path(f"/proc/{pid}").exists():
                    (proc / str(pid)).symlink_to(f"/proc/{pid}")
            new = proc / "stat.new"
            new.write_text(f"cpu  {int(self._total_seconds * _TICKS)} 0 0 0 0 0 0 0 0 0\n", encoding="utf-8")
            new.replace(proc / "stat")
