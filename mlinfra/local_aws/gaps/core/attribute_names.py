"""Gap: processor time to find the attributes of an answer.

A member of an answer can have several names on moto's objects. moto derives them for each member of each object in a
list: half of the time of an answer with many objects. They depend on the classes alone. This gap derives them once
per class and member. Measured 2026-11-29 with moto 5.2.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.serialize import XFormedAttributePicker

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moto.core.serialize import AttributePickerContext

_NAMES = "_names_for_mlinfra"


def is_open() -> bool:
    """True if moto derives the names for each object, with a generator."""
    return "possible_key" in XFormedAttributePicker.get_possible_keys.__code__.co_varnames


def close() -> None:
    """Close the gap: keep the names on the shape of the member, which lives as long as the model of the service."""
    wrap(XFormedAttributePicker, "get_possible_keys", _kept)


def _kept(
    original: Callable[..., Iterable[str]], picker: XFormedAttributePicker, context: AttributePickerContext
) -> Iterable[str]:
    shape = context.shape
    # moto sets the parent when it serializes the structure around the member.
    key = (context.key, type(context.obj), id(getattr(shape, "parent", None)), *picker.alias_providers)
    names = shape.__dict__.setdefault(_NAMES, {})
    if key not in names:
        names[key] = tuple(dict.fromkeys(original(picker, context)))
    found: Iterable[str] = names[key]
    return found
