"""Commands with a time limit."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from mlinfra.node_guard.commands import Commands, Stuck, identity

if TYPE_CHECKING:
    import pytest

    from tests.unit.node_guard.conftest import FakeNode


def commands(seconds: float = 30) -> Commands:
    return Commands(Stuck({}), seconds=seconds)


def test_the_output_of_a_command(node: FakeNode) -> None:
    node.command("tool", "seq 1 20000")
    answer = commands().run(["tool", "a"], seconds=10)
    assert answer is not None
    assert answer.splitlines()[-1] == "20000"
    assert node.calls == ["tool a"]


def test_a_command_that_is_missing_has_no_answer() -> None:
    assert commands().run(["no-such-tool"], seconds=10) is None


def test_a_command_that_fails_is_logged_with_its_message(node: FakeNode, caplog: pytest.LogCaptureFixture) -> None:
    node.command("tool", "echo 'Unable to determine the device handle' >&2; exit 9")
    assert commands().run(["tool", "query", "--all"], seconds=10) is None
    assert caplog.messages == ["tool query failed with status 9: Unable to determine the device handle"]


def test_a_command_that_takes_too_long_is_ended_with_its_children(
    node: FakeNode, caplog: pytest.LogCaptureFixture
) -> None:
    node.command("tool", "echo 0\nsleep 60\necho 0")
    begun = time.monotonic()
    assert commands().run(["tool"], seconds=0.3) is None
    assert time.monotonic() - begun < 30
    assert caplog.messages == ["tool did not answer in time"]


def test_all_commands_end_before_the_deadline(node: FakeNode) -> None:
    node.command("tool", "sleep 60")
    every = commands(seconds=0.5)
    begun = time.monotonic()
    assert [every.run(["tool"], seconds=20) for _ in range(3)] == [None, None, None]
    assert time.monotonic() - begun < 30
    assert len(node.calls) == 1


def test_a_command_of_an_earlier_run_that_cannot_be_killed_is_not_started_again(node: FakeNode) -> None:
    node.command("tool", "echo 1")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        stuck = Stuck({"tool": identity(str(alive.pid)), "other": "1 999999999"})
        assert list(stuck.processes) == ["tool"]
        assert Commands(stuck, seconds=10).run(["tool"], seconds=5) is None
        assert node.calls == []
        alive.communicate(b"\n")
    assert Commands(Stuck(stuck.processes), seconds=10).run(["tool"], seconds=5) == "1\n"


def test_a_process_has_the_same_identity_until_it_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        first = identity(str(process.pid))
        assert first.startswith(f"{process.pid} ")
        assert identity(str(process.pid)) == first
        process.communicate(b"\n")
    assert identity(str(process.pid)) == ""
