"""Cancellation of runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws import AwsAccount
from mlinfra.operations.runs import cancel_run, find_run
from tests.unit.operations.job_queues import make_job_queues
from tests.unit.operations.runs.recorded import CLUSTER, ENVIRONMENT, ME, RUN_ID, put_node, put_run, seconds_ago

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("records")


def test_living_nodes_end_the_run_themselves() -> None:
    put_run(submitted_by=ME)
    put_node("i-1")
    cancelled = cancel_run(ENVIRONMENT, RUN_ID)
    assert (cancelled.nodes, cancelled.run.status, cancelled.run.cancelled_by) == (1, "running", ME)


def test_a_run_that_no_node_reports_has_ended_at_once() -> None:
    put_run(submitted_by=ME, status="waiting")
    assert cancel_run(ENVIRONMENT, RUN_ID).run.has_ended
    run = find_run(ENVIRONMENT, RUN_ID)
    assert (run.status, run.reason) == ("cancelled", f"cancelled by {ME}")
    assert run.ended_at is not None


def test_a_lost_run_is_ended() -> None:
    put_run(submitted_by=ME)
    put_node("i-1", seen=3600)
    assert cancel_run(ENVIRONMENT, RUN_ID).run.status == "cancelled"


def test_a_second_cancellation_changes_nothing() -> None:
    put_run(submitted_by=ME, cancelled_at=seconds_ago(10), cancelled_by="arn:aws:iam::1:user/li")
    put_node("i-1")
    cancelled = cancel_run(ENVIRONMENT, RUN_ID)
    assert cancelled.repeated
    assert cancelled.run.cancelled_by == "arn:aws:iam::1:user/li"


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_the_end_of_a_run_is_not_changed(status: str) -> None:
    put_run(submitted_by=ME, status=status, ended_at=1796033700)
    with pytest.raises(OperationError, match=rf"has ended already: {status} at 2026-11-30 .* Nothing was changed"):
        cancel_run(ENVIRONMENT, RUN_ID)


def test_the_run_of_another_principal_is_cancelled_by_force_only() -> None:
    put_run()
    put_node("i-1")
    with pytest.raises(OperationError, match=r"was submitted by .*ana@example.com, and you are .*: --force"):
        cancel_run(ENVIRONMENT, RUN_ID)
    assert cancel_run(ENVIRONMENT, RUN_ID, force=True).run.cancelled_by == ME


def test_a_run_that_ends_at_the_same_time_keeps_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    put_run(submitted_by=ME)
    put_node("i-1")
    from mlinfra.operations.runs import cancellation

    request = cancellation._request  # noqa: SLF001

    def end_first(*arguments: Any) -> bool:
        put_run(submitted_by=ME, status="succeeded", ended_at=seconds_ago(1))
        return request(*arguments)

    monkeypatch.setattr(cancellation, "_request", end_first)
    with pytest.raises(OperationError, match=r"ended in the meantime: succeeded. Nothing was changed"):
        cancel_run(ENVIRONMENT, RUN_ID)


def test_the_job_of_a_queue_is_terminated(monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in: the local AWS has no Docker, so that its jobs fail at once.
    batch = Mock()
    batch.describe_jobs.return_value = {"jobs": [{"jobId": "job-1", "status": "RUNNABLE"}]}
    client = AwsAccount.client
    monkeypatch.setattr(
        AwsAccount, "client", lambda account, service: batch if service == "batch" else client(account, service)
    )
    put_run(submitted_by=ME, status="waiting", batch_job_id="job-1", partition="recsys-dev-shared-spot")
    assert cancel_run(ENVIRONMENT, RUN_ID).run.status == "cancelled"
    reason = f"mlinfra: the run {RUN_ID} was cancelled by {ME}"
    batch.terminate_job.assert_called_once_with(jobId="job-1", reason=reason)


def test_a_job_that_aws_batch_ended_is_not_waiting_any_more(records: Callable[..., Any]) -> None:
    job = a_job(records)
    records("batch").terminate_job(jobId=job, reason="the queue was drained")
    expect_failed(records, job)
    put_run(submitted_by=ME, status="waiting", batch_job_id=job, partition="recsys-dev-shared-spot")
    run = find_run(ENVIRONMENT, RUN_ID)
    assert (run.status, run.reason) == ("failed", "AWS Batch: the queue was drained")


def test_a_job_that_aws_batch_forgot_does_not_hinder_the_cancellation() -> None:
    put_run(submitted_by=ME, status="waiting", batch_job_id="00000000-0000", partition=CLUSTER)
    assert cancel_run(ENVIRONMENT, RUN_ID).run.status == "cancelled"


def expect_failed(client: Callable[..., Any], job: str) -> None:
    """Wait until a job has failed: AWS Batch ends jobs in the background."""
    for _ in range(600):
        if client("batch").describe_jobs(jobs=[job])["jobs"][0]["status"] == "FAILED":
            return
        time.sleep(0.1)
    pytest.fail("the job has not ended")


def a_job(client: Callable[..., Any]) -> str:
    """A job of AWS Batch that waits for another one."""
    make_job_queues(client, "recsys-dev-shared-spot")
    batch = client("batch")
    batch.register_job_definition(
        jobDefinitionName="train",
        type="container",
        containerProperties={
            "image": "busybox",
            "command": ["sleep", "600"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "100"}],
        },
    )
    job: str = batch.submit_job(jobName="train", jobQueue="recsys-dev-shared-spot", jobDefinition="train")["jobId"]
    return job
