"""Vacancy of the node: no process, and no timer of a user, that could go on working or start something."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from mlinfra.node_guard.counters import terminals

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.node_guard.judgement import Signs
    from mlinfra.node_guard.processes import Process, Processes
    from mlinfra.node_guard.state import State

_KERNEL_THREADS = 2
"""The process id of kthreadd, the parent of all threads of the kernel."""
_DAEMONS = re.compile(
    r"^(dbus-(daemon|broker.*)|agetty|sshd|amazon-ssm-agen|ssm-agent-worke|chronyd|ntpd|rsyslogd|auditd|irqbalance"
    r"|acpid|haveged|rngd|snapd|polkitd|udisksd|upowerd|accounts-daemon|ModemManager|NetworkManager|dhclient|iscsid"
    r"|multipathd|mdadm|networkd-dispat"
    r"|unattended-upgr|packagekitd?|fwupd|rpcbind|rpc\..*|gssproxy|lsmd|hibinit-agent|ec2-instance-c.*|atopacctd"
    r"|crond?|atd|dockerd|containerd|\(udev-worker\))$"
)
"""Daemons of the images for nodes, by the name in /proc, which has at most 15 characters. A process with another name
may start a job: also a daemon that a team adds to its image. Not here: `containerd-shim`, which each container has,
and the workers of the SSM agent for sessions and commands."""
_UNIT = re.compile(r"^[^:]*:(?:name=systemd)?:/system\.slice/[^/]+\.service(?:/|$)")
"""A line of /proc/PID/cgroup for a system service, with cgroups of version 1 or 2. Sessions of users are in
`user.slice`, containers and transient scopes in a `.scope`."""
_TIMERS = (
    "run/systemd/transient/*.timer",
    "var/spool/cron/*",
    "var/spool/cron/crontabs/*",
    "var/spool/cron/atjobs/*",
    "var/spool/at/*",
)
"""Timers of `systemd-run`, `crontab` and `at`."""


def note_vacancy(state: State, signs: Signs, containers: int, occupant: str | None, *, idle: bool, now: float) -> float:
    """The time for which the node has been vacant, in seconds. Remembers its begin in `state`.

    A node on which nothing has worked since its boot waits for its first job, and is not vacant.

    Args:
        state: the values of the last minute, which this changes.
        signs: the observations of the minute.
        containers: the number of containers.
        occupant: what occupies the node. None: nothing does.
        idle: True if the minute is idle, and the jobs of the node are known.
        now: seconds since the boot.
    """
    state.used = state.used or bool(signs.jobs or signs.processes or signs.kernel_executed or containers)
    if occupant or not idle or not state.used:
        state.vacant_since = None
        return 0.0
    if state.vacant_since is None:
        state.vacant_since = now
    return now - state.vacant_since


def find_occupant(root: Path, processes: Processes) -> str | None:
    """A terminal, process or timer that may start work. None: there is none.

    Args:
        root: the folder with /dev, /proc, /run and /var of the node.
        processes: its processes.
    """
    if terminals(root):
        return "a terminal is open"
    own = _own(processes)
    for each in processes.by_id.values():
        if each.pid not in own and not _is_of_system(root, each):
            return f"process {each.pid} ({each.name})"
    files = (each for pattern in _TIMERS for each in sorted(root.glob(pattern)) if each.is_file())
    # at(1) keeps the number of its last job in a hidden file.
    timer = next((each for each in files if not each.name.startswith(".")), None)
    return f"timer {timer.relative_to(root)}" if timer else None


def _own(processes: Processes) -> set[int]:
    """This process, its parents, and the init process."""
    found, pid = {1}, os.getpid()
    while pid not in found and pid in processes.by_id:
        found.add(pid)
        pid = processes.by_id[pid].parent
    return found


def _is_of_system(root: Path, process: Process) -> bool:
    """True for a thread of the kernel, and for a known daemon in a system service."""
    if _KERNEL_THREADS in {process.pid, process.parent}:
        return True
    if not (process.monitors or _DAEMONS.match(process.name)):
        return False
    with suppress(OSError):
        lines = (root / f"proc/{process.pid}/cgroup").read_text(encoding="utf-8").splitlines()
        return any(_UNIT.match(each) for each in lines)
    return False
