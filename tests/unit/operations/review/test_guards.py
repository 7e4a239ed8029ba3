from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from mlinfra.operations.review import guards
from mlinfra.operations.review.change import UNKNOWN
from mlinfra.operations.review.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = Plan(stack="dev-data", source="plan.json")


@pytest.mark.parametrize(
    ("direction", "before", "after", "is_dangerous"),
    [
        (guards.turned_on(), [False], [True], True),
        (guards.turned_on(), [], [True], True),
        (guards.turned_on(), [True], [True], False),
        (guards.turned_on(), [1], [1], False),
        (guards.turned_off(), [], [False], False),
        (guards.turned_off(), [True], [None], True),
        (guards.turned_off(), [True], [UNKNOWN], False),
        (guards.born_off(), [], [None], True),
        (guards.born_off(), [True], [None], False),
        (guards.changed(), ["a"], ["b"], True),
        (guards.changed(), [None], ["b"], False),
        (guards.changed(), ["a"], [UNKNOWN], False),
        (guards.replaced(), ["a"], [UNKNOWN], True),
        (guards.removed(), [["a", "b"]], [["a"]], True),
        (guards.removed(), [["a"]], [["a", "b"]], False),
        (guards.emptied(), [["a"]], [[]], True),
        (guards.added(), [["a"]], [["a", "b"]], True),
        (guards.added(), [], [UNKNOWN], False),
        (guards.extended(), [], [["a"]], False),
        (guards.lowered(), [30], ["7"], True),
        (guards.lowered(), [30], [None], True),
        (guards.lowered(), [None], [7], False),
        (guards.raised(), [30], [60], True),
        (guards.names('"a":"B"'), ["{}"], ['{"a": "b"}'], True),
        (guards.large_network(), [["10.0.0.0/8"]], [["10.0.0.0/8", "::/0"]], True),
        (guards.large_network(), [], ["10.0.0.0/8"], False),
        (guards.foreign(), [], ["999999999999"], True),
        (guards.foreign(), [], ["arn:aws:lambda:us-east-1:999999999999:function:f"], False),
        (guards.foreign(), ["*"], ["*"], False),
        (guards.gone(), [True], [], True),
        (guards.new(), [], [True], True),
    ],
)
def test_a_direction_compares_present_and_planned_values(
    direction: object, before: list[Any], after: list[Any], *, is_dangerous: bool
) -> None:
    check = cast("Callable[[Plan, list[Any], list[Any]], bool]", direction)
    assert check(PLAN, before, after) is is_dangerous


def test_rows_of_attributes_are_before_those_of_the_whole_resource() -> None:
    from mlinfra.operations.review.rules.public import PUBLIC

    whole, attribute = (guards.Guard(PUBLIC, path, guards.new(), "x") for path in ("", "name"))
    assert guards.merged({"aws_x": (whole,)}, {"aws_x": (attribute,)}) == {"aws_x": (attribute, whole)}


def test_a_wildcard_reads_all_elements() -> None:
    given = {"rule": [{"a": [{"b": 1}, {"b": 2}]}, {"a": []}]}

    def value_of(path: str) -> Any:
        value: Any = given
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value.get(step)
        return value

    assert guards.values(value_of, "rule.*.a.*.b") == [1, 2]
