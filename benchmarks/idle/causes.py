"""The causes of idle cost: the times in which nodes had no job, beyond those that the oracle pays for too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.idle.workload import MINUTE
from mlinfra.functions.contract import HEARTBEAT_FRESH_SECONDS, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.idle.jobs import Run
    from benchmarks.idle.node import Node

HUNG: Final = "hung"
_CHECK: Final = "check"
CAUSES: Final = {
    "start": "start",
    "gap": "between jobs",
    "reported": "after reported jobs",
    "unreported": "unreported",
    "session": "sessions",
    "crash": "crashes",
    "process": "left processes",
    _CHECK: "until the check",
    HUNG: "hung",
}
"""The titles of the causes, in the order of the report. The five after `gap` are the time from the last job until the
rules allow a stop, by that job, and `check` is the time from then on."""


def work_of(run: Run) -> str:
    """The cause of idle time after a job."""
    if run.job.residue.process:
        return "process"
    return "crash" if run.crashes else run.job.kind


def until_job(node: Node, idle: float, boot: float) -> tuple[str, float]:
    """The cause of idle time before a job, and the part of it for which the oracle does not pay.

    Args:
        node: the node on which the job starts.
        idle: the time without a job, in seconds.
        boot: the time of a boot, in seconds, for which the oracle pays.
    """
    return "gap" if node.last_work else "start", max(0.0, idle - boot)


def until_stop(node: Node, idle: float, now: float, tags: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """The causes of idle time before the end of a node, each with its seconds.

    Args:
        node: the node.
        idle: the time without a job, in seconds.
        now: the end of the node.
        tags: the tags of its group.
    """
    if not node.last_work:
        yield "start", idle
        return
    allowed = node.idle_since(now) + float(tags[Tag.IDLE_MINUTES]) * MINUTE
    if node.last_work == "crash":
        allowed = max(allowed, node.without_job_since + HEARTBEAT_FRESH_SECONDS)
    elif node.after_reported_job:
        allowed = min(allowed, node.without_job_since + float(tags[Tag.PAUSE_MINUTES]) * MINUTE)
    late = min(idle, max(0.0, now - allowed))
    yield node.last_work, idle - late
    yield _CHECK, late
