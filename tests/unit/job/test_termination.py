"""Signals that end real processes, and the resulting records and events."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mlinfra.job import training_job
from tests.unit.job.conftest import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.unit.job.conftest import Cluster

    Run = Callable[..., subprocess.Popen[str]]

WAITING = """
import time
from mlinfra.job import training_job
with training_job("train", job_id="1", heartbeat_seconds=0.1):
    time.sleep(60)
"""

NESTED = """
import time
from mlinfra.job import training_job
with training_job("outer", job_id="1"), training_job("inner", job_id="2"):
    time.sleep(60)
"""

CHECKPOINTING = """
import signal, sys, time
from mlinfra.job import training_job

def save_checkpoint(signum, frame):
    time.sleep(2)
    print("saved", flush=True)
    sys.exit(3)

signal.signal(signal.SIGTERM, save_checkpoint)
with training_job("train", job_id="1", heartbeat_seconds=0.1):
    time.sleep(60)
"""

FINISHING_ITS_EPOCH = """
import signal, time
from mlinfra.job import training_job

asked_to_stop = []
signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.append(True))
with training_job("train", job_id="1"):
    while not asked_to_stop:
        time.sleep(0.01)
print("orderly", flush=True)
"""

WITH_A_WORKER = """
import multiprocessing, time
from mlinfra.job import training_job

if __name__ == "__main__":
    with training_job("train", job_id="1"):
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        worker.start()
        time.sleep(0.2)
        worker.terminate()
        worker.join()
        print(worker.exitcode, flush=True)
        time.sleep(60)
"""


def running(cluster: Cluster, job_id: str = "1") -> bool:
    return cluster.record(job_id).get("status") == "running"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_a_job_is_reported_and_ends_it(cluster: Cluster, run: Run, signum: signal.Signals) -> None:
    process = run("-c", WAITING)
    until(lambda: running(cluster))
    process.send_signal(signum)
    assert process.wait(30) == -signum
    assert cluster.record("1")["status"] == "failed"
    assert cluster.record("1")["reason"] == signum.name
    assert cluster.ends() == [("train", "failed", signum.name)]


def test_an_ignored_signal_stays_ignored(cluster: Cluster, run: Run) -> None:
    process = run("-c", "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)" + WAITING)
    until(lambda: running(cluster))
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM


def test_all_jobs_of_a_process_say_so(cluster: Cluster, run: Run) -> None:
    process = run("-c", NESTED)
    until(lambda: running(cluster, "1") and running(cluster, "2"))
    process.terminate()
    assert process.wait(30) == -signal.SIGTERM
    assert sorted(cluster.ends()) == [("inner", "failed", "SIGTERM"), ("outer", "failed", "SIGTERM")]


def test_the_job_runs_on_while_a_handler_of_its_own_saves_a_checkpoint(cluster: Cluster, run: Run) -> None:
    process = run("-c", CHECKPOINTING)
    until(lambda: running(cluster))
    process.terminate()
    time.sleep(0.2)
    assert running(cluster)
    assert cluster.ends() == []
    assert process.wait(30) == 3
    assert process.stdout
    assert process.stdout.read() == "saved\n"
    assert cluster.ends() == [("train", "failed", "SIGTERM")]


def test_a_job_that_leaves_its_block_because_of_the_signal_has_not_completed(cluster: Cluster, run: Run) -> None:
    process = run("-c", FINISHING_ITS_EPOCH)
    until(lambda: running(cluster))
    process.terminate()
    assert process.wait(30) == 0
    assert cluster.ends() == [("train", "failed", "SIGTERM")]


def test_a_forked_worker_that_is_terminated_ends_no_job(cluster: Cluster, run: Run) -> None:
    process = run("-c", WITH_A_WORKER)
    assert process.stdout
    assert process.stdout.readline() == f"{-signal.SIGTERM}\n"
    until(lambda: running(cluster))
    assert cluster.ends() == []
    process.terminate()
    assert process.wait(30) == -signal.SIGTERM
    assert cluster.ends() == [("train", "failed", "SIGTERM")]


def test_a_job_that_is_killed_falls_silent(cluster: Cluster, run: Run) -> None:
    process = run("-c", WAITING)
    until(lambda: running(cluster))
    process.kill()
    assert process.wait(30) == -signal.SIGKILL
    cluster.put_running("1", heartbeat_at=1)
    time.sleep(0.3)
    assert running(cluster)
    assert cluster.record("1")["heartbeat_at"] == 1
    assert cluster.ends() == []


def test_handlers_are_put_back(cluster: Cluster) -> None:  # noqa: ARG001
    before = [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGHUP)]
    with training_job("train"):
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGHUP)] == before


def test_a_handler_that_training_sets_within_the_block_stays(cluster: Cluster) -> None:  # noqa: ARG001
    def own(*_: object) -> None:
        """Training code's own."""

    before = signal.getsignal(signal.SIGTERM)
    try:
        with training_job("train"):
            signal.signal(signal.SIGTERM, own)
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_job_outside_the_main_thread_is_reported_without_signals(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    def train() -> None:
        with training_job("train"):
            pass

    with caplog.at_level("INFO", "mlinfra.job"):
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
    assert cluster.ends() == [("train", "completed", "")]
    assert caplog.messages == [
        "A signal that ends this job will not be reported: Python handles signals only in the main thread"
    ]


def test_the_first_process_of_a_container_ends_too(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel keeps the default action from it; here raising the signal does nothing in its stead."""
    exits: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", lambda _: None)
    monkeypatch.setattr(os, "_exit", exits.append)
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with training_job("train", job_id="1"):
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: exits)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert exits == [128 + signal.SIGTERM]
    assert cluster.ends() == [("train", "failed", "SIGTERM")]
