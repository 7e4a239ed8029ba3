"""Processes of the node, read from /proc."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

DEVICE = re.compile(r"^/dev/(nvidia[0-9]+|nvidia-caps/.*|neuron[0-9]+|kfd)$")
"""The device files of accelerators. /dev/nvidiactl and /dev/nvidia-uvm are also opened by programs that only ask."""

_MONITORS = re.compile(
    r"^(nvidia-smi|nvidia-persiste.*|nv-hostengine|nv-fabricmanage.*|nvidia-cuda-mps.*|nvidia-modprobe|nvidia-imex"
    r"|dcgm.*|nvtop|nvitop|gpustat|nvidia_gpu_expor.*|amazon-cloudwat.*|telegraf|node_exporter|Xorg|gnome-shell"
    r"|neuron-(monitor|top|ls).*|rocm-smi|rocm_smi.*|amd-smi|amd_smi.*|rdcd|radeontop|py-spy|systemd.*)$"
)
"""Programs that have accelerators open without computing, by the name in /proc, which has at most 15 characters."""

_KERNEL = re.compile(r"ipykernel|ipykernel_launcher|IRkernel|xeus-|xpython")
_KERNEL_ID = re.compile(r"kernel-(?:v\d+-)?([0-9a-zA-Z-]+)\.json")


@dataclass(frozen=True)
class Process:
    """One process."""

    pid: int
    parent: int
    name: str
    """The name in /proc, at most 15 characters."""
    command: str
    """The command line, with spaces between its arguments."""
    user_id: int
    start: int
    """The time of its start since the boot, in clock ticks."""
    ticks: int
    """Its CPU time, in clock ticks."""

    @property
    def monitors(self) -> bool:
        """True if it is a monitoring daemon."""
        return bool(_MONITORS.match(self.name))

    @property
    def is_kernel(self) -> bool:
        """True if it is a notebook kernel."""
        return bool(_KERNEL.search(self.command))

    @property
    def kernel_id(self) -> str | None:
        """The id of the notebook kernel, from the name of its connection file. None: unknown."""
        found = _KERNEL_ID.search(self.command)
        return found.group(1) if found else None


class Processes:
    """All processes at one moment."""

    def __init__(self, root: Path, found: Iterable[Process]) -> None:
        self._root = root
        self.by_id: Mapping[int, Process] = {each.pid: each for each in found}
        self._children: dict[int, list[int]] = {}
        for each in self.by_id.values():
            self._children.setdefault(each.parent, []).append(each.pid)

    def with_devices(self) -> list[Process]:
        """The processes that have accelerators open, without monitoring daemons.

        Reads the names of all open files, which are many where data loaders run.
        """
        return [each for each in self.by_id.values() if not each.monitors and self._has_devices(each)]

    def _has_devices(self, process: Process) -> bool:
        return any(DEVICE.match(each) for each in _open_files(self._root / f"proc/{process.pid}/fd"))

    def computing(self, ids: Iterable[int]) -> list[Process]:
        """The processes with these ids that still exist, without monitoring daemons."""
        found = (self.by_id.get(each) for each in ids)
        return [each for each in found if each is not None and not each.monitors]

    def kernel_of(self, process: Process) -> Process | None:
        """The notebook kernel that the process is, or was started by. None: it belongs to no kernel."""
        return next((each for each in self._line(process) if each.is_kernel), None)

    def tree(self, process: Process) -> Iterator[Process]:
        """The process and all its descendants."""
        waiting, seen = [process.pid], set()
        while waiting:
            pid = waiting.pop()
            if pid in seen or pid not in self.by_id:
                continue
            seen.add(pid)
            waiting.extend(self._children.get(pid, ()))
            yield self.by_id[pid]

    def _line(self, process: Process) -> Iterator[Process]:
        """The process, its parent, and so on."""
        seen: set[int] = set()
        each: Process | None = process
        while each is not None and each.pid not in seen:
            seen.add(each.pid)
            yield each
            each = self.by_id.get(each.parent)


def read_processes(root: Path) -> Processes:
    """The processes in `root`/proc. One that ends meanwhile is left out."""
    return Processes(root, _read_all(root / "proc"))


def _read_all(proc: Path) -> Iterator[Process]:
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            yield _read(folder)


def _read(folder: Path) -> Process:
    # The name may contain spaces and brackets: proc(5).
    before, _, after = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
    fields = after.split()
    if fields[0] in {"Z", "X"}:
        raise ValueError(folder.name)
    return Process(
        pid=int(folder.name),
        parent=int(fields[1]),
        name=before.partition("(")[2],
        command=(folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip(),
        user_id=folder.stat().st_uid,
        start=int(fields[19]),
        ticks=int(fields[11]) + int(fields[12]),
    )


def _open_files(folder: Path) -> Iterator[str]:
    try:
        files = list(folder.iterdir())
    except OSError:
        return
    for file in files:
        with suppress(OSError):
            yield str(file.readlink())


def io_bytes(root: Path, pid: int) -> tuple[int, int] | None:
    """The bytes that a process has read and written with system calls, to files, pipes and terminals. None: unknown.

    Not counted: data of sockets that have system calls of their own (send, recv). Source: proc(5).
    """
    try:
        lines = (root / f"proc/{pid}/io").read_text(encoding="utf-8").splitlines()
        values = dict(line.split(": ", 1) for line in lines)
        return int(values["rchar"]), int(values["wchar"])
    except (OSError, ValueError, KeyError):
        return None


def variable(root: Path, pid: int, name: str) -> str | None:
    """An environment variable with which a process was started. None: unknown, or it is not set."""
    try:
        content = (root / f"proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    prefix = f"{name}=".encode()
    found = next((each for each in content.split(b"\0") if each.startswith(prefix)), None)
    return None if found is None else found[len(prefix) :].decode("utf-8", "replace")
