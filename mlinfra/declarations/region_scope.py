"""Values of a declaration that exist in one region only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGIONAL_ID = re.compile(r"\b(ami|cr|eni|fs|igw|rtb|sg|snap|subnet|vol|vpc)-[0-9a-f]{8,17}\b")
"""Ids that EC2 and FSx give out, which mean nothing in another region."""


def regional_values(value: object, region: str, where: str = "") -> Iterator[tuple[str, str]]:
    """Find values in a declaration that exist in one region only.

    Args:
        value: the declaration, or a part of it.
        region: the region with a name that values must not contain.
        where: the path of `value` in what is declared. Default: it is all of it.

    Yields:
        The path of each such text, such as `images.v100.reference`, and the text.
    """
    if isinstance(value, str):
        if region in value or _REGIONAL_ID.search(value):
            yield where, value
        return
    for name, part in _parts(value):
        yield from regional_values(part, region, f"{where}.{name}".lstrip("."))


def _parts(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        # Defaults name no region.
        for name in sorted(value.model_fields_set):
            yield name, getattr(value, name)
    elif isinstance(value, dict):
        yield from ((str(name), part) for name, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((str(getattr(part, "name", number)), part) for number, part in enumerate(value))
