"""A local AWS in the background: up, down and its record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws import background
from mlinfra.local_aws.server import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.local_aws


@pytest.fixture(autouse=True)
def ended_afterwards(own_folders: None) -> Iterator[None]:  # noqa: ARG001
    yield
    background.down()


def test_a_server_runs_until_it_is_ended() -> None:
    started, is_new = background.up()
    assert is_new
    assert background.running() == started
    assert background.down() == started
    assert background.running() is None
    assert not started.server.answers()


def test_a_second_up_returns_the_running_server() -> None:
    first, _ = background.up()
    second, is_new = background.up()
    assert (second, is_new) == (first, False)


def test_a_running_server_that_does_not_enforce_iam_is_not_taken_for_one_that_does() -> None:
    background.up()
    with pytest.raises(
        OperationError, match=r"does not enforce IAM\. Stop it first, which deletes its resources: .*down"
    ):
        background.up(enforce_iam=True)
    background.down()
    enforcing, is_new = background.up(enforce_iam=True)
    assert (is_new, enforcing.server.enforces_iam) == (True, True)
    assert background.running() == enforcing


def test_a_killed_server_is_not_reported_as_running() -> None:
    started, _ = background.up()
    os.kill(started.server.pid, signal.SIGKILL)
    os.waitpid(started.server.pid, 0)
    assert background.running() is None
    _, is_new = background.up()
    assert is_new


def test_another_process_with_the_same_process_id_is_not_ended() -> None:
    started, _ = background.up()
    background.down()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as innocent:
        background._write_record(  # noqa: SLF001  a process id cannot be chosen
            background.Background(
                LocalAws(innocent.pid, started.server.port, started.server.identity, started.server.log),
                started.started,
            )
        )
        assert background.down() is None
        assert innocent.poll() is None
        innocent.kill()


def test_an_unreadable_record_counts_as_no_record(tmp_path: Path) -> None:
    background.up()
    background.down()
    (tmp_path / "state" / "mlinfra" / "local-aws.json").write_text("{")
    assert background.running() is None
