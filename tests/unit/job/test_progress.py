"""Progress of a job."""

from __future__ import annotations

import io
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import JobKey
from mlinfra.job import training_job
from mlinfra.job.aws_clock import AwsClock
from mlinfra.job.outcome import COMPLETED
from mlinfra.job.progress import Progress, Tracked
from mlinfra.job.record import JobRecord
from tests.unit.job.conftest import CLUSTER, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.unit.job.conftest import Cluster

PROGRESS = {"progress_at", "progress_step", "progress_timeout"}


def test_progress_is_in_the_record_with_the_next_heartbeat(cluster: Cluster) -> None:
    with training_job("train", job_id="1", heartbeat_seconds=0.05, progress_minutes=90) as job:
        until(lambda: cluster.record("1"))
        assert PROGRESS.isdisjoint(cluster.record("1"))
        job.progress(step=1200)
        record = until(lambda: "progress_at" in cluster.record("1") and cluster.record("1"))
    assert float(record["progress_at"]) - time.time() == pytest.approx(0, abs=5)
    assert (record["progress_step"], record["progress_timeout"]) == ("1200", 5400)


def test_progress_is_written_once_for_each_heartbeat(cluster: Cluster) -> None:
    with training_job("train", job_id="1", heartbeat_seconds=3600) as job:
        until(lambda: cluster.record("1"))
        begun = time.perf_counter()
        for step in range(100_000):
            job.progress(step)
        assert time.perf_counter() - begun < 60
        assert "progress_at" not in cluster.record("1")
    assert cluster.record("1")["progress_step"] == "99999"


def test_the_time_of_progress_is_that_of_the_report_by_the_clock_of_aws(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, progress = AwsClock(), Progress(3600)
    record = JobRecord(cluster.table, clock, JobKey(CLUSTER, "1"), name="train", instance_id=None, progress=progress)
    noon = 1795521600
    clock.read({"Date": "Tue, 24 Nov 2026 12:00:00 GMT"})
    progress.report("epoch 3")
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 40)
    record.beat()
    assert int(cluster.record("1")["progress_at"]) == pytest.approx(noon, abs=2)
    record.end(COMPLETED)
    assert cluster.record("1")["progress_step"] == "epoch 3"


def test_the_progress_of_an_earlier_run_does_not_make_a_job_hung(cluster: Cluster) -> None:
    cluster.put_running("1", progress_at=1, progress_step="7", progress_timeout=60)
    with training_job("train", job_id="1"):
        until(lambda: cluster.record("1").get("started_at"))
        assert PROGRESS.isdisjoint(cluster.record("1"))


def test_outside_a_cluster_progress_has_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLINFRA_TABLE", raising=False)
    with training_job("train") as job:
        job.progress()
        assert list(job.track(range(3))) == [0, 1, 2]


@pytest.mark.parametrize(("variable", "seconds"), [("90", 5400), (None, 3600), ("", 3600), ("0", 3600), ("x", 3600)])
def test_the_default_time_without_progress_is_that_of_the_environment(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, variable: str | None, seconds: int
) -> None:
    if variable is not None:
        monkeypatch.setenv("MLINFRA_STALLED_MINUTES", variable)
    with training_job("train", job_id="1") as job:
        job.progress()
    assert cluster.record("1")["progress_timeout"] == seconds


@pytest.mark.parametrize("minutes", [0, -1, float("inf"), float("nan")])
def test_an_invalid_time_without_progress_is_refused(minutes: float) -> None:
    with pytest.raises(ValueError, match=r"progress_minutes=.* is invalid. Expected: a number of minutes above 0"):  # noqa: SIM117
        with training_job("train", progress_minutes=minutes):
            pass


def test_a_tracked_loader_reports_each_item_after_it_was_processed() -> None:
    progress, steps = Progress(60), []
    tracked = Tracked(progress, ["a", "b", "c"], 10)
    assert len(tracked) == 3
    steps.extend(progress.last[1] if progress.last else None for _ in tracked)
    assert steps == [None, "11", "12"]
    assert progress.last is not None
    assert progress.last[1] == "13"


def test_several_epochs_continue_the_steps() -> None:
    progress = Progress(60)
    tracked = Tracked(progress, [0, 1], 0)
    for _ in range(3):
        list(tracked)
    assert progress.last is not None
    assert progress.last[1] == "6"


def test_a_stream_without_a_length_can_be_tracked() -> None:
    tracked: Tracked[int] = Tracked(Progress(60), iter([1, 2]), 0)
    with pytest.raises(TypeError, match="has no len"):
        len(tracked)
    assert list(tracked) == [1, 2]


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Progress:
    progress = Progress(60)
    progress.report(41)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 61)
    return progress


def test_the_stacks_of_a_hung_job_are_written_once(
    hung: Progress, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert [hung.dump_hang(), hung.dump_hang()] == [True, False]
    assert caplog.record_tuples == [
        ("mlinfra.job", logging.ERROR, "No progress for 1 minutes after step 41. The stacks follow:")
    ]
    assert "in test_the_stacks_of_a_hung_job_are_written_once" in capfd.readouterr().err


def test_the_next_hang_is_written_too(hung: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hung.dump_hang()
    hung.report(42)
    assert not hung.dump_hang()
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 61)
    assert hung.dump_hang()


def test_stacks_are_written_where_standard_error_was_replaced(
    hung: Progress, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert hung.dump_hang()
    assert "most recent call first" in capfd.readouterr().err


def test_a_job_without_progress_is_never_hung() -> None:
    assert not Progress(0.001).dump_hang()


HANGS = """
import threading, time
from mlinfra.job import training_job
with training_job("train", job_id="1", heartbeat_seconds=0.1, progress_minutes=0.005) as job:
    job.progress(step=1)
    def waits_for_ever():
        time.sleep(3)
    waits_for_ever()
"""


def test_a_hung_job_writes_its_stacks_while_it_hangs(
    cluster: Cluster, run: Callable[..., subprocess.Popen[str]]
) -> None:
    process = run("-c", HANGS)
    errors: Any = process.communicate(timeout=60)[1]
    assert "waits_for_ever" in errors
    assert cluster.record("1")["progress_step"] == "1"
