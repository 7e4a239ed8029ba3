"""Cost and usage by day, month and group."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code


def spent(ce: Any, start: str, end: str, **request: Any) -> Any:
    period = {"Start": start, "End": end}
    return ce.get_cost_and_usage(TimePeriod=period, **{"Granularity": "DAILY", "Metrics": ["UnblendedCost"], **request})


def test_the_cost_of_each_day_is_zero(ce: Any) -> None:
    results = spent(ce, "2026-11-01", "2026-11-04")["ResultsByTime"]
    assert [each["TimePeriod"]["Start"] for each in results] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert results[0]["Total"] == {"UnblendedCost": {"Amount": "0", "Unit": "USD"}}


def test_monthly_results_are_limited_to_the_period(ce: Any) -> None:
    results = spent(ce, "2026-12-10", "2027-01-05", Granularity="MONTHLY")["ResultsByTime"]
    periods = [(each["TimePeriod"]["Start"], each["TimePeriod"]["End"]) for each in results]
    assert periods == [("2026-12-10", "2027-01-01"), ("2027-01-01", "2027-01-05")]


def test_a_grouped_answer_has_group_definitions_and_no_total(ce: Any) -> None:
    by_team = [{"Type": "TAG", "Key": "Team"}]
    answer = spent(ce, "2026-11-01", "2026-11-02", GroupBy=by_team)
    assert answer["GroupDefinitions"] == by_team
    assert (answer["ResultsByTime"][0]["Total"], answer["ResultsByTime"][0]["Groups"]) == ({}, [])


def test_an_empty_period_is_refused(ce: Any) -> None:
    assert error_code(spent, ce=ce, start="2026-11-02", end="2026-11-02") == "ValidationException"
