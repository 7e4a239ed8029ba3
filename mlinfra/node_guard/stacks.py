"""Stacks of the processes of a hung job, written with py-spy where it is installed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.node_guard.commands import Commands
    from mlinfra.node_guard.jobs import Job
    from mlinfra.node_guard.processes import Process
    from mlinfra.node_guard.state import State

log = logging.getLogger("mlinfra-node-guard")

_MOST_PROCESSES = 16
_MOST_CHARACTERS = 20_000
_SECONDS = 5
_REMEMBERED = 20


def dump_stacks(commands: Commands, state: State, jobs: Iterable[Job], processes: Iterable[Process]) -> None:
    """Write the stacks of the compute processes to the log, once for each hang.

    Only the py-spy of the system is used: root must not run a program from a folder of a user or a container.

    Args:
        commands: how to run py-spy; its deadline ends the dump.
        state: the hangs with written stacks, to which this one is added.
        jobs: the running jobs of the node.
        processes: the compute processes.
    """
    for job in jobs:
        hang = f"{job.record} {job.hung_since}"
        if job.hung_since is None or hang in state.dumped:
            continue
        state.dumped = [*state.dumped, hang][-_REMEMBERED:]
        log.warning("job %s is hung", job.name)
        for each in sorted(processes, key=lambda process: process.pid)[:_MOST_PROCESSES]:
            text = commands.run(["py-spy", "dump", "--nonblocking", "--pid", str(each.pid)], seconds=_SECONDS)
            if text is not None:
                log.warning("stacks of process %d of job %s:\n%s", each.pid, job.name, text[:_MOST_CHARACTERS])
