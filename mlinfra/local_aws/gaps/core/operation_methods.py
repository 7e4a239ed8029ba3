"""Gap: processor time to find the method of an operation.

For each request, moto lists all methods of the response class to see if the operation is among them. This gap looks
up one name. Measured 2026-11-29 with moto 5.2.5.
"""

from __future__ import annotations

import inspect

from moto.core import responses


def is_open() -> bool:
    """True if moto lists the methods."""
    return "method_names_from_class" in responses.BaseResponse.call_action.__code__.co_names


def close() -> None:
    """Close the gap: answer if a name is that of a method, without a list of all."""
    # moto only tests membership.
    responses.method_names_from_class = MethodNames  # type: ignore[attr-defined, assignment]


class MethodNames:
    """The names of the methods of a class, without those of its metaclass."""

    def __init__(self, owner: type) -> None:
        """Create the collection for `owner`."""
        self._owner = owner

    def __contains__(self, name: str) -> bool:
        """True if the class has a method `name`."""
        return inspect.isfunction(getattr(self._owner, name, None))
