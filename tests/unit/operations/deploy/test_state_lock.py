from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.deploy.state_lock import expect_nobody_here, explain, held_lock, killed_here, taken
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
FOLDER = Path("plans/dev-data/stack")

pytestmark = pytest.mark.usefixtures("own_folders")


def sentence(killed: Run | None, details: str = DETAILS) -> str:
    lock = held_lock(details)
    assert lock
    return explain(lock, "dev-data", FOLDER, killed=killed, now=NOW).message


def test_an_error_about_something_else_speaks_of_no_lock() -> None:
    assert held_lock("Error: No valid credential sources found") is None
    assert held_lock("Error: Error acquiring the state lock\n\nError message: AccessDenied") is None


def test_it_is_said_who_holds_the_lock_and_since_when() -> None:
    text = sentence(None)
    assert "ana@laptop applies since 2026-11-24 09:30:00 UTC (3 hours ago)" in text
    assert "ana@laptop plans since" in sentence(None, DETAILS.replace("TypeApply", "TypePlan"))


def test_force_unlock_is_said_only_after_making_sure_that_nobody_runs() -> None:
    text = sentence(None)
    assert text.index("First make sure that nobody runs it") < text.index("terraform force-unlock 6638e010")


def test_a_lock_of_a_killed_apply_of_this_machine_is_known_to_be_left() -> None:
    killed = Run(4711, CREATED - timedelta(seconds=3), "ana@laptop")
    text = sentence(killed)
    assert "by an apply of your own on this machine that was killed (process 4711), and nothing of it runs" in text
    assert "terraform force-unlock 6638e010" in text


@pytest.mark.parametrize(
    "killed",
    [
        Run(4711, CREATED - timedelta(seconds=3), "ben@laptop"),
        Run(4711, CREATED + timedelta(seconds=3), "ana@laptop"),
        Run(4711, CREATED - timedelta(hours=1), "ana@laptop"),
    ],
    ids=["of another user", "that began later", "that began long before"],
)
def test_a_lock_that_need_not_be_of_the_killed_apply_is_somebody_elses(killed: Run) -> None:
    assert "First make sure that nobody runs it" in sentence(killed)


def fail() -> None:
    """Begin an apply that ends with an error."""
    with taken("dev-data", "bucket/key") as hold:
        hold.begin()
        raise ZeroDivisionError


class TestTaken:
    def test_a_second_apply_of_the_stack_is_refused(self) -> None:
        with taken("dev-data", "bucket/key") as hold:
            hold.begin()
            refused = pytest.raises(OperationError, match=r"Another apply of dev-data.*still runs on this machine")
            with refused, taken("dev-data", "bucket/key"):
                pass
            with taken("dev-data", "another/key"):
                pass

    def test_an_apply_that_ended_leaves_nothing_behind(self) -> None:
        with taken("dev-data", "bucket/key") as hold:
            hold.begin()
        assert killed_here("dev-data", "bucket/key") is None

    def test_an_apply_that_failed_leaves_nothing_behind(self) -> None:
        with pytest.raises(ZeroDivisionError):
            fail()
        assert killed_here("dev-data", "bucket/key") is None

    def test_a_killed_apply_is_known_until_one_has_come_to_its_end(self) -> None:
        program = (
            "import os\nfrom mlinfra.operations.deploy.state_lock import taken\n"
            "with taken('dev-data', 'bucket/key') as hold:\n    hold.begin()\n    os.kill(os.getpid(), 9)\n"
        )
        child = subprocess.Popen([sys.executable, "-c", program])
        assert child.wait() == -9
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                fail()
            found = killed_here("dev-data", "bucket/key")
            assert found
            assert found.pid == child.pid
        with taken("dev-data", "bucket/key"):
            pass
        assert killed_here("dev-data", "bucket/key") is None

    def test_what_outlives_the_apply_keeps_the_stack_taken(self) -> None:
        program = (
            "import os, subprocess, sys\nfrom mlinfra.operations.deploy.state_lock import taken\n"
            "with taken('dev-data', 'bucket/key') as hold:\n    hold.begin()\n"
            "    subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], pass_fds=hold.inherited)\n"
            "    os.kill(os.getpid(), 9)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as child:
            assert child.wait() == -9
            assert killed_here("dev-data", "bucket/key") is None
            says = rf"process {child.pid}, since .*releases the lock by itself"
            with pytest.raises(OperationError, match=says), taken("dev-data", "bucket/key"):
                pass
            with pytest.raises(OperationError, match=says):
                expect_nobody_here("dev-data", "bucket/key")
