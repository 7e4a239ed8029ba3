"""How gaps extend moto: operations that it lacks, behaviour that it has otherwise, and what they keep.

moto finds the method for an API operation on the response class of its service, by name, and keeps
what it holds on the backend of an account and region. Gaps use both, so that what they add is
reset, told apart by account and region, and answered like everything else.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.base_backend import BaseBackend

T = TypeVar("T")

_KEPT = "_kept_for_mlinfra"


def add_operations(response_class: type, *operations: Callable[[Any], object]) -> None:
    """Give a service the API operations that moto lacks.

    Args:
        response_class: moto's response class of the service.
        operations: functions named after the operation in snake case, which take the response and
            return what the operation answers. One that moto has by now is left to moto.
    """
    for operation in operations:
        if not hasattr(response_class, operation.__name__):
            setattr(response_class, operation.__name__, operation)


def wrap(owner: type, name: str, wrapper: Callable[..., Any]) -> None:
    """Have `wrapper` called in the place of a method of moto, with moto's own as its first argument.

    Args:
        owner: the class that has the method.
        name: the method's name.
        wrapper: takes moto's method, the instance and the arguments.
    """
    original = getattr(owner, name)

    @functools.wraps(original)
    def replacement(instance: object, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  whatever moto's method has
        return wrapper(original, instance, *args, **kwargs)

    setattr(owner, name, replacement)


def kept(backend: BaseBackend, name: str, make: Callable[[], T]) -> T:
    """What a gap keeps on a backend, until it is reset.

    Args:
        backend: moto's backend of one account and region.
        name: what the gap calls it; unique among the gaps of the service.
        make: makes the empty one, such as `dict`.
    """
    everything: dict[str, Any] = backend.__dict__.setdefault(_KEPT, {})
    if name not in everything:
        everything[name] = make()
    found: T = everything[name]
    return found
