"""State between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.node_guard.judgement import History
from mlinfra.node_guard.state import State, read_state, write_state

if TYPE_CHECKING:
    from pathlib import Path


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = State(History(1, 2, 3), at=60, activity="busy", usage={"7 100": [5, 6]}, stuck={"nvidia-smi": "8 9"})
    write_state(tmp_path / "guard.json", state)
    assert read_state(tmp_path / "guard.json", 120) == state
    assert [each.name for each in tmp_path.iterdir()] == ["guard.json"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"history": 1}', '{"history": {"active": 1}}'])
def test_a_missing_or_invalid_state_is_that_of_a_node_that_has_just_booted(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "guard.json").write_text(text)
    assert read_state(tmp_path / "guard.json", 50) == State(History.beginning(50))


def test_a_state_from_the_future_is_of_an_earlier_boot(tmp_path: Path) -> None:
    write_state(tmp_path / "guard.json", State(History(500, 500, 500), at=500))
    assert read_state(tmp_path / "guard.json", 50) == State(History.beginning(50))
