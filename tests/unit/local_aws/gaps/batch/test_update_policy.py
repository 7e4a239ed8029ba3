"""The update policy of a compute environment."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.gaps.batch.conftest import described


def test_the_update_policy_is_kept(batch: Any, environment: str) -> None:
    assert "updatePolicy" not in described(batch, environment)
    batch.update_compute_environment(computeEnvironment=environment, updatePolicy={"jobExecutionTimeoutMinutes": 360})
    kept = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 360}
    assert described(batch, environment)["updatePolicy"] == kept
    batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
    assert described(batch, environment)["updatePolicy"] == kept
