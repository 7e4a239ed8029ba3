"""Processes of this machine, and those of one node among them: its init, all descendants, and all with its marker.

Linux: from /proc. macOS: from ps(1).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MARKER: Final = "MLINFRA_LOCAL_NODE"
"""The environment variable of all processes of a node; its value is the folder of the node."""
_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KILL_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Entry:
    """A process of this machine."""

    parent: int
    name: str
    cpu_seconds: float


def table() -> dict[int, Entry]:
    """All processes that have not ended, by their ids."""
    return dict(_from_proc() if (_PROC / "self/stat").exists() else _from_ps())


def tree(ancestor: int, processes: Mapping[int, Entry]) -> set[int]:
    """The descendants of a process, without itself.

    Args:
        ancestor: the id of the process.
        processes: the processes of this machine.
    """
    children: dict[int, list[int]] = {}
    for pid, entry in processes.items():
        children.setdefault(entry.parent, []).append(pid)
    found: set[int] = set()
    waiting = list(children.get(ancestor, ()))
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def of_node(init: int, folder: str) -> set[int]:
    """The processes of a node, without its init.

    Args:
        init: the process id of its init.
        folder: the folder of the node.
    """
    return (tree(init, table()) | set(_marked(folder))) - {init, os.getpid()}


def kill_all(init: int, folder: str) -> None:
    """Kill all processes of a node except its init, until there are none."""
    deadline = time.monotonic() + _KILL_SECONDS
    while (found := of_node(init, folder)) and time.monotonic() < deadline:
        send(found, signal.SIGKILL)
        time.sleep(0.02)


def send(pids: Iterable[int], number: int) -> None:
    """Send a signal to processes. Those that have ended are skipped."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)


def _marked(folder: str) -> Iterator[int]:
    """The processes with the marker of a node, which may have left its tree."""
    wanted = f"{MARKER}={folder}"
    if not (_PROC / "self/environ").exists():
        for line in _ps("-E", "-o", "pid=,command="):
            pid, _, rest = line.strip().partition(" ")
            if f" {wanted} " in f"{rest} ":
                yield int(pid)
        return
    for environ in _PROC.glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted.encode() in environ.read_bytes().split(b"\0"):
                yield int(environ.parent.name)


def _from_proc() -> Iterator[tuple[int, Entry]]:
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            # The name may contain spaces and brackets: proc(5).
            before, _, after = (folder / "stat").read_text(errors="replace").rpartition(")")
            fields = after.split()
            if fields[0] not in {"Z", "X"}:
                ticks = int(fields[11]) + int(fields[12])
                yield int(folder.name), Entry(int(fields[1]), before.partition("(")[2], ticks / _TICKS)


def _from_ps() -> Iterator[tuple[int, Entry]]:
    for line in _ps("-o", "pid=,ppid=,state=,time=,comm="):
        with suppress(ValueError):
            pid, parent, state, used, name = line.split(maxsplit=4)
            if not state.startswith("Z"):
                yield int(pid), Entry(int(parent), name.rpartition("/")[2], _seconds(used))


def _seconds(used: str) -> float:
    """The CPU time in the form of ps(1): `[hours:]minutes:seconds`."""
    total = 0.0
    for part in used.split(":"):
        total = total * 60 + float(part)
    return total


def _ps(*options: str) -> list[str]:
    ended = subprocess.run(  # noqa: S603
        ["ps", "-axww", *options],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout.splitlines()
