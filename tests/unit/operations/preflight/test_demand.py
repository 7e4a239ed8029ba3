"""The capacity that an environment declares."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from mlinfra import CapacityBlock, CapacityReservation, Environment, Queue, Spot
from mlinfra.errors import OperationError
from mlinfra.operations.preflight import demands
from tests.conftest import an_environment as declared_environment, an_experiment

RESERVATION = "cr-0123456789abcdef0"
START, END = datetime(2026, 12, 1, 11, 30, tzinfo=timezone.utc), datetime(2026, 12, 8, 11, 30, tzinfo=timezone.utc)


def an_environment(**changes: Any) -> Environment:
    """An environment whose spend limit is above the cost of every experiment."""
    return declared_environment(monthly_spend_limit_usd=9_000_000, **changes)


def test_an_on_demand_experiment_demands_its_nodes() -> None:
    environment = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge", nodes=2)])
    (demand,) = demands(environment)
    assert (demand.name, demand.owner, demand.instance_types, demand.nodes, demand.purchase) == (
        "two-tower-v2",
        "ana@example.com",
        ("p5.48xlarge",),
        2,
        "on_demand",
    )
    assert demand.in_one_zone


def test_a_spot_experiment_accepts_several_types_and_has_an_on_demand_base() -> None:
    spot = Spot(on_demand_nodes=1, instance_types=("g6.xlarge",), max_usd_per_hour=0.9)
    environment = an_environment(experiments=[an_experiment(instance_type="g5.xlarge", nodes=3, purchase=spot)])
    (demand,) = demands(environment)
    assert (demand.purchase, demand.on_demand_nodes, demand.max_usd_per_hour) == ("spot", 1, 0.9)
    assert demand.instance_types == ("g5.xlarge", "g6.xlarge")


def test_a_reservation_and_a_block_have_an_id() -> None:
    block = CapacityBlock(reservation_id=RESERVATION, starts=START, ends=END)
    environment = an_environment(
        experiments=[
            an_experiment(instance_type="p5.48xlarge", purchase=block),
            an_experiment(
                name="ranker", instance_type="p5.48xlarge", purchase=CapacityReservation(reservation_id=RESERVATION)
            ),
        ]
    )
    first, second = demands(environment)
    assert (first.purchase, first.reservation_id, first.starts, first.ends) == ("block", RESERVATION, START, END)
    assert (second.purchase, second.reservation_id, second.starts) == ("reservation", RESERVATION, None)


def test_a_queue_demands_spot_and_on_demand_nodes() -> None:
    queue = Queue(name="nightly", owner="ana@example.com", max_nodes=4, teams={"vision": 1}, gpu="A10G")
    found = demands(an_environment(queues=[queue]))
    assert [(each.kind, each.name, each.purchase, each.nodes) for each in found] == [
        ("queue", "nightly", "spot", 4),
        ("queue", "nightly", "on_demand", 4),
    ]


def test_an_expired_experiment_demands_nothing() -> None:
    environment = an_environment(experiments=[an_experiment(expires=date(2026, 11, 1))], today=date(2026, 11, 29))
    assert demands(environment) == ()
    with pytest.raises(OperationError) as caught:
        demands(environment, "two-tower-v2")
    assert caught.value.message == (
        "The experiment 'two-tower-v2' of 'dev' has expired, and its cluster has no nodes. To run it again, set a "
        "later `expires`."
    )


def test_an_experiment_that_is_not_declared_is_refused() -> None:
    with pytest.raises(OperationError) as caught:
        demands(an_environment(experiments=[an_experiment()]), "ranker")
    assert caught.value.message == "'dev' declares no experiment or queue 'ranker'. Declared: two-tower-v2."
