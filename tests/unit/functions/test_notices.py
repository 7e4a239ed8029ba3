"""Notices to the owner of a running cluster: when, how often and with what text."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.assessment import assess
from mlinfra.functions.contract import Event, Table, Tag
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.notices import Notices
from mlinfra.functions.records import Memory
from mlinfra.functions.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = datetime(2026, 12, 19, tzinfo=timezone.utc)
EARLY = AT - timedelta(days=9)
HOUR = timedelta(hours=1)
TAGS = {
    Tag.AUTO_STOP: "true",
    Tag.ENVIRONMENT: "dev",
    Tag.EXPERIMENT: "two-tower",
    Tag.OWNER: "ana@example.com",
    Tag.EXPIRES: "2026-12-18",
}


class World:
    """A table and a topic in memory."""

    def __init__(self) -> None:
        self.notified: dict[str, str] = {}
        self.sent: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.extension: str | None = None
        self.delivers = True

    # The table.

    def read(self, cluster: str) -> Memory:
        assert cluster
        return Memory(state=self.state, extension=self.extension)

    def remember_notification(self, cluster: str, about: str, what: str) -> bool:
        assert cluster
        fresh = self.notified.get(about) != what
        self.notified[about] = what
        return fresh

    def forget_notification(self, cluster: str, about: str, what: str) -> None:
        assert self.notified.pop(about) == what, cluster

    # The topic.

    def notify(self, detail_type: str, **fields: Any) -> bool:
        self.sent.append({"type": detail_type, **fields})
        return self.delivers

    # The clock.

    def at(self, now: datetime, **tags: str | None) -> list[str]:
        """The subjects of the notices that a run at `now` sends."""
        before = len(self.sent)
        kept: Mapping[str, str] = {key: value for key, value in {**TAGS, **tags}.items() if value is not None}
        node = Node("i-0123456789abcdef0", "g5.xlarge", launched=now, state="running")
        seen = assess(self, Target("recsys-dev-two-tower", "group", kept, (node,), desired=1), self, {}, now)  # type: ignore[arg-type]
        Notices(self, self, now).send(seen)  # type: ignore[arg-type]
        return [each["what"] for each in self.sent[before:]]


@pytest.fixture
def world() -> World:
    return World()


def test_a_notice_is_sent_a_week_a_day_and_an_hour_before_the_expiry(world: World) -> None:
    found = {hours: world.at(AT - hours * HOUR) for hours in (169, 168, 167, 25, 24, 2, 1, 0.1)}
    assert {hours: what for hours, what in found.items() if what} == {
        168: ["expires in less than 7 days"],
        24: ["expires in less than 24 hours"],
        1: ["expires in less than 1 hour"],
    }


def test_the_notice_before_the_expiry_says_when_it_is_stopped_and_how_to_extend_it(world: World) -> None:
    world.at(AT - HOUR, ExpiryGraceHours="6")
    (notice,) = world.sent
    assert (notice["type"], notice["in_dry_run"]) == (Event.CLUSTER_WARNED, True)
    assert notice["why"] == (
        "its last day ends at 2026-12-19T00:00:00Z. After that it is stopped as soon as it is idle, and at "
        "2026-12-19T06:00:00Z even if it is busy"
    )
    assert notice["action"] == "To keep it: mlinfra clusters extend dev two-tower --until YYYY-MM-DD"


def test_a_notice_is_sent_every_hour_of_the_grace_period(world: World) -> None:
    steps = [world.at(AT + minutes * timedelta(minutes=1), ExpiryGraceHours="3") for minutes in range(0, 240, 30)]
    expected = [f"expired, and will be stopped in {hours}" for hours in ("3 hours", "2 hours", "1 hour")]
    assert steps == [[expected[0]], [], [expected[1]], [], [expected[2]], [], [], []]


def test_an_instance_of_no_group_is_extended_by_its_tag(world: World) -> None:
    seen = assess(world, Target("i-1", "instance", TAGS), world, {}, AT - HOUR)  # type: ignore[arg-type]
    Notices(world, world, AT - HOUR).send(seen)  # type: ignore[arg-type]
    assert world.sent[0]["action"] == "To keep it: set its tag Expires to a later day, such as 2026-12-18."


def test_without_a_grace_period_there_is_no_notice_after_the_expiry(world: World) -> None:
    assert world.at(AT, ExpiryGraceHours="0") == []


def test_an_extension_ends_the_notices_and_brings_its_own(world: World) -> None:
    assert world.at(AT + HOUR) == ["expired, and will be stopped in 23 hours"]
    world.extension = "2026-12-19"
    assert world.at(AT + HOUR) == ["expires in less than 24 hours"]


def test_a_notice_that_was_not_delivered_is_sent_again(world: World) -> None:
    world.delivers = False
    assert world.at(AT - HOUR) == ["expires in less than 1 hour"]
    world.delivers = True
    assert world.at(AT - HOUR) == ["expires in less than 1 hour"]
    assert world.at(AT - HOUR) == []


def test_notices_about_the_spend_limit_are_sent_at_80_100_and_120_percent(world: World) -> None:
    found = {}
    for usd in (79, 80, 99, 100, 119.9, 120, 200):
        world.state = {Table.COST_USD: usd, Table.COST_AT: (AT - 9 * timedelta(days=1)).timestamp()}
        found[usd] = world.at(AT - 9 * timedelta(days=1), SpendLimitUsd="100")
    told = {usd: what for usd, what in found.items() if what}
    assert told == {percent: [f"cost is at {percent}% of the spend limit"] for percent in (80, 100, 120)}


def test_the_notice_about_the_spend_limit_says_what_follows_and_how_to_raise_it(world: World) -> None:
    world.state = {Table.COST_USD: 85, Table.COST_AT: AT.timestamp()}
    world.at(AT - 9 * timedelta(days=1), SpendLimitUsd="100")
    (notice,) = world.sent
    assert notice["type"] == Event.LIMIT_REACHED
    assert notice["why"] == (
        "its cost is 85.00 USD, and its spend limit is 100.00 USD. Above 100% it is stopped as soon as it is idle, and "
        "above 120% even if it is busy"
    )
    assert "set a higher spend_limit_usd for its experiment" in notice["action"]


def test_a_raised_limit_brings_notices_of_its_own(world: World) -> None:
    world.state = {Table.COST_USD: 100, Table.COST_AT: AT.timestamp()}
    assert world.at(EARLY, SpendLimitUsd="100") == ["cost is at 100% of the spend limit"]
    assert world.at(EARLY, SpendLimitUsd="125") == ["cost is at 80% of the spend limit"]
    assert world.at(EARLY, SpendLimitUsd="200") == []


def test_an_invalid_tag_is_reported(world: World) -> None:
    assert world.at(AT - HOUR, SpendLimitUsd="a lot") == ["expires in less than 1 hour", "monitoring is incomplete"]
    assert world.sent[1]["why"] == "its tag SpendLimitUsd is 'a lot', which is not a number above 0"
    assert world.sent[1]["action"] == (
        "To correct it: deploy its stack again, which sets its tags. Until then, rules that depend on this do not stop "
        "the cluster."
    )


def test_nodes_with_one_silent_source_are_reported_once_with_what_to_check(world: World) -> None:
    def send(agents: tuple[str, ...], guards: tuple[str, ...] = ()) -> list[str]:
        before = len(world.sent)
        target = Target("recsys-dev-two-tower", "group", {**TAGS, "SilenceMinutes": "45"}, desired=1)
        seen = assess(world, target, world, {}, EARLY)  # type: ignore[arg-type]
        Notices(world, world, EARLY).send(replace(seen, silence=Silence(agents, guards)))  # type: ignore[arg-type]
        return [each["what"] for each in world.sent[before:]]

    assert send(("i-a",)) == ["monitoring of i-a is incomplete"]
    assert world.sent[0]["why"] == (
        "no GPU metrics of i-a have arrived for 45 minutes. The reports of the node guard alone decide about idleness "
        "there. Check the CloudWatch agent (amazon-cloudwatch-agent.service)"
    )
    assert send(("i-a",)) == []
    assert send(("i-a",), ("i-b",)) == ["monitoring of 2 nodes is incomplete"]
    assert world.sent[1]["nodes"] == ["i-a", "i-b"]
    assert "no reports of i-b have arrived for 45 minutes" in world.sent[1]["why"]
