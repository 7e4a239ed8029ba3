"""A training job ended: stop its cluster, unless another job needs it. Layer 2 of docs/adr/0005."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Event
from mlinfra.functions.decision import Action, Decision
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import Shutdown, refusal
from mlinfra.functions.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.functions.fleet import Target
    from mlinfra.functions.records import Job


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Stop the cluster of a job that ended.

    Nodes that are protected from scale-in stay until their guard takes that off. An event that comes
    twice, or so late that the cluster was started again, stops nothing.

    Args:
        event: `Training Job Ended`, as EventBridge delivers it.
        context: Lambda's, not used.

    Returns:
        The cluster, the decision (`stopped`, `would_stop`, `left` or `nothing`) and the reason.

    Raises:
        ValueError: where it is another event, or a wrong one.
        LookFailedError: where AWS did not say what the cluster is like, or what runs on it. It is left, that
            is told, and Lambda delivers the event again.
        IncompleteRunError: at the end, where somebody could not be told what was done.
    """
    settings = Settings.read(dry_run_by_default=False)
    cluster, job_id, ended = _ended_job(event)
    now = clock.now()
    clients = Clients()
    fleet, records = Fleet(clients), Records(clients, settings.table)
    teller = Teller(clients, settings, "job-finished", now)
    shutdown = Shutdown(clients, settings, records, teller, now)

    def look() -> tuple[Target, Decision] | None:
        target = fleet.group(cluster)
        if target is None:
            return None
        decision = _refusal(target, settings.prefix)
        return target, decision or _decide(target, records.read(cluster).jobs, job_id, ended, clock.now())

    return shutdown.of_one(cluster, f"the job {job_id} ended", look)


def _ended_job(event: Mapping[str, Any]) -> tuple[str, str, datetime]:
    """The cluster, the job's id, and when it ended by the clock of AWS."""
    if (event.get("source"), event.get("detail-type")) != (Event.JOB_SOURCE, Event.JOB_ENDED):
        message = f"this is no {Event.JOB_ENDED!r} of {Event.JOB_SOURCE}: {event}"
        raise ValueError(message)
    try:
        return event["detail"]["cluster"], event["detail"]["job_id"], clock.read(event["time"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"this event does not say which job of which cluster ended when: {error!r}: {event}"
        raise ValueError(message) from error


def _refusal(target: Target, prefix: str) -> Decision | None:
    """Why nothing is to be done with the group, whatever its jobs do; None: something may be."""
    if refused := refusal(target, prefix):
        return refused
    if target.is_stopped or target.is_leaving:
        return Decision(Action.NOTHING, "its size is zero already")
    return None


def _decide(target: Target, jobs: Sequence[Job], job_id: str, ended: datetime, now: datetime) -> Decision:
    running = [
        job.name or job.job_id
        for job in jobs
        # Its own record may have missed the end; a heartbeat after it says that the job runs again.
        if job.may_be_running(now)
        and (job.job_id != job_id or job.heartbeat_at is None or _is_after(job.heartbeat_at, ended))
    ]
    if running:
        return Decision(Action.LEAVE, f"the job {job_id} ended, but {', '.join(running)} runs")
    if any(_is_after(job.started_at, ended) for job in jobs):
        return Decision(Action.LEAVE, f"the job {job_id} ended at {clock.written(ended)}, and another began after that")
    if any(node.launched and _is_after(node.launched.timestamp(), ended) for node in target.nodes):
        return Decision(Action.LEAVE, f"the job {job_id} ended at {clock.written(ended)}, and nodes were started since")
    return Decision(Action.STOP, f"the job {job_id} ended")


def _is_after(seconds: float | None, ended: datetime) -> bool:
    """Whether it is later by a second at least: EventBridge gives whole ones."""
    return seconds is not None and datetime.fromtimestamp(int(seconds), tz=timezone.utc) > ended
