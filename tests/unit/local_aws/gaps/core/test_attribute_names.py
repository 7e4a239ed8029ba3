"""Names under which moto finds the attributes of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model

from mlinfra.local_aws.gaps.core import attribute_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class DBInstance:
    """An object whose class has the name of the shape."""


class Other:
    """An object with an alias of its own."""

    class Meta:
        serialization_aliases: ClassVar = {"DBInstanceIdentifier": "own_name"}


@pytest.fixture
def closed(close_here: Callable[..., Any]) -> Any:
    """Moto's method, while the gap is closed."""
    return close_here(attribute_names, XFormedAttributePicker, "get_possible_keys")


def _contexts() -> Iterator[AttributePickerContext]:
    """Each member of a shape, on an object of each class, twice, with a parent and without."""
    shape = get_service_model("rds").shape_for("DBInstance")
    objects = [DBInstance(), Other(), {}, DBInstance(), Other(), {}]
    for has_parent in (False, True):
        for key, member in shape.members.items():
            if has_parent:
                member.parent = shape
            for obj in objects:
                yield AttributePickerContext(obj=obj, key=key, shape=member)


def test_the_names_are_those_of_moto_in_the_same_order(closed: Any) -> None:
    picker = XFormedAttributePicker()
    for context in _contexts():
        expected = list(dict.fromkeys(closed(picker, context)))
        assert list(picker.get_possible_keys(context)) == expected


def test_the_names_differ_by_class(closed: Any) -> None:
    del closed
    picker = XFormedAttributePicker()
    shape = get_service_model("rds").shape_for("DBInstance")
    member = shape.members["DBInstanceIdentifier"]
    names = [
        list(picker.get_possible_keys(AttributePickerContext(obj=obj, key="DBInstanceIdentifier", shape=member)))
        for obj in (DBInstance(), Other(), DBInstance())
    ]
    assert names[0] == names[2]
    assert "own_name" in names[1]
    assert "own_name" not in names[0]
