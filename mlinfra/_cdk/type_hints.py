"""Type hints of the generated functions, evaluated once each.

Bindings generated for cdktf 0.21 evaluate the type hints of a stub, such as `_typecheckingstub__9314e5e8`, at each call
to check its arguments: 3,769 times for the stacks of this repository. Later versions of jsii keep the result for each
stub (`jsii._type_checking`), but only for bindings generated with them.
"""

import functools
import typing
from collections.abc import Callable
from typing import Any

_STUB = "_typecheckingstub__"


def install() -> None:
    """Keep the type hints of each stub. Other functions are evaluated at each call, as before."""
    if not hasattr(typing.get_type_hints, "of_stub"):
        typing.get_type_hints = _kept(typing.get_type_hints)


def _kept(evaluate: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    of_stub = functools.cache(evaluate)

    @functools.wraps(evaluate)
    def get_type_hints(obj: Any, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401  a function or a class
        if not args and not options and getattr(obj, "__name__", "").startswith(_STUB):
            return of_stub(obj)
        return evaluate(obj, *args, **options)

    get_type_hints.of_stub = of_stub  # type: ignore[attr-defined]
    return get_type_hints
