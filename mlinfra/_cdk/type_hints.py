"""Fast type checks of arguments in the generated functions.

Bindings generated for cdktf 0.21 check each argument with typeguard, against the type hints of a stub such as
`_typecheckingstub__9314e5e8`, which Python evaluates at each call. This is a third of the time of Python in a synth.
Here, arguments of an accepted type pass without typeguard, and without evaluating the hint. All others are checked by
typeguard as before, with its messages.
"""

from __future__ import annotations

import collections.abc
import functools
import typing
from typing import TYPE_CHECKING, Any, ForwardRef, Union

import typeguard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Evaluate = Callable[..., dict[str, Any]]

_STUB = "_typecheckingstub__"


def install() -> None:
    """Make the checks of the generated functions fast. Other callers of `typing` and `typeguard` notice nothing."""
    if not hasattr(typing.get_type_hints, "of_stub"):
        typing.get_type_hints = _for_stubs(typing.get_type_hints)
    if not hasattr(typeguard.check_type, "of_hint"):
        typeguard.check_type = _for_hints(typeguard.check_type)  # type: ignore[assignment]


class _Hint:
    """The type hint of one argument of a stub."""

    __slots__ = ("_evaluate", "_evaluated", "_names", "annotation", "classes")

    def __init__(self, annotation: object, names: Mapping[str, object], evaluate: Evaluate) -> None:
        self.annotation = annotation
        self._names = names
        self._evaluate = evaluate
        self._evaluated: list[object] = []
        self.classes = tuple(_classes(annotation))
        """Classes of which all values are accepted, such as those of None, str and bool."""

    def accepts(self, value: object) -> bool:
        """True if typeguard accepts the value. False if it may not."""
        return _accepts(self.annotation, value, self._names)

    def evaluated(self) -> object:
        """The hint, as `typing.get_type_hints` returns it."""
        if not self._evaluated:
            self._evaluated.append(self._evaluate(_Annotated(self.annotation), self._names)["value"])
        return self._evaluated[0]


class _Annotated:
    """An object with one annotation."""

    def __init__(self, annotation: object) -> None:
        self.__annotations__ = {"value": annotation}


def _classes(annotation: Any) -> Iterator[type]:  # noqa: ANN401
    if getattr(annotation, "__origin__", None) is Union:
        for each in annotation.__args__:
            yield from _classes(each)
        return
    # list[str] is a type in Python 3.10, and Any in Python 3.11.
    is_class = isinstance(annotation, type) and annotation is not Any and not hasattr(annotation, "__origin__")
    if is_class and not getattr(annotation, "_is_protocol", False):
        yield annotation


def _accepts(annotation: Any, value: object, names: Mapping[str, object]) -> bool:  # noqa: ANN401  any type hint
    if isinstance(annotation, ForwardRef):  # the generated ones are names of structs of the same module
        annotation = names.get(annotation.__forward_arg__)
    if annotation is Any:
        return True
    if isinstance(annotation, type):
        return not getattr(annotation, "_is_protocol", False) and isinstance(value, annotation)
    origin = getattr(annotation, "__origin__", None)
    if origin is Union:
        return any(_accepts(each, value, names) for each in annotation.__args__)
    if origin is collections.abc.Sequence:
        return isinstance(value, list) and all(_accepts(annotation.__args__[0], each, names) for each in value)
    if origin in (dict, collections.abc.Mapping):
        keys, values = annotation.__args__
        return isinstance(value, dict) and all(
            _accepts(keys, key, names) and _accepts(values, each, names) for key, each in value.items()
        )
    return False


def _for_stubs(evaluate: Evaluate) -> Evaluate:
    evaluated: dict[tuple[str, str], object] = {}

    def of_text(text: str, names: dict[str, Any]) -> object:
        """The value of an annotation that `late_annotations` kept as text. Structs occur in it as text, too."""
        key = names["__name__"], text
        if key not in evaluated:
            evaluated[key] = eval(text, names)  # noqa: S307  generated code, which Python would evaluate at its import
        return evaluated[key]

    @functools.cache
    def of_stub(stub: Callable[..., object]) -> dict[str, _Hint]:
        names = stub.__globals__
        hints = {
            name: of_text(each, names) if isinstance(each, str) else each for name, each in stub.__annotations__.items()
        }
        return {name: _Hint(each, names, evaluate) for name, each in hints.items()}

    @functools.wraps(evaluate)
    def get_type_hints(obj: Any, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401  a function or a class
        if not args and not options and getattr(obj, "__name__", "").startswith(_STUB):
            return of_stub(obj)
        return evaluate(obj, *args, **options)

    get_type_hints.of_stub = of_stub  # type: ignore[attr-defined]
    return get_type_hints


def _for_hints(check: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(check)
    def check_type(*args: Any, **options: Any) -> object:  # noqa: ANN401  those of any version of typeguard
        hint = options.get("expected_type")
        if isinstance(hint, _Hint):
            value = options["value"]
            if isinstance(value, hint.classes) or hint.accepts(value):
                return None
            options["expected_type"] = hint.evaluated()
        return check(*args, **options)

    check_type.of_hint = True  # type: ignore[attr-defined]
    return check_type
