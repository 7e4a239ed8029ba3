from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mlinfra.declarations import Environment
from mlinfra.errors import OperationError
from mlinfra.operations.bootstrap import workspace as module
from mlinfra.operations.bootstrap.workspace import workspace
from mlinfra.operations.terraform.remote_state import StateLock
from mlinfra.operations.terraform.run_record import Run
from tests.conftest import an_environment

pytestmark = pytest.mark.usefixtures("own_folders")

VALUES = {
    "name": "dev",
    "project": "recsys",
    "account_id": "111111111111",
    "region": "us-east-1",
    "team": "ml-platform",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ml/platform",
    "monthly_spend_limit_usd": 15_000,
}
ENVIRONMENT = Environment(**VALUES)
HOLDER = f"""
    import subprocess, sys, time
    from mlinfra.declarations import Environment
    from mlinfra.operations.bootstrap.workspace import workspace
    with workspace(Environment(**{VALUES}), announce=print) as private:
        (private.path / "local.tfstate").write_text("half a st")
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=private.inherited)
        print(child.pid, flush=True)
        time.sleep(60)
"""


def ignore(_: str) -> None:
    """Ignore announcements."""


def killed_holder() -> int:
    """A bootstrap that is killed while its child goes on. Returns the child's number."""
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOLDER)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        holder.kill()
    return child


def test_it_is_private_outside_the_checkout_and_deleted_afterwards(tmp_path: Path) -> None:
    with workspace(ENVIRONMENT, announce=ignore) as private:
        assert private.path.stat().st_mode & 0o777 == 0o700
        assert tmp_path / "state" in private.path.parents
        assert private.killed is None
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []


def test_it_is_deleted_after_an_error(tmp_path: Path) -> None:
    with suppress(KeyError), workspace(ENVIRONMENT, announce=ignore) as private:
        (private.path / "local.tfstate").touch()
        raise KeyError
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []


def test_an_interrupted_bootstrap_keeps_the_folder_of_a_child_that_is_still_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CHILD_SECONDS", 0.1)
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
    with suppress(KeyboardInterrupt), workspace(ENVIRONMENT, announce=ignore) as private:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=private.inherited)
        raise KeyboardInterrupt
    try:
        assert private.path.exists()
        with pytest.raises(OperationError, match="is still running"), workspace(ENVIRONMENT, announce=ignore):
            pass
    finally:
        child.kill()
        child.wait()
    with workspace(ENVIRONMENT, announce=ignore) as private:
        assert private.killed is not None


def test_what_a_killed_bootstrap_left_is_not_used() -> None:
    os.kill(killed_holder(), signal.SIGKILL)
    with workspace(ENVIRONMENT, announce=ignore) as private:
        assert list(private.path.iterdir()) == []
        assert private.killed is not None
        assert datetime.now(timezone.utc) - private.killed.started < timedelta(minutes=1)
    with workspace(ENVIRONMENT, announce=ignore) as private:
        assert private.killed is None


def test_the_child_of_a_killed_bootstrap_is_waited_for() -> None:
    child = killed_holder()
    heard: list[str] = []

    def end_the_child(text: str) -> None:
        heard.append(text)
        os.kill(child, signal.SIGKILL)

    with workspace(ENVIRONMENT, announce=end_the_child) as private:
        assert private.killed is not None
    assert len(heard) == 1
    assert heard[0].startswith("Waiting for another bootstrap of 'dev' to end (process ")


def test_a_bootstrap_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
    child = killed_holder()
    try:
        expected = r"bootstrap of 'dev', or its Terraform, is still running on this machine \(process \d+, since"
        with pytest.raises(OperationError, match=expected), workspace(ENVIRONMENT, announce=ignore):
            pass
    finally:
        os.kill(child, signal.SIGKILL)


def test_environments_do_not_wait_for_each_other() -> None:
    with (
        workspace(ENVIRONMENT, announce=ignore) as one,
        workspace(an_environment(name="prod"), announce=ignore) as other,
    ):
        assert one.path != other.path


def test_one_local_aws_does_not_wait_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with workspace(ENVIRONMENT, announce=ignore) as one:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
        with workspace(ENVIRONMENT, announce=ignore) as other:
            assert one.path != other.path


def test_repeated_kills_keep_the_time_of_the_first_one() -> None:
    os.kill(killed_holder(), signal.SIGKILL)
    between = datetime.now(timezone.utc)
    os.kill(killed_holder(), signal.SIGKILL)
    record = next(Path(os.environ["XDG_STATE_HOME"]).rglob("*.run"))
    with record.open("a") as file:
        file.write('{"pid": 1, "sta')  # a line that a kill cut short
    with workspace(ENVIRONMENT, announce=ignore) as private:
        assert private.killed is not None
        assert private.killed.started < between


STARTED = datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=timezone.utc)
RUN = Run(pid=1, started=STARTED, who="ana@laptop")


def a_lock(who: str = "ana@laptop", created: datetime = STARTED) -> StateLock:
    return StateLock(id="x", who=who, operation="OperationTypeApply", created=created)


def test_a_lock_of_the_same_user_and_machine_since_the_start_is_its_own() -> None:
    assert RUN.took(a_lock(created=STARTED.replace(microsecond=0)))
    assert RUN.took(a_lock(created=STARTED + timedelta(minutes=3)))


def test_a_lock_of_another_user_or_an_earlier_lock_is_not_its_own() -> None:
    assert not RUN.took(a_lock(who="bob@laptop"))
    assert not RUN.took(a_lock(who="ana@desktop"))
    assert not RUN.took(a_lock(created=STARTED - timedelta(seconds=2)))
