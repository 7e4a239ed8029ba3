"""Expired experiments: reported, and without nodes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from mlinfra.stacks.training import TrainingStack
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra.testing import Synth

LAST_DAY = date(2026, 12, 18)


@pytest.mark.parametrize(
    ("today", "said"),
    [(date(2026, 12, 19), "1 day ago"), (date(2026, 12, 21), "3 days ago"), (date(2028, 12, 18), "731 days ago")],
)
def test_an_expired_experiment_is_reported_with_the_action(today: date, said: str) -> None:
    (expired,) = an_environment(experiments=[an_experiment(expires=LAST_DAY)]).expired_experiments(today)
    assert str(expired) == (
        f"experiment two-tower-v2 expired {said} (2026-12-18); remove it or extend it in environments/dev.py. Its "
        f"cluster has size zero until then. Owner: ana@example.com"
    )


def test_an_experiment_runs_on_its_last_day() -> None:
    environment = an_environment(experiments=[an_experiment(expires=LAST_DAY, nodes=2)], today=LAST_DAY)
    assert environment.expired_experiments() == ()
    assert environment.cluster_size(environment.experiments[0]) == 2


def test_the_cluster_of_an_expired_experiment_has_size_zero_and_keeps_its_address(
    synth: Synth,
) -> None:
    groups = []
    for today in (LAST_DAY, date(2026, 12, 19)):
        environment = an_environment(experiments=[an_experiment(expires=LAST_DAY, nodes=2)], today=today)
        groups.append(synth(TrainingStack, environment=environment))
    before, after = (each.resources("aws_autoscaling_group") for each in groups)
    assert before.keys() == after.keys()
    running, expired = (each.one("aws_autoscaling_group") for each in groups)
    assert (running["min_size"], running["max_size"], running["desired_capacity"]) == (0, 2, 2)
    assert (expired["min_size"], expired["max_size"], expired["desired_capacity"]) == (0, 0, 0)
    sizes = {"max_size": None, "desired_capacity": None}
    assert running | sizes == expired | sizes
