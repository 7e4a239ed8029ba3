"""The recorded cost of the clusters of a month."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.clients import Clients
from mlinfra.functions.records import Records
from mlinfra.operations.clusters import RecordedCost, RecordKey, recorded_cost
from tests.conftest import an_environment
from tests.local_aws import make_records_table
from tests.unit.operations.clusters.account import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.declarations import Environment

ANA = {"Owner": "ana@example.com", "Team": "search", "Experiment": "two-tower-v2", "CostCenter": "ml-1"}
LI = {"Owner": "li@example.com", "Team": "search", "Experiment": "ranker", "CostCenter": "ml-2"}
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def staging(client: Callable[..., Any], records: None) -> Environment:
    """Another environment in the same account; both have recorded cost."""
    del records
    made = an_environment(name="staging", account_id=ENVIRONMENT.account_id, emulated=True)
    make_records_table(client, made.names.records_table)
    table = Records(Clients(), ENVIRONMENT.names.records_table)
    table.add_spend("recsys-dev-two-tower-v2", date(2026, 10, 31), 1_000, tags=ANA)
    table.add_spend("recsys-dev-two-tower-v2", date(2026, 11, 1), 40, tags=ANA)
    table.add_spend("recsys-dev-two-tower-v2", date(2026, 11, 30), 60, tags=LI)
    table.add_spend("recsys-dev-ranker", date(2026, 11, 2), 30, tags=LI, unpriced=["mac2.metal"])
    other = Records(Clients(), made.names.records_table)
    other.add_spend("recsys-staging-adopted", date(2026, 11, 2), 7, tags={})
    return made


def sums(found: RecordedCost) -> list[tuple[str, float]]:
    return [(each.name, each.usd) for each in found.rows]


def test_the_days_of_the_month_are_summed_by_the_tags_of_each_day(staging: Environment) -> None:
    found = recorded_cost([ENVIRONMENT, staging], NOVEMBER, RecordKey.OWNER)
    assert sums(found) == [("li@example.com", 90), ("ana@example.com", 40), ("", 7)]
    assert found.usd == 137
    assert found.unpriced == ("mac2.metal",)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (RecordKey.TEAM, [("search", 130), ("", 7)]),
        (RecordKey.EXPERIMENT, [("ranker", 90), ("two-tower-v2", 40), ("", 7)]),
        (RecordKey.COST_CENTER, [("ml-2", 90), ("ml-1", 40), ("", 7)]),
        (RecordKey.ENVIRONMENT, [("dev", 130), ("staging", 7)]),
    ],
)
def test_each_key_has_its_own_sums(staging: Environment, key: RecordKey, expected: list[tuple[str, float]]) -> None:
    assert sums(recorded_cost([ENVIRONMENT, staging], NOVEMBER, key)) == expected


def test_the_most_expensive_cluster_is_first_with_its_last_owner(staging: Environment) -> None:
    first, *others = recorded_cost([ENVIRONMENT, staging], NOVEMBER, RecordKey.OWNER).clusters
    assert (first.cluster, first.environment, first.owner, first.days, first.usd) == (
        "recsys-dev-two-tower-v2",
        "dev",
        "li@example.com",
        2,
        100,
    )
    assert [(each.cluster, each.usd) for each in others] == [("recsys-dev-ranker", 30), ("recsys-staging-adopted", 7)]


def test_without_records_it_is_empty(records: None) -> None:
    del records
    found = recorded_cost([ENVIRONMENT], NOVEMBER, RecordKey.OWNER)
    assert (found.rows, found.clusters, found.usd) == ((), (), 0)
