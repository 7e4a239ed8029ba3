"""The states of the jobs of AWS Batch, for runs that their containers cannot report."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from mlinfra.functions.clients import error_code
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.runs.recorded_run import Run

_JOBS_A_CALL: Final = 100
"""The limit of DescribeJobs. Source: Batch API reference, "DescribeJobs", read 2026-11-29."""
_ENDED: Final = {"SUCCEEDED": RunStatus.SUCCEEDED, "FAILED": RunStatus.FAILED}
_NOT_STARTED: Final = frozenset({"SUBMITTED", "PENDING", "RUNNABLE", "STARTING"})


def with_batch_states(account: AwsAccount, runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """Runs, with the status of their jobs where the records have no end: a killed container writes none.

    Returns:
        The runs in their order, and a sentence about states that could not be read.
    """
    ids = sorted({each.batch_job for each in runs if each.batch_job and not each.has_ended})
    jobs: dict[str, Mapping[str, Any]] = {}
    problems: list[str] = []
    try:
        for start in range(0, len(ids), _JOBS_A_CALL):
            answer = account.client("batch").describe_jobs(jobs=ids[start : start + _JOBS_A_CALL])
            jobs |= {job["jobId"]: job for job in answer["jobs"]}
    except (ClientError, BotoCoreError) as error:
        problems.append(f"The states of jobs of AWS Batch could not be read ({error_code(error)}).")
    return [_merged(each, jobs.get(each.batch_job or "")) for each in runs], problems


def _merged(run: Run, job: Mapping[str, Any] | None) -> Run:
    if job is None or run.has_ended:
        return run
    state = str(job.get("status", ""))
    if state in _ENDED:
        status = RunStatus.CANCELLED if run.cancelled_at and state == "FAILED" else _ENDED[state]
        container = job.get("container") or {}
        exit_code = container.get("exitCode")
        return replace(
            run,
            status=status,
            exit_code=run.exit_code if exit_code is None else int(exit_code),
            reason=_reason(job),
            started_at=run.started_at or _time(job.get("startedAt")),
            ended_at=run.ended_at or _time(job.get("stoppedAt")),
        )
    if state in _NOT_STARTED and run.last_seen_at is None:
        detail = f"AWS Batch: {state.lower()}"
        return replace(run, status=RunStatus.WAITING, reason=_reason(job, default=detail))
    return run


def _reason(job: Mapping[str, Any], default: str | None = None) -> str | None:
    text = (job.get("container") or {}).get("reason") or job.get("statusReason")
    return f"AWS Batch: {text}" if text else default


def _time(milliseconds: Any) -> datetime | None:  # noqa: ANN401  part of a response of boto3
    """Source: Batch API reference, "JobDetail": Unix timestamps in milliseconds, read 2026-11-29."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, tz=timezone.utc) if milliseconds else None
