"""State of the guard between two runs, in a file that a boot of the node deletes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from mlinfra.node_guard.judgement import History

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class State:
    """The values at the end of the last run."""

    history: History
    at: float | None = None
    """Seconds since the boot. None: there was no run since the boot."""
    activity: str = ""
    idle: bool = False
    """True if the last minute was idle and the jobs of the node were known: `mlinfra-check-node` replaces no others."""
    cpu_ticks: int | None = None
    disk_bytes: int | None = None
    network_bytes: int | None = None
    usage: dict[str, list[int]] = field(default_factory=dict)
    """CPU time in clock ticks and bytes of input and output, by `PID START` of processes in trees of compute processes
    and kernels."""
    roots: list[str] = field(default_factory=list)
    """The compute processes, as `PID START`."""
    stuck: dict[str, str] = field(default_factory=dict)
    """The commands that could not be killed, as `PID START`."""
    hung_at: int | None = None
    """The time since which the compute processes count as hung, in epoch seconds. None: they do not."""
    job: list[float] | None = None
    """The fields of the last `jobs.EndedJob`, also while it runs. None: there was none, or other work began since."""
    used: bool = False
    """True if a job, compute process, notebook or container has run since the boot."""
    vacant_since: float | None = None
    """The first of the minutes until now in which the node was vacant, in seconds since the boot. None: it is not."""
    announced: bool = False
    """True if the functions were notified that the node need not run any more."""
    dumped: list[str] = field(default_factory=list)
    """The hangs with written stacks, as record and time of the last progress."""


def read_state(file: Path, now: float) -> State:
    """The state in `file`. A missing or invalid one gives that of a node that has just booted.

    Args:
        file: the file.
        now: seconds since the boot.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        state = State(**{**found, "history": History(**found["history"])})
        return state if max(state.history.active, state.at or 0) <= now else State(History.beginning(now))
    except (OSError, ValueError, TypeError, KeyError):
        return State(History.beginning(now))


def write_state(file: Path, state: State) -> None:
    """Replace the file, so that a run that is killed leaves no half of one."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(file)
