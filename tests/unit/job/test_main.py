"""`python -m mlinfra.job NAME -- COMMAND`, as shell scripts call it."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.job.__main__ import main
from tests.unit.job.conftest import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.unit.job.conftest import Cluster

    Run = Callable[..., subprocess.Popen[str]]

TRAPPING = "trap 'echo saved; exit 5' TERM; echo ready; while :; do sleep 0.05; done"


def test_a_command_that_succeeds_is_a_completed_job(cluster: Cluster, run: Run) -> None:
    out, _ = run(
        "-m", "mlinfra.job", "train", "--job-id", "1", "--", "sh", "-c", 'echo "$0" "$1"', "a b", "--"
    ).communicate()
    assert out == "a b --\n"
    assert cluster.record("1")["status"] == "completed"
    assert cluster.ends() == [("train", "completed", "")]


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        (["sh", "-c", "exit 3"], 3, "exit status 3"),
        (["sh", "-c", "kill -9 $$"], 137, "exit status 137"),
        (["no-such-command"], 127, "FileNotFoundError: [Errno 2] No such file or directory: 'no-such-command'"),
        (["/"], 126, "PermissionError: [Errno 13] Permission denied: '/'"),
    ],
)
def test_a_command_that_fails_is_a_failed_job_with_the_exit_code_of_a_shell(
    cluster: Cluster, run: Run, command: list[str], code: int, reason: str
) -> None:
    assert run("-m", "mlinfra.job", "train", "--", *command).wait(120) == code
    assert cluster.ends() == [("train", "failed", reason)]


def test_a_signal_is_handed_on_and_the_command_ends_in_its_own_way(cluster: Cluster, run: Run) -> None:
    process = run("-m", "mlinfra.job", "train", "--", "sh", "-c", TRAPPING)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    until(cluster.events)
    process.terminate()
    assert process.wait(120) == 5
    assert process.stdout.read() == "saved\n"
    assert cluster.ends() == [("train", "failed", "SIGTERM")]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_a_signal_ends_gives_the_exit_code_of_a_shell(
    run: Run, monkeypatch: pytest.MonkeyPatch, signum: signal.Signals
) -> None:
    monkeypatch.delenv("MLINFRA_TABLE", raising=False)
    script = "import signal, time; signal.signal(2, signal.SIG_DFL); print('ready', flush=True); time.sleep(60)"
    process = run("-m", "mlinfra.job", "train", "--", sys.executable, "-c", script)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signum)
    assert process.wait(120) == 128 + signum


@pytest.mark.parametrize("arguments", [[], ["train"], ["train", "--"], ["--", "true"]])
def test_a_call_without_a_command_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: python -m mlinfra.job [-h] [--job-id ID] NAME -- COMMAND [ARGUMENT ...]" in capsys.readouterr().err
