"""Share identifiers of jobs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def _queue(batch: Any, environment: str, name: str, **policy: str) -> str:
    batch.create_job_queue(
        jobQueueName=name,
        priority=1,
        state="ENABLED",
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
        **policy,
    )
    container = {
        "image": "busybox",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "100"}],
    }
    batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=container)
    return name


def test_a_job_in_a_fair_share_queue_needs_an_identifier(batch: Any, environment: str) -> None:
    policy = batch.create_scheduling_policy(name="shares", fairsharePolicy={"shareDecaySeconds": 3600})["arn"]
    name = _queue(batch, environment, "with-shares", schedulingPolicyArn=policy)
    with pytest.raises(ClientError, match="shareIdentifier must be specified"):
        batch.submit_job(jobName="train", jobQueue=name, jobDefinition=name)
    assert batch.submit_job(jobName="train", jobQueue=name, jobDefinition=name, shareIdentifier="ranking")["jobId"]


def test_a_job_in_another_queue_must_not_have_one(batch: Any, environment: str) -> None:
    name = _queue(batch, environment, "without-shares")
    with pytest.raises(ClientError, match="shareIdentifier cannot be specified"):
        batch.submit_job(jobName="train", jobQueue=name, jobDefinition=name, shareIdentifier="ranking")
    assert batch.submit_job(jobName="train", jobQueue=name, jobDefinition=name)["jobId"]
