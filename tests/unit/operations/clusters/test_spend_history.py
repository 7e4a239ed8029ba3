"""The recorded cost of clusters by day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from mlinfra.functions.clients import Clients
from mlinfra.functions.records import Records
from mlinfra.operations.clusters import daily_spend
from tests.unit.operations.clusters.account import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable

TAGS = {"Owner": "ana@example.com", "Team": "search", "Experiment": "two-tower-v2", "Project": "recsys"}


def test_rows_of_several_months_are_ordered_and_limited_to_the_period(records: None) -> None:
    del records
    table = Records(Clients(), ENVIRONMENT.names.records_table)
    for day in ("2026-10-31", "2026-11-01", "2026-11-30", "2026-12-31", "2027-01-01", "2027-01-02"):
        table.add_spend("recsys-dev-gone", date.fromisoformat(day), 1.5, tags=TAGS)
    table.add_spend("recsys-dev-gone", date(2026, 11, 30), 2, tags={**TAGS, "Owner": "li@example.com"})
    table.add_spend("recsys-dev-a", date(2026, 11, 30), 0, tags={}, unpriced=["mac2.metal"])
    found = daily_spend(ENVIRONMENT, date(2026, 11, 1), date(2027, 1, 1))
    assert [(str(each.day), each.cluster, each.usd) for each in found] == [
        ("2026-11-01", "recsys-dev-gone", 1.5),
        ("2026-11-30", "recsys-dev-a", 0),
        ("2026-11-30", "recsys-dev-gone", 3.5),
        ("2026-12-31", "recsys-dev-gone", 1.5),
        ("2027-01-01", "recsys-dev-gone", 1.5),
    ]
    unknown, last = found[1], found[2]
    assert (unknown.unpriced, unknown.owner) == (("mac2.metal",), "")
    assert (last.owner, last.team, last.experiment, last.project) == (
        "li@example.com",
        "search",
        "two-tower-v2",
        "recsys",
    )


def test_pages_of_dynamodb_are_read_to_the_end(records: None) -> None:
    del records
    table = Records(Clients(), ENVIRONMENT.names.records_table)
    # DynamoDB returns at most 1 MB in a page.
    tags = {"Owner": "o" * 256, "Team": "t" * 200_000}
    for number in range(12):
        table.add_spend(f"recsys-dev-{number:02}", date(2026, 11, 30), 1, tags=tags)
    assert len(daily_spend(ENVIRONMENT, date(2026, 11, 30), date(2026, 11, 30))) == 12


def test_without_a_table_there_is_no_history(client: Callable[..., Any]) -> None:
    del client
    assert daily_spend(ENVIRONMENT, date(2026, 11, 1), date(2026, 11, 30)) == ()
