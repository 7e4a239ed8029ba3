"""Detection of lost nodes."""

from __future__ import annotations

from mlinfra.runner.liveness import Liveness


def test_a_node_is_lost_once_its_reports_stay_the_same_for_too_long() -> None:
    liveness = Liveness(60)
    for second in range(0, 61, 5):
        assert liveness.observe({"i-1": 100, "i-2": second}, second) == set()
    assert liveness.observe({"i-1": 100, "i-2": 65}, 65) == {"i-1"}
    assert liveness.observe({"i-1": 101, "i-2": 70}, 70) == set()


def test_the_clocks_of_other_nodes_are_not_compared() -> None:
    liveness = Liveness(60)
    for second in range(0, 100, 5):
        assert liveness.observe({"behind": second - 86_400, "ahead": second + 86_400}, second) == set()


def test_no_node_is_lost_because_the_records_were_not_accessible() -> None:
    liveness = Liveness(60)
    liveness.observe({"i-1": 100}, 0)
    assert liveness.observe({"i-1": 100}, 600) == set()
    for second in range(605, 661, 5):
        assert liveness.observe({"i-1": 100}, second) == set()
    assert liveness.observe({"i-1": 100}, 665) == {"i-1"}
