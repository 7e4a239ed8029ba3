"""Compute processes on the node that do not belong to the job."""

from __future__ import annotations

import os
from pathlib import Path

from mlinfra.node_guard.accelerators import parse_ids
from mlinfra.node_guard.commands import Commands, Stuck
from mlinfra.node_guard.processes import read_processes

_SECONDS = 2.0
"""The end of a job waits for AWS too, and must not take long."""


def other_compute_processes(*, has_launcher: bool, root: Path = Path("/"), pid: int | None = None) -> list[int]:
    """The ids of compute processes of others on the node, without monitoring daemons and notebook kernels.

    In a container with process ids of its own, none are seen: the node guard protects the node within a minute.

    Args:
        has_launcher: True if a launcher such as torchrun started this process beside others of the same job.
        root: the folder with /dev and /proc of the node. Default: /
        pid: a process of the job. Default: this one.
    """
    if not any(any(root.glob(f"dev/{name}")) for name in ("nvidia[0-9]*", "neuron[0-9]*", "kfd")):
        return []
    listed = Commands(Stuck({}), seconds=_SECONDS).run(
        ["nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader,nounits"], seconds=_SECONDS
    )
    ids = None if listed is None else parse_ids(listed)
    processes = read_processes(root)
    # Without the driver's list: device files of other users' processes can be seen by root only.
    found = processes.with_devices() if ids is None else processes.computing(ids)
    own = processes.by_id.get(os.getpid() if pid is None else pid)
    if own and has_launcher:
        own = processes.by_id.get(own.parent, own)
    of_job = {each.pid for each in processes.tree(own)} if own else set()
    return [each.pid for each in found if each.pid not in of_job and processes.kernel_of(each) is None]
