"""Quiet hours of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra import QuietHours
from mlinfra.constructs.shutdown.quiet_schedule import QuietSchedule
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra.testing import Synth

EVENING = QuietHours(begin="20:30", days="weekdays", time_zone="Europe/Berlin")


def test_the_group_is_set_to_zero_by_the_clock_of_the_team(synth: Synth) -> None:
    config = synth.constructs(lambda stack: QuietSchedule(stack, "quiet", group_name="group", quiet_hours=EVENING))
    action = config.one("aws_autoscaling_schedule")
    assert (action["recurrence"], action["time_zone"]) == ("30 20 * * 1-5", "Europe/Berlin")
    assert (action["autoscaling_group_name"], action["min_size"], action["desired_capacity"]) == ("group", 0, 0)


def test_the_largest_size_stays_so_that_the_cluster_can_be_started_again(
    synth: Synth,
) -> None:
    config = synth.constructs(lambda stack: QuietSchedule(stack, "quiet", group_name="group", quiet_hours=EVENING))
    assert config.one("aws_autoscaling_schedule")["max_size"] == -1


@pytest.mark.parametrize(
    ("quiet_hours", "reason", "applies"),
    [
        (EVENING, None, True),
        (EVENING, "The benchmark takes two days.", False),
        (None, None, False),
    ],
)
def test_it_applies_where_there_are_quiet_hours_and_no_reason_to_work(
    quiet_hours: QuietHours | None,
    reason: str | None,
    applies: bool,  # noqa: FBT001
) -> None:
    experiment = an_experiment(works_in_quiet_hours=reason)
    assert QuietSchedule.applies_to(experiment, an_environment(quiet_hours=quiet_hours)) is applies
