"""The block that training code runs in, and the record and events that come of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest

from mlinfra.functions.contract import JobKey
from mlinfra.job import training_job
from mlinfra.job.aws_clock import AwsClock
from mlinfra.job.outcome import COMPLETED, Outcome
from mlinfra.job.record import JobRecord
from tests.unit.job.conftest import CLUSTER, until

if TYPE_CHECKING:
    from tests.unit.job.conftest import Cluster

NINETY_DAYS = 90 * 24 * 60 * 60


def test_a_job_that_runs_has_a_record_and_says_that_it_started(cluster: Cluster) -> None:
    with training_job("two-tower-v2") as job:
        record = until(lambda: cluster.record(job.job_id))
        (started,) = until(cluster.events)
    assert job.job_id.startswith("two-tower-v2-")
    assert record["status"] == "running"
    assert record["job_name"] == "two-tower-v2"
    assert float(record["heartbeat_at"]) - time.time() == pytest.approx(0, abs=5)
    assert record["started_at"] == record["heartbeat_at"]
    assert record["expire_at"] == record["heartbeat_at"] + NINETY_DAYS
    assert "ended_at" not in record
    assert started["source"] == "mlinfra.job"
    assert started["detail-type"] == "Training Job Started"
    assert started["detail"] == {
        "cluster": CLUSTER,
        "job_id": job.job_id,
        "job_name": "two-tower-v2",
        "status": "running",
        "reason": "",
    }


def test_heartbeats_go_on_while_the_block_runs_and_end_with_it(cluster: Cluster) -> None:
    with training_job("train", job_id="1", heartbeat_seconds=0.05):
        until(lambda: cluster.record("1"))
        for _ in range(2):
            cluster.put_running("1", heartbeat_at=1)
            until(lambda: cluster.record("1")["heartbeat_at"] > 1)
    cluster.put_running("1", heartbeat_at=1)
    time.sleep(0.2)
    assert cluster.record("1")["heartbeat_at"] == 1


def test_every_record_carries_the_time_of_its_own_moment(cluster: Cluster) -> None:
    clock = AwsClock()
    record = JobRecord(cluster.table, clock, JobKey(CLUSTER, "1"), name="train", instance_id=None)
    noon = 1795521600
    clock.read({"Date": "Tue, 24 Nov 2026 12:00:00 GMT"})
    record.beat()
    clock.read({"Date": "Tue, 24 Nov 2026 12:01:00 GMT"})
    record.beat()
    assert cluster.record("1")["heartbeat_at"] == noon + 60
    clock.read({"Date": "Tue, 24 Nov 2026 12:02:00 GMT"})
    record.end(COMPLETED)
    ended = cluster.record("1")
    assert (ended["started_at"], ended["heartbeat_at"], ended["ended_at"]) == (noon, noon + 120, noon + 120)
    assert ended["expire_at"] == noon + 120 + NINETY_DAYS


def test_a_block_that_is_left_has_completed(cluster: Cluster) -> None:
    with training_job("train", job_id="1"):
        pass
    record = cluster.record("1")
    assert record["status"] == "completed"
    assert record["ended_at"] == record["heartbeat_at"]
    assert "reason" not in record
    assert cluster.ends() == [("train", "completed", "")]


def test_an_exception_passes_through_and_is_the_reason(cluster: Cluster) -> None:
    error = ValueError("loss is nan")
    with pytest.raises(ValueError, match="loss is nan") as caught, training_job("train", job_id="1"):
        raise error
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert cluster.record("1")["status"] == "failed"
    assert cluster.record("1")["reason"] == "ValueError: loss is nan"
    assert cluster.ends() == [("train", "failed", "ValueError: loss is nan")]


def test_an_exception_that_python_treats_in_a_special_way_passes_through_too(cluster: Cluster) -> None:
    error = StopIteration("drained")
    with pytest.raises(StopIteration) as caught, training_job("train", job_id="1"):
        raise error
    assert caught.value is error
    assert cluster.record("1")["status"] == "failed"


def test_an_exit_passes_through_and_is_judged_by_its_code(cluster: Cluster) -> None:
    with pytest.raises(SystemExit), training_job("train", job_id="1"):
        raise SystemExit(0)
    assert cluster.ends() == [("train", "completed", "")]


class Unprintable(Exception):  # noqa: N818  how it is named is not the point
    def __str__(self) -> str:
        message = "no text"
        raise RuntimeError(message)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SystemExit(), COMPLETED),
        (SystemExit(0), COMPLETED),
        (SystemExit(1), Outcome("failed", "exit status 1")),
        (SystemExit("no data"), Outcome("failed", "no data")),
        (KeyboardInterrupt(), Outcome("failed", "KeyboardInterrupt")),
        (ValueError("x" * 1000), Outcome("failed", "ValueError: " + "x" * 488)),
        (Unprintable(), Outcome("failed", f"{__name__}.Unprintable: <exception str() failed>")),
    ],
)
def test_an_exception_that_leaves_the_block_decides_how_the_job_ended(error: BaseException, outcome: Outcome) -> None:
    assert Outcome.of(error) == outcome


def test_a_job_that_runs_again_under_its_id_is_no_longer_ended(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="bad"), training_job("train", job_id="1"):
        raise ValueError("bad")  # noqa: EM101
    with training_job("train", job_id="1"):
        record = until(lambda: cluster.record("1")["status"] == "running" and cluster.record("1"))
    assert {"ended_at", "reason"}.isdisjoint(record)


def test_jobs_within_jobs_have_records_of_their_own(cluster: Cluster) -> None:
    with training_job("outer", job_id="1"):
        with training_job("inner", job_id="2"):
            until(lambda: cluster.record("1") and cluster.record("2"))
        assert cluster.record("2")["status"] == "completed"
        assert cluster.record("1")["status"] == "running"
    assert [name for name, _, _ in cluster.ends()] == ["inner", "outer"]


def test_every_call_of_a_decorated_function_is_a_job(cluster: Cluster) -> None:
    @training_job("train")
    def train(steps: int) -> int:
        return steps

    assert [train(3), train(5)] == [3, 5]
    assert [record["status"] for record in cluster.records()] == ["completed", "completed"]


def test_outside_a_cluster_nothing_happens_but_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("MLINFRA_TABLE", raising=False)
    with caplog.at_level(logging.INFO), training_job("train", job_id="1") as job:
        assert job.job_id == "1"
    said = "Job train is not reported: MLINFRA_TABLE is not set, so this is not a node of a cluster"
    assert caplog.messages == [said]
