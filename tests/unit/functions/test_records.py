"""The records of clusters: jobs, node reports, hung jobs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Activity, JobStatus
from mlinfra.functions.node_report import NodeReport
from mlinfra.functions.records import Job, Memory, Records
from tests.unit.functions.cloud import NAME, TABLE

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud

NOW = datetime(2026, 12, 18, 10, 30, tzinfo=timezone.utc)


def minutes_ago(minutes: float) -> float:
    return (NOW - timedelta(minutes=minutes)).timestamp()


def job(job_id: str = "train", **changes: Any) -> Job:
    """A job that runs since a day and has just sent a heartbeat."""
    return Job(job_id, **{"heartbeat_at": minutes_ago(0), "started_at": minutes_ago(24 * 60)} | changes)


def hung(*jobs: Job) -> dict[str, float]:
    return Memory(jobs=jobs).hung_since(NOW)


def test_a_job_hangs_from_the_end_of_its_progress_timeout() -> None:
    assert hung(job(progress_at=minutes_ago(59))) == {}
    assert hung(job(progress_at=minutes_ago(61))) == {"train": minutes_ago(1)}
    assert hung(job(progress_at=minutes_ago(61), progress_timeout=7_200)) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"progress_at": None},
        {"progress_at": minutes_ago(-600)},
        {"started_at": minutes_ago(5)},
        {"status": JobStatus.COMPLETED},
        {"heartbeat_at": minutes_ago(16)},
    ],
    ids=["it reports no progress", "its clock is ahead", "it was started again", "it ended", "it died"],
)
def test_a_job_does_not_hang_if(changes: dict[str, Any]) -> None:
    assert hung(job(**{"progress_at": minutes_ago(300)} | changes)) == {}


def test_progress_on_one_node_is_progress_of_the_job() -> None:
    assert hung(job(progress_at=minutes_ago(300)), job("train#1", progress_at=minutes_ago(1))) == {}
    assert hung(job(progress_at=minutes_ago(61)), job("train#1"), job("train#2")) == {"train": minutes_ago(1)}


def test_each_job_hangs_independently() -> None:
    assert hung(job(progress_at=minutes_ago(61)), job("other")) == {"train": minutes_ago(1)}


def test_reports_and_progress_are_read_from_the_table(cloud: Cloud) -> None:
    cloud.job(progress=timedelta(minutes=-90), ended=timedelta(minutes=-2), node="i-1")
    cloud.report(["i-1"], Activity.BUSY)
    memory = Records(Clients(), TABLE).read(NAME)
    (found,) = memory.jobs
    assert (found.instance_id, found.progress_timeout) == ("i-1", 3_600)
    assert found.progress_at == pytest.approx((cloud.now - timedelta(minutes=90)).timestamp())
    assert found.ended_at == pytest.approx((cloud.now - timedelta(minutes=2)).timestamp())
    assert memory.reports["i-1"].activity == Activity.BUSY
    assert memory.reports["i-1"].reported_at == cloud.now


@pytest.mark.parametrize("timeout", [Decimal(0), Decimal(-5)])
def test_an_invalid_progress_timeout_is_the_default(cloud: Cloud, timeout: Decimal) -> None:
    cloud.job()
    cloud.set_attribute("job#job-1", "progress_timeout", timeout)
    (found,) = Records(Clients(), TABLE).read(NAME).jobs
    assert found.progress_timeout == 3_600


def reporting(*nodes: str, minutes: float = 0) -> dict[str, NodeReport]:
    """Reports of hung compute processes, minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    return {name: NodeReport(at, Activity.IDLE, hung_at=at - timedelta(minutes=5)) for name in nodes}


@pytest.mark.parametrize(
    ("nodes", "minutes", "changes", "is_hung"),
    [
        (("i-1", "i-2"), 0, {}, True),
        (("i-1",), 0, {}, False),
        (("i-1", "i-2"), 13, {}, False),
        (("i-1", "i-2"), 0, {"instance_id": None}, False),
        (("i-1", "i-2"), 0, {"progress_at": minutes_ago(5)}, False),
    ],
    ids=["all nodes", "one node works", "old reports", "an unknown node", "a job with progress"],
)
def test_a_job_without_progress_hangs_if_the_guards_of_all_its_nodes_say_so(
    nodes: tuple[str, ...], minutes: float, changes: dict[str, Any], *, is_hung: bool
) -> None:
    jobs = (job(instance_id="i-1"), job("train#1", **{"instance_id": "i-2"} | changes))
    found = Memory(jobs=jobs, reports=reporting(*nodes, minutes=minutes)).hung_since(NOW)
    assert found == ({"train": minutes_ago(5)} if is_hung else {})


def test_records_of_runs_are_not_read_with_those_of_the_cluster(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.job()
    cloud.report(["i-1"], Activity.BUSY)
    for record in ("run#20261130-101500-7f3a", "run#20261130-101500-7f3a#node#1#i-1", "state", "extension"):
        key = {"cluster": NAME, "record": record}
        Clients().dynamodb.Table(TABLE).put_item(Item=key | {"until": "2026-12-18"})
    records = Records(Clients(), TABLE)
    read: list[str] = []
    pages = records._pages  # noqa: SLF001
    monkeypatch.setattr(
        records, "_pages", lambda condition: (read.append(each["record"]) or each for each in pages(condition))
    )
    memory = records.read(NAME)
    assert sorted(read) == ["extension", "job#job-1", "node#i-1", "state"]
    assert (len(memory.jobs), len(memory.reports), memory.extension) == (1, 1, "2026-12-18")
