"""Handler for the end of a training job: stops its cluster if no pause is declared. Layer 2 of docs/adr/0009."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Event
from mlinfra.functions.decision import Action, Decision
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.records import Records
from mlinfra.functions.rules import Rules
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import Shutdown, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.functions.fleet import Target
    from mlinfra.functions.records import Job


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Stop the cluster of a job that ended, if its `pause_minutes` is 0. Otherwise the look does so after the pause.

    Nodes protected from scale-in keep running until their node guard removes the protection. A duplicate event, or
    one that arrives after the cluster was started again, stops nothing.

    Args:
        event: `Training Job Ended`, as EventBridge delivers it.
        context: Lambda's, not used.

    Returns:
        The cluster, the decision (`stopped`, `would_stop`, `left` or `nothing`) and the reason.

    Raises:
        ValueError: if the event is of another type or malformed.
        DescribeFailedError: if the state of the cluster or its jobs could not be read. It is left running, a
            notification is sent, and Lambda delivers the event again.
        IncompleteRunError: at the end, if a notification was not delivered.
    """
    settings = Settings.read(dry_run_by_default=False)
    cluster, job_id, ended = _ended_job(event)
    now = clock.now()
    clients = Clients()
    fleet, records = Fleet(clients), Records(clients, settings.table)
    notifier = Notifier(clients, settings, "job-finished", now)
    shutdown = Shutdown(clients, settings, records, notifier, now)

    def assess_now() -> tuple[Target, Decision] | None:
        target = fleet.group(cluster)
        if target is None:
            return None
        decision = _refusal(target, settings)
        return target, decision or _decide(target, records.read(cluster).jobs, job_id, ended, clock.now())

    return shutdown.process(cluster, f"job {job_id} ended", assess_now)


def _ended_job(event: Mapping[str, Any]) -> tuple[str, str, datetime]:
    """The cluster, the job's id, and the time of the event."""
    if (event.get("source"), event.get("detail-type")) != (Event.JOB_SOURCE, Event.JOB_ENDED):
        message = f"expected an event {Event.JOB_ENDED!r} from {Event.JOB_SOURCE}, got: {event}"
        raise ValueError(message)
    try:
        return event["detail"]["cluster"], event["detail"]["job_id"], clock.read(event["time"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"the event lacks a valid cluster, job id or time: {error!r}: {event}"
        raise ValueError(message) from error


def _refusal(target: Target, settings: Settings) -> Decision | None:
    """The decision that does not depend on jobs. None: it depends on them."""
    if refused := refusal(target, settings):
        return refused
    if target.is_stopped or target.is_draining:
        return Decision(Action.NOTHING, "its desired capacity is already 0")
    return None


def _decide(target: Target, jobs: Sequence[Job], job_id: str, ended: datetime, now: datetime) -> Decision:
    running = [
        job.name or job.job_id
        for job in jobs
        # The job's own record may lack the end. A heartbeat after the end means that the job was started again.
        if job.may_be_running(now)
        and (job.job_id != job_id or job.heartbeat_at is None or _is_after(job.heartbeat_at, ended))
    ]
    if running:
        return Decision(Action.LEAVE, f"job {job_id} ended, but these jobs are running: {', '.join(running)}")
    if any(_is_after(job.started_at, ended) for job in jobs):
        return Decision(
            Action.LEAVE, f"job {job_id} ended at {clock.written(ended)}, and another job started after that"
        )
    if any(node.launched and _is_after(node.launched.timestamp(), ended) for node in target.nodes):
        return Decision(
            Action.LEAVE, f"job {job_id} ended at {clock.written(ended)}, and nodes were launched after that"
        )
    if kept := [job for job in jobs if job.kept_until > now.timestamp()]:
        until = datetime.fromtimestamp(max(job.kept_until for job in kept), tz=timezone.utc)
        return Decision(Action.LEAVE, f"job {job_id} ended; the cluster is kept until {clock.written(until)}")
    own = next((job.keep_minutes for job in jobs if job.job_id == job_id), None)
    if pause := Rules.of(target.tags).pause if own is None else timedelta(minutes=own):
        minutes = int(pause / timedelta(minutes=1))
        return Decision(
            Action.LEAVE, f"job {job_id} ended; the cluster is stopped if no other job begins within {minutes} minutes"
        )
    return Decision(Action.STOP, f"job {job_id} ended")


def _is_after(seconds: float | None, ended: datetime) -> bool:
    """True if it is later by at least one second: EventBridge times have whole seconds."""
    return seconds is not None and datetime.fromtimestamp(int(seconds), tz=timezone.utc) > ended
