"""Responses of the main thread."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mlinfra.job import main_thread, training_job
from mlinfra.job.main_thread import MainThread
from mlinfra.job.training import reported_job
from tests.unit.job.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.job.conftest import Cluster


def beating(thread: MainThread, work: Callable[[], object], beats: int = 6) -> list[float | None]:
    """The answers to a thread that asks every 50 ms, like that of the heartbeats, while the main thread works."""
    found: list[float | None] = []
    ended = threading.Event()

    def ask() -> None:
        for _ in range(beats):
            found.append(thread.ask())
            time.sleep(0.05)
        ended.set()

    threading.Thread(target=ask).start()
    work()
    ended.wait()
    return found


def test_a_main_thread_that_executes_python_code_responds() -> None:
    def compute() -> None:
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            pass

    assert all(each is not None and each < 0.2 for each in beating(MainThread(), compute))


def test_a_main_thread_that_waits_in_a_library_does_not() -> None:
    # Like a wait for a GPU: one call into C, which releases the lock of the interpreter and returns after 3 seconds.
    wait = ctypes.CDLL(None).usleep
    *_, last_but_one, last = beating(MainThread(), lambda: wait(3_000_000), beats=30)
    assert 0 < (last_but_one or 0) < (last or 0)


def test_it_responds_after_a_wait() -> None:
    thread = MainThread()
    beating(thread, lambda: ctypes.CDLL(None).usleep(400_000))
    assert beating(thread, lambda: time.sleep(0), beats=1) == [0.0]


def test_training_code_in_another_thread_is_not_watched() -> None:
    made: list[MainThread] = []
    other = threading.Thread(target=lambda: made.append(MainThread()))
    other.start()
    other.join()
    assert [made[0].ask(), made[0].ask()] == [None, None]


def test_another_python_than_cpython_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_thread.ctypes, "pythonapi", object())
    assert [MainThread().ask(), MainThread().ask()] == [None, None]


def test_the_response_to_a_job_that_has_ended_does_no_harm() -> None:
    thread = MainThread()
    beating(thread, lambda: ctypes.CDLL(None).usleep(100_000), beats=1)
    del thread
    assert sum(range(1000)) == 499_500


def test_the_record_of_a_job_has_the_last_response(cluster: Cluster) -> None:
    with training_job("train", job_id="1", heartbeat_seconds=0.05):
        responded = until(lambda: cluster.record("1").get("responded_at"))
        assert float(responded) - time.time() == pytest.approx(0, abs=5)
        reader, writer = os.pipe()

        def silent() -> bool:
            record = cluster.record("1")
            return bool(record["heartbeat_at"] - record["responded_at"] >= 2)

        def observe() -> bool:
            try:
                return bool(until(silent))
            finally:
                os.write(writer, b"1")

        with ThreadPoolExecutor() as threads:
            observed = threads.submit(observe)
            # A wait for a library, in one call into C: any Python code here would be a response.
            ctypes.CDLL(None).read(reader, ctypes.create_string_buffer(1), 1)
    os.close(reader)
    os.close(writer)
    assert observed.result()


def test_without_a_watched_thread_the_response_of_an_earlier_run_is_removed(cluster: Cluster) -> None:
    cluster.put_running("1", responded_at=1)
    with reported_job("train", "1", None):
        until(lambda: cluster.record("1").get("started_at"))
        assert "responded_at" not in cluster.record("1")
