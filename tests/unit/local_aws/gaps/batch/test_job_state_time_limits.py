"""Time limits of jobs in a queue."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.batch.conftest import NAME

LIMIT = {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "state": "RUNNABLE", "action": "CANCEL"}


def test_a_queue_keeps_its_job_state_time_limits(batch: Any, environment: str) -> None:
    order = [{"order": 1, "computeEnvironment": environment}]
    limits = [LIMIT | {"maxTimeSeconds": 3600}]
    batch.create_job_queue(
        jobQueueName=NAME, priority=1, state="ENABLED", computeEnvironmentOrder=order, jobStateTimeLimitActions=limits
    )
    (queue,) = batch.describe_job_queues(jobQueues=[NAME])["jobQueues"]
    assert queue["jobStateTimeLimitActions"] == limits
    batch.update_job_queue(jobQueue=NAME, priority=2)
    (queue,) = batch.describe_job_queues(jobQueues=[NAME])["jobQueues"]
    assert (queue["priority"], queue["jobStateTimeLimitActions"]) == (2, limits)
    batch.update_job_queue(jobQueue=queue["jobQueueArn"], jobStateTimeLimitActions=[])
    (queue,) = batch.describe_job_queues(jobQueues=[NAME])["jobQueues"]
    assert queue["jobStateTimeLimitActions"] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"maxTimeSeconds": 599}, "between 600 and 86400"),
        ({"maxTimeSeconds": 86_401}, "between 600 and 86400"),
        ({"maxTimeSeconds": 600, "action": "TERMINATE"}, "only supported action is CANCEL"),
    ],
)
def test_an_invalid_time_limit_is_refused(batch: Any, environment: str, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ClientError, match=complaint):
        batch.create_job_queue(
            jobQueueName=f"{NAME}-refused",
            priority=1,
            state="ENABLED",
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
            jobStateTimeLimitActions=[LIMIT | change],
        )
    assert batch.describe_job_queues(jobQueues=[f"{NAME}-refused"])["jobQueues"] == []
