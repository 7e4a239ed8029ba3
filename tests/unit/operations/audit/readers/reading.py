"""Reading of a local AWS with one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.operations.audit.found import Place
from mlinfra.operations.audit.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.operations.audit.found import Found

PLACE = Place("us-east-1", "123456789012")
ROLE = "arn:aws:iam::123456789012:role/ml"


def read(client: Callable[..., Any], kind: str) -> list[Found]:
    """All resources that the reader of `kind` finds in us-east-1."""
    (reader,) = [each for each in READERS if kind in each.kinds]
    return list(reader.read(client(reader.service), PLACE))


def read_one(client: Callable[..., Any], kind: str) -> Found:
    """The only resource of `kind`."""
    (found,) = [each for each in read(client, kind) if each.kind == kind]
    return found


def charges(found: Found) -> list[tuple[str, str, float]]:
    """Service, item and quantity of each charge."""
    return [(each.service, each.item, each.quantity) for each in found.charges]
