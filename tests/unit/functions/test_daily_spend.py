"""The cost of clusters by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import SPEND_KEPT_DAYS
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.daily_spend import shares
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.records import Records
from tests.unit.functions.cloud import NAME, OWNER, PRICE, TABLE, UNPRICED

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

MIDNIGHT = datetime(2026, 11, 30, tzinfo=timezone.utc)


def rows(cloud: Cloud) -> list[dict[str, Any]]:
    items = cloud.dynamodb.scan(TableName=TABLE)["Items"]
    return sorted((each for each in items if each["cluster"]["S"].startswith("spend#")), key=str)


def count(cloud: Cloud) -> None:
    target = Fleet(Clients()).group(NAME)
    assert target is not None
    assert count_cost(Records(Clients(), TABLE), target, cloud.now) is not None


def test_a_period_is_divided_at_midnight_in_utc() -> None:
    parts = dict(shares(10.0, MIDNIGHT - timedelta(hours=1), MIDNIGHT + timedelta(hours=4)))
    assert parts == {date(2026, 11, 29): pytest.approx(2), date(2026, 11, 30): pytest.approx(8)}


def test_an_empty_period_belongs_to_its_day() -> None:
    assert list(shares(3.0, MIDNIGHT, MIDNIGHT)) == [(date(2026, 11, 30), 3.0)]


@pytest.mark.parametrize("hours", [1, 24, 49, 700])
def test_the_parts_of_a_period_add_up_to_the_whole(hours: int) -> None:
    parts = [part for _, part in shares(7.77, MIDNIGHT - timedelta(hours=hours, minutes=13), MIDNIGHT)]
    assert sum(parts) == pytest.approx(7.77)
    assert min(parts) > 0


def test_each_cluster_has_a_row_a_day_that_adds_up_to_its_cost(cloud: Cloud) -> None:
    cloud.group(Team="ml-platform", Project="recsys")
    count(cloud)
    cloud.now += timedelta(hours=2)
    count(cloud)
    cloud.now += timedelta(hours=30)
    count(cloud)
    found = rows(cloud)
    assert len(found) in {2, 3}
    usd = [float(each["usd"]["N"]) for each in found]
    assert sum(usd) == pytest.approx(float(cloud.remembered()["cost_usd"]["N"]), abs=1e-4)
    assert sum(usd) == pytest.approx(2 * PRICE * 32, rel=0.02)
    first = found[0]
    assert first["name"] == {"S": NAME}
    tags = {name: value["S"] for name, value in first["tags"]["M"].items()}
    assert tags["Owner"] == OWNER
    assert (tags["Team"], tags["Project"], tags["Experiment"]) == ("ml-platform", "recsys", "two-tower")
    day = datetime.fromisoformat(first["record"]["S"].partition("#")[0]).replace(tzinfo=timezone.utc)
    assert int(first["expire_at"]["N"]) == int((day + timedelta(days=SPEND_KEPT_DAYS)).timestamp())


def test_types_without_a_price_are_named(cloud: Cloud) -> None:
    cloud.group(instance_type=UNPRICED)
    count(cloud)
    (row,) = rows(cloud)
    assert row["unpriced"] == {"SS": [UNPRICED]}
    assert float(row["usd"]["N"]) == 0


def test_a_stopped_cluster_has_no_row(cloud: Cloud) -> None:
    cloud.group(nodes=0)
    count(cloud)
    assert rows(cloud) == []


def test_a_failed_record_is_logged_and_the_cost_still_counts(
    cloud: Cloud, faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.group()
    faults.refuse("dynamodb.UpdateItem", "ThrottlingException", where=lambda body: "spend#" in body)
    count(cloud)
    assert '"message": "Spend Of The Day Not Recorded"' in capsys.readouterr().out
    assert float(cloud.remembered()["cost_usd"]["N"]) > 0
    assert rows(cloud) == []
