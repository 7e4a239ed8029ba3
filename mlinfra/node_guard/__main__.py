"""Run the guard once: `mlinfra-node-guard`."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Activity, Event, Metric, NodeReport
from mlinfra.node_guard.aws import Aws, set_environment
from mlinfra.node_guard.commands import Commands, Stuck
from mlinfra.node_guard.jobs import EndedJob, Job, jobs_of_node, kept_until
from mlinfra.node_guard.judgement import Limits, Verdict, judge
from mlinfra.node_guard.observation import Observation, observe, sample_accelerators
from mlinfra.node_guard.settings import read_settings
from mlinfra.node_guard.stacks import dump_stacks
from mlinfra.node_guard.state import State, read_state, write_state
from mlinfra.node_guard.vacancy import note_vacancy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger("mlinfra-node-guard")

_DEADLINE_SECONDS = 55
_MINUTE = 60
_MOST_ANNOUNCING = 64
"""The largest number of nodes of a cluster whose nodes send events: each is one run of a function that has one run at a
time, and 5 minutes for all."""
_EXIT_OF_JOB_SECONDS = 180
"""The time after the end of a job for which its processes may still show activity: they have to exit.
`mlinfra.functions.decision` allows the same."""
_KILLED_AFTER_SECONDS = 59
"""Reading /proc of a process that hangs in the kernel can block: the run ends before the next one begins."""


def main(argv: Sequence[str], sleep: Callable[[float], None] = time.sleep) -> int:
    """Observe the node for one minute, protect it, and report.

    Args:
        argv: the arguments, without the program's name.
        sleep: how to wait between two samples, in seconds.

    Returns:
        0, also if AWS did not respond: the next run is in a minute.
    """
    parser = argparse.ArgumentParser(
        prog="mlinfra-node-guard", description="Report the activity of this node, and protect it from scale-in."
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(os.environ.get("MLINFRA_NODE_ROOT") or "/"),
        help="the root folder of the node. Default: /, or MLINFRA_NODE_ROOT, which the local AWS sets",
    )
    root: Path = parser.parse_args(argv).root
    signal.alarm(_KILLED_AFTER_SECONDS)
    try:
        (root / "run/mlinfra").mkdir(parents=True, exist_ok=True)
        with (root / "run/mlinfra/guard.lock").open("w") as lock, _logging(root / "var/log/mlinfra-guard.log"):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.warning("another run has not ended yet: this one is skipped")
                return 0
            _run(root, sleep)
    finally:
        signal.alarm(0)
    return 0


class _logging:  # noqa: N801  used like a function
    """Log to a file during the block, with the time in UTC."""

    def __init__(self, file: Path) -> None:
        self._handler = logging.FileHandler(file)
        formatter = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        self._handler.setFormatter(formatter)

    def __enter__(self) -> None:
        log.setLevel(logging.INFO)
        log.addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        log.removeHandler(self._handler)
        self._handler.close()


def _run(root: Path, sleep: Callable[[float], None]) -> None:
    settings = read_settings(root / "etc/mlinfra/node")
    set_environment(settings["REGION"])
    now, wall = _uptime(root), time.time()
    file = root / "run/mlinfra/guard.json"
    state = read_state(file, now)
    stuck = Stuck(state.stuck)
    commands = Commands(stuck, seconds=_DEADLINE_SECONDS)
    aws = Aws(commands, settings["CLUSTER"], settings["INSTANCE_ID"], settings["TABLE"])
    limits = Limits(
        idle_percent=float(settings["IDLE_GPU_PERCENT"]),
        idle_seconds=60 * float(settings["IDLE_MINUTES"]),
        stalled_seconds=60 * float(settings["STALLED_MINUTES"]),
        pause_seconds=60 * float(settings["PAUSE_MINUTES"]),
        vacant_seconds=60 * float(settings.get("VACANT_MINUTES", "inf")),
    )
    items = aws.jobs()
    jobs = jobs_of_node(items or [], settings["INSTANCE_ID"], wall)
    reading = sample_accelerators(root, commands, idle_percent=limits.idle_percent, sleep=sleep)
    ended = _ended_job(state, None if items is None else jobs, now=now, wall=wall)
    observation = observe(root, state, reading, jobs, now=now, wall=wall, ended=ended)
    verdict = judge(observation.signs, state.history, now, limits)
    if ended and verdict.history.active > ended.seen + _EXIT_OF_JOB_SECONDS:
        ended = state.job = None
    is_idle = verdict.activity == Activity.IDLE and items is not None
    vacant = note_vacancy(state, observation.signs, observation.containers, observation.occupant, idle=is_idle, now=now)
    if verdict.activity != state.activity:
        log.info("%s: %s", verdict.activity, verdict.why)
    state.history, state.activity, state.idle = verdict.history, verdict.activity, is_idle
    state.hung_at = (state.hung_at or int(wall)) if verdict.is_hung else None
    is_kept = kept_until(items or [], settings["INSTANCE_ID"]) > wall
    needless = _why_needless(verdict, limits, ended, vacant, now) if is_idle and not is_kept else None
    if verdict.activity != Activity.IDLE:
        aws.protect(on=True, why=f"{verdict.activity}, {verdict.why}")
    elif needless:
        aws.protect(on=False, why=needless)
    aws.report(report_of(observation, verdict, hung_at=state.hung_at, vacant_seconds=vacant), at=int(time.time()))
    if int(settings["NODES"]) <= _MOST_ANNOUNCING:
        _announce(aws, state, needless)
    aws.put_metrics(
        {
            Metric.ACTIVE: (float(verdict.activity != Activity.IDLE), "None"),
            Metric.PROCESSES: (float(observation.signs.processes), "Count"),
            Metric.IDLE_SECONDS: (verdict.idle_seconds, "Seconds"),
        }
    )
    if state.hung_at is not None:
        unreported = [Job(record="", name="not reported")]
        jobs = [replace(each, hung_since=each.hung_since or state.hung_at) for each in jobs or unreported]
    dump_stacks(commands, state, jobs, observation.processes)
    state.stuck = stuck.processes
    write_state(file, state)


def _ended_job(state: State, jobs: Sequence[Job] | None, *, now: float, wall: float) -> EndedJob | None:
    """The last job of the node, if it has ended. Remembers it in `state` while it runs.

    Args:
        state: the values of the last minute.
        jobs: the running jobs of the node. None: they could not be read.
        now: seconds since the boot.
        wall: epoch seconds by the node's clock.
    """
    if jobs:
        if any(each.hung_since is None for each in jobs):
            began = min(wall if each.started_at is None else each.started_at for each in jobs)
            state.job = [now - (wall - began), now]
        return None
    return EndedJob(*state.job) if state.job and jobs is not None else None


def _why_needless(
    verdict: Verdict, limits: Limits, ended: EndedJob | None, vacant_seconds: float, now: float
) -> str | None:
    """The reason why an idle node need not be protected from scale-in any more. None: nothing is changed.

    Nothing is changed in between: with a pause of 0 a job that has ended removes the protection itself, and the guard
    must not set it again. A node that cannot read the jobs keeps its protection, and so does one that a job with
    `keep_minutes` keeps.
    """
    # A minute more than the pause: the job ended up to a minute after it was last seen.
    if ended is not None and now - ended.seen >= limits.pause_seconds + _MINUTE:
        return "its job has ended, and no other began"
    if vacant_seconds >= limits.vacant_seconds:
        return f"vacant for {vacant_seconds / _MINUTE:.0f} minutes"
    if verdict.idle_seconds >= limits.idle_seconds:
        return f"idle for {verdict.idle_seconds / _MINUTE:.0f} minutes"
    return None


def _announce(aws: Aws, state: State, needless: str | None) -> None:
    """Send an event once a node need not be protected any more. The functions then check its cluster at once."""
    if needless is None:
        state.announced = False
    elif not state.announced:
        state.announced = aws.send_event(Event.NODE_IDLE, needless)


def report_of(
    observation: Observation, verdict: Verdict, *, hung_at: int | None, vacant_seconds: float
) -> dict[str, Any]:
    """The attributes of the node's report. None: unknown.

    Args:
        observation: the node.
        verdict: the judgement of the minute.
        hung_at: the time since which its compute processes count as hung, in epoch seconds. None: they do not.
        vacant_seconds: the time for which the node has been vacant; 0: it is not.
    """
    signs = observation.signs
    return {
        NodeReport.ACTIVITY: verdict.activity,
        NodeReport.WHY: verdict.why,
        NodeReport.IDLE_SECONDS: int(verdict.idle_seconds),
        NodeReport.STALLED_SECONDS: int(verdict.stalled_seconds),
        NodeReport.HUNG_AT: hung_at,
        NodeReport.VACANT_SECONDS: int(vacant_seconds),
        NodeReport.OCCUPANT: observation.occupant,
        NodeReport.ACCELERATOR_PERCENT: None if signs.percent is None else int(signs.percent),
        NodeReport.PROCESSES: signs.processes,
        NodeReport.USERS: ",".join(signs.users) or None,
        NodeReport.CONTAINERS: observation.containers,
        NodeReport.KERNELS: observation.kernels,
        NodeReport.SESSIONS: observation.sessions,
        NodeReport.DISK_BYTES: signs.disk_bytes,
        NodeReport.NETWORK_BYTES: signs.network_bytes,
    }


def _uptime(root: Path) -> float:
    """Seconds since the boot: setting the clock does not make a node idle."""
    return float((root / "proc/uptime").read_text(encoding="utf-8").split()[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
