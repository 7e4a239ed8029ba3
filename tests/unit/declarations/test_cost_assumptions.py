from __future__ import annotations

import pytest

from mlinfra import CostAssumptions, DeclarationError


def test_every_bucket_of_the_lake_has_an_assumption() -> None:
    assumed = CostAssumptions(stored_gib={"raw": 5_000})
    assert (assumed.gib_of("raw"), assumed.gib_of("models"), assumed.gib_of("")) == (5_000, 100, 10)


def test_an_unknown_bucket_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"stored_gib: 'row' is not a bucket of the data lake\. Expected: raw,"):
        CostAssumptions(stored_gib={"row": 1})


def test_a_factor_is_of_a_service_on_the_bill() -> None:
    with pytest.raises(DeclarationError, match=r"price_factors: 'EC2' is not a service of the estimate\. Expected:"):
        CostAssumptions(price_factors={"EC2": 0.9})
    with pytest.raises(DeclarationError, match="price_factors"):
        CostAssumptions(price_factors={"AmazonEC2": 1.1})


def test_an_agreed_price_is_of_an_instance_type() -> None:
    with pytest.raises(DeclarationError, match=r"instance_usd_per_hour: 'A100' is not an instance type\. Expected:"):
        CostAssumptions(instance_usd_per_hour={"A100": 1})


@pytest.mark.parametrize("hours", [0, 24.5, float("inf")])
def test_hours_of_a_day_are_limited(hours: float) -> None:
    with pytest.raises(DeclarationError, match="cluster_hours_per_day"):
        CostAssumptions(cluster_hours_per_day=hours)
