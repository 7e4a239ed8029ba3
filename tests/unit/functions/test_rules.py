"""The shutdown rules in the tags of a cluster."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.functions.contract import Tag
from mlinfra.functions.rules import Rules

MINUTE = timedelta(minutes=1)


def test_a_cluster_without_tags_has_the_defaults_of_an_environment() -> None:
    assert Rules.of({}) == Rules(
        expires=None,
        spend_limit_usd=None,
        stop_when_idle=True,
        idle_for=20 * MINUTE,
        idle_percent=5,
        vacant_for=None,
        stalled_for=60 * MINUTE,
        silence=30 * MINUTE,
        expiry_grace=timedelta(hours=24),
        pause=10 * MINUTE,
        wait_for_nodes=120 * MINUTE,
        nodes=None,
        gang=True,
        problems=("it has no tag Expires",),
    )


def test_rules_are_read_from_tags() -> None:
    assert Rules.of(
        {
            Tag.EXPIRES: "2026-12-18",
            Tag.SPEND_LIMIT_USD: "12.50",
            Tag.STOP_WHEN_IDLE: "false",
            Tag.IDLE_MINUTES: "45",
            Tag.IDLE_GPU_PERCENT: "2.5",
            Tag.STALLED_MINUTES: "90",
            Tag.SILENCE_MINUTES: "15",
            Tag.EXPIRY_GRACE_HOURS: "0",
            Tag.PAUSE_MINUTES: "0",
            Tag.VACANT_MINUTES: "7",
            Tag.WAIT_FOR_NODES_MINUTES: "600",
            Tag.NODES: "4",
            Tag.GANG: "false",
        }
    ) == Rules(
        expires=datetime(2026, 12, 19, tzinfo=timezone.utc),
        spend_limit_usd=12.5,
        stop_when_idle=False,
        idle_for=45 * MINUTE,
        idle_percent=2.5,
        vacant_for=7 * MINUTE,
        stalled_for=90 * MINUTE,
        silence=15 * MINUTE,
        expiry_grace=timedelta(0),
        pause=timedelta(0),
        wait_for_nodes=600 * MINUTE,
        nodes=4,
        gang=False,
    )


@pytest.mark.parametrize(
    ("tag", "value", "problem"),
    [
        (Tag.STALLED_MINUTES, "long", "its tag StalledMinutes is 'long', which is not a number from 1 up to 527040"),
        (Tag.SILENCE_MINUTES, "0", "its tag SilenceMinutes is '0', which is not a number from 1 up to 527040"),
        (Tag.EXPIRY_GRACE_HOURS, "-1", "its tag ExpiryGraceHours is '-1', which is not a number from 0 up to 527040"),
        (Tag.PAUSE_MINUTES, "inf", "its tag PauseMinutes is 'inf', which is not a number from 0 up to 527040"),
        (Tag.VACANT_MINUTES, "0", "its tag VacantMinutes is '0', which is not a number from 1 up to 527040"),
        (Tag.WAIT_FOR_NODES_MINUTES, "nan", "its tag WaitForNodesMinutes is 'nan', which is not a number from 1 up"),
        (Tag.NODES, "2.5", "its tag Nodes is '2.5', which is not a number of nodes above 0"),
    ],
)
def test_an_invalid_tag_is_a_problem_and_the_default_applies(tag: str, value: str, problem: str) -> None:
    expected = Rules.of({Tag.EXPIRES: "2026-12-18"})
    found = Rules.of({Tag.EXPIRES: "2026-12-18", tag: value})
    assert found.problems[0].startswith(problem)
    assert found == Rules(**{**vars(expected), "problems": found.problems})
