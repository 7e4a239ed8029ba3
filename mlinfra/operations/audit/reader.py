"""Definition of a reader: one list of AWS in one region, and the permissions that it requires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.operations.audit.found import Found, Place


@dataclass(frozen=True)
class Reader:
    """A list of resources of one service."""

    service: str
    """The service by boto3's name."""
    kinds: tuple[str, ...]
    """The kinds of resources that it finds."""
    actions: tuple[str, ...]
    """The IAM actions of its requests."""
    read: Callable[[Any, Place], Iterator[Found]]
    """Reads all pages with a boto3 client. It yields each resource at once, so that a failure loses no earlier one."""
    is_global: bool = False
    """True if one request lists the resources of all regions."""
