"""Cost of the volumes and file systems of a cluster."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.functions.contract import Table
from mlinfra.functions.cost import Cost
from mlinfra.functions.fleet import AttachedVolume, Node, Target
from mlinfra.functions.storage import Storage, time_of, with_storage

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
CLUSTER = "recsys-dev-two-tower"


def storage(*items: Storage, state: dict[str, Any] | None = None, **more: Any) -> float:
    target = Target(CLUSTER, "group", **more)
    found = with_storage(Cost(usd_known=5, usd_storage=1), target, state or {}, items, NOW)
    assert found.usd_known == 4 + found.usd_storage
    return found.usd_storage - 1


def item(id: str = "vol-1", *, name: str = CLUSTER, hours: float | None = 10) -> Storage:  # noqa: A002
    return Storage(id, name, 0.5, None if hours is None else NOW - hours * HOUR)


def test_storage_of_the_clusters_name_counts_from_its_creation() -> None:
    assert storage(item(), item("fs-1", hours=2)) == pytest.approx(0.5 * 12)


def test_only_the_time_since_the_last_count_is_added() -> None:
    assert storage(item(), state={Table.STORAGE_AT: (NOW - HOUR).timestamp()}) == pytest.approx(0.5)


def test_an_attached_volume_of_another_name_counts_and_others_do_not() -> None:
    nodes = (Node("i-1", "g5.xlarge", volumes=(AttachedVolume("vol-1", "/dev/sda1", deleted_with_node=True),)),)
    assert storage(item(name=""), item("vol-2", name="other"), nodes=nodes) == pytest.approx(0.5 * 10)


def test_storage_of_an_earlier_group_of_the_same_name_counts_from_the_creation_of_the_group() -> None:
    assert storage(item(), created_at=NOW - HOUR) == pytest.approx(0.5)


def test_storage_with_an_unknown_creation_counts_from_the_first_count_on() -> None:
    assert storage(item(hours=None)) == 0


def test_a_time_is_read_and_anything_else_is_unknown() -> None:
    assert time_of(NOW) == NOW
    assert time_of("2026-12-18") is time_of(None) is None
