from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.operations.deploy.state_lock import held_lock, lock_error
from mlinfra.operations.terraform.run_record import Run

# As Terraform 1.11.4 writes it about a lock in DynamoDB.
DETAILS = """\
Error: Error acquiring the state lock

Error message: operation error DynamoDB: PutItem, https response error
StatusCode: 400, ConditionalCheckFailedException: The conditional request failed
Lock Info:
  ID:        6638e010-8fb0-46cf-966d-21e806602f3a
  Path:      bucket/recsys/dev/us-east-1/data/terraform.tfstate
  Operation: OperationTypeApply
  Who:       ana@laptop
  Version:   1.11.4
  Created:   2026-11-24 09:30:00.123456789 +0000 UTC
  Info:


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time.
"""
CREATED = datetime(2026, 11, 24, 9, 30, tzinfo=timezone.utc)
NOW = CREATED + timedelta(hours=3)


def sentence(killed: Run | None, details: str = DETAILS) -> str:
    lock = held_lock(details)
    assert lock
    return lock_error(lock, "dev-data", killed=killed, now=NOW).message


def test_another_error_contains_no_lock() -> None:
    assert held_lock("Error: No valid credential sources found") is None
    assert held_lock("Error: Error acquiring the state lock\n\nError message: AccessDenied") is None


def test_the_holder_and_the_time_of_the_lock_are_shown() -> None:
    text = sentence(None)
    assert "ana@laptop has been applying it since 2026-11-24 09:30:00 UTC (3 hours ago)" in text
    assert "ana@laptop has been planning it since" in sentence(None, DETAILS.replace("TypeApply", "TypePlan"))


def test_the_release_is_shown_after_the_check_for_running_processes() -> None:
    text = sentence(None)
    assert text.index("make sure that no run is in progress") < text.index("mlinfra unlock dev-data")


def test_the_lock_of_an_apply_that_was_killed_on_this_machine_is_recognized() -> None:
    killed = Run(4711, CREATED - timedelta(seconds=3), "ana@laptop")
    text = sentence(killed)
    assert (
        "by your own apply on this machine, which was killed (process 4711); none of its processes is running" in text
    )
    assert "mlinfra unlock dev-data. Resources that it created last may be missing in the state." in text


@pytest.mark.parametrize(
    "killed",
    [
        Run(4711, CREATED - timedelta(seconds=3), "ben@laptop"),
        Run(4711, CREATED + timedelta(seconds=3), "ana@laptop"),
        Run(4711, CREATED - timedelta(hours=1), "ana@laptop"),
    ],
    ids=["of another user", "that began later", "that began long before"],
)
def test_a_lock_that_may_belong_to_another_process_is_not_attributed_to_the_killed_apply(killed: Run) -> None:
    assert "First make sure that no run is in progress" in sentence(killed)
