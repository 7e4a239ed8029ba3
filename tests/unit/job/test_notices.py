"""The notice that EC2 will terminate the node of a job."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.job import TerminationNotice, notices, termination_notice
from tests.unit.job.conftest import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.job.conftest import Cluster

ENDS_AT = datetime(2026, 12, 8, 11, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _first_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MLINFRA_INSTANCE_ID", "i-1")
    notices.checks.cache_clear()
    yield
    notices.checks.cache_clear()


def record(cluster: Cluster, instance_id: str = "i-1") -> None:
    item = {"cluster": CLUSTER, "record": f"notice#{instance_id}", "reason": "the Capacity Block ends"}
    cluster.table.put_item(Item={**item, "ends_at": int(ENDS_AT.timestamp())})


@pytest.fixture
def no_spot_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "spot_notice", lambda: None)


@pytest.mark.usefixtures("no_spot_notice")
def test_the_notice_of_this_node_is_read_from_the_table(cluster: Cluster) -> None:
    record(cluster)
    assert termination_notice() == TerminationNotice(ENDS_AT, "the Capacity Block ends")


@pytest.mark.usefixtures("no_spot_notice")
def test_the_notice_of_another_node_is_not_for_this_one(cluster: Cluster) -> None:
    record(cluster, "i-2")
    assert termination_notice() is None


@pytest.mark.usefixtures("cluster")
def test_the_spot_notice_is_read_from_the_metadata_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "spot_notice", lambda: '{"action": "terminate", "time": "2026-12-08T11:00:00Z"}')
    notice = termination_notice()
    assert notice == TerminationNotice(ENDS_AT, "EC2 reclaims its spot capacity")


def test_aws_is_called_at_most_once_in_15_seconds(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(notices, "spot_notice", lambda: calls.append(1))
    now = time.monotonic()
    monkeypatch.setattr(notices.time, "monotonic", lambda: now)
    assert termination_notice() is None
    record(cluster)
    assert termination_notice() is None
    now += 15
    assert termination_notice()
    assert termination_notice()
    assert len(calls) == 2


@pytest.mark.usefixtures("cluster")
def test_a_failure_never_reaches_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise OSError

    monkeypatch.setattr(notices, "spot_notice", fail)
    monkeypatch.setattr(notices, "connect", fail)
    assert termination_notice() is None


@pytest.mark.usefixtures("no_spot_notice")
def test_credentials_are_looked_for_again_at_the_next_check(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    record(cluster)
    checks = notices.NoticeChecks(seconds=0)
    monkeypatch.setattr("mlinfra.job.aws.time.sleep", lambda _: pytest.fail("the training loop waits"))
    with monkeypatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name)
        assert checks.notice() is None
    assert checks.notice() == TerminationNotice(ENDS_AT, "the Capacity Block ends")


def test_there_is_no_notice_outside_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLINFRA_TABLE", raising=False)
    assert termination_notice() is None
