"""Extension of moto by gaps: additional operations, changed behaviour, and the data of gaps.

moto finds the method of an API operation by its name on the response class of the service, and keeps data on
the backend of an account and region. Gaps use both, so that their data is reset and separated by account and
region, and their operations are dispatched, in the same way as moto's.
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
    """Add API operations that moto lacks to a service.

    Args:
        response_class: moto's response class of the service.
        operations: functions named after the operation in snake case, which take the response and
            return the answer of the operation. Operations that moto has are skipped.
    """
    for operation in operations:
        if not hasattr(response_class, operation.__name__):
            setattr(response_class, operation.__name__, operation)


def wrap(owner: type, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method of moto by `wrapper`, which receives moto's method as its first argument.

    Args:
        owner: the class that has the method.
        name: the method's name.
        wrapper: takes moto's method, the instance and the arguments.
    """
    original = getattr(owner, name)

    @functools.wraps(original)
    def replacement(instance: object, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the arguments of moto's method
        return wrapper(original, instance, *args, **kwargs)

    setattr(owner, name, replacement)


def kept(backend: BaseBackend, name: str, make: Callable[[], T]) -> T:
    """The data of a gap on a backend, until the backend is reset.

    Args:
        backend: moto's backend of one account and region.
        name: the name of the data; unique among the gaps of the service.
        make: creates the empty data, such as `dict`.
    """
    everything: dict[str, Any] = backend.__dict__.setdefault(_KEPT, {})
    if name not in everything:
        everything[name] = make()
    found: T = everything[name]
    return found
