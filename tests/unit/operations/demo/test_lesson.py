"""Steps of the demo with their purpose, and the time that is left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.demo import lesson as module
from mlinfra.operations.demo.lesson import Lesson

if TYPE_CHECKING:
    from collections.abc import Iterator


class Shown:
    """Records titles, details and results."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.lines: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[Shown]:
        self.titles.append(title)
        yield self

    def say(self, line: str) -> None:
        self.lines.append(line)

    def wait_for(self, reason: str) -> None:
        self.lines.append(reason)

    def conclude(self, result: str) -> None:
        self.lines.append(result)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.usefixtures("clock")
def test_a_step_has_its_purpose_in_the_title_and_the_time_that_is_left_in_each_detail() -> None:
    shown = Shown()
    with Lesson(shown, 240).step("cdktf diff local-data", "shows what would be created") as step:
        step.say("reading")
        step.conclude("60 to add")
    assert shown.titles == ["cdktf diff local-data: shows what would be created"]
    assert shown.lines == ["about 4 min left  ", "about 4 min left  reading", "60 to add"]


def test_on_a_machine_that_is_twice_as_slow_twice_as_much_time_is_left(clock: list[float]) -> None:
    lesson = Lesson(Shown(), 240)
    with lesson.step("Bootstrap", seconds=60):
        clock[0] = 120
    assert lesson.left() == "about 6 min left"


def test_a_step_beside_others_does_not_shorten_the_time_that_is_left(clock: list[float]) -> None:
    lesson = Lesson(Shown(), 240)
    with lesson.step("beside"):
        clock[0] = 10
    assert lesson.left() == "about 4 min left"


def test_at_the_end_a_minute_is_left(clock: list[float]) -> None:
    lesson = Lesson(Shown(), 240)
    with lesson.step("all", seconds=230):
        clock[0] = 230
    assert lesson.left() == "about a minute left"
