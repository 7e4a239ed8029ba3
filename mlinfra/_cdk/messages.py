"""Short messages to node, written and read without general converters.

jsii converts each request and each response with `cattrs`, and writes all properties of a struct, most of which are
not set. This is more than half of the time of Python for a resource, and a third of that of node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attr
from jsii import _kernel
from jsii._kernel import types
from jsii._kernel.providers import process

if TYPE_CHECKING:
    from collections.abc import Callable

    import cattr

_PRIMITIVES = (str, bool, int, float, type(None))
_REQUESTS = {
    kind: (api, [each.name for each in attr.fields(kind)])
    for kind, api in (
        (types.CreateRequest, "create"),
        (types.GetRequest, "get"),
        (types.InvokeRequest, "invoke"),
        (types.SetRequest, "set"),
        (types.StaticInvokeRequest, "sinvoke"),
    )
}
"""The frequent requests: the name of each in messages, and its fields."""


def install() -> None:
    """Leave out properties of structs that are not set, from now on."""
    stock = _kernel._make_reference_for_native  # noqa: SLF001
    if not hasattr(stock, "stock"):
        _kernel._make_reference_for_native = _without_unset(stock)  # type: ignore[assignment]  # noqa: SLF001


def _without_unset(stock: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def make_reference(kernel: Any, value: Any) -> Any:  # noqa: ANN401  any value of an argument
        kind = type(value)
        if kind in _PRIMITIVES:
            return value
        if kind is list:
            return [make_reference(kernel, each) for each in value]
        if kind is dict:
            return {"$jsii.map": {key: make_reference(kernel, each) for key, each in value.items()}}
        names, values = getattr(value, "__jsii_name_mapping__", None), getattr(value, "_values", None)
        if type(names) is not dict or type(values) is not dict:
            return stock(kernel, value)
        data = {name: make_reference(kernel, values[key]) for key, name in names.items() if values.get(key) is not None}
        return {"$jsii.struct": {"fqn": value.__jsii_type__, "data": data}}

    make_reference.stock = stock  # type: ignore[attr-defined]
    return make_reference


class Serializer:
    """Converts the frequent requests and responses. All others are converted by `cattrs`."""

    def __init__(self, stock: cattr.Converter) -> None:
        """Use `stock` for all others."""
        self._stock = stock

    def unstructure(self, request: Any) -> Any:  # noqa: ANN401  one of many classes without a common base
        """The request as a JSON object."""
        found = _REQUESTS.get(type(request))
        if found is None:
            return self._stock.unstructure(request)
        api, fields = found
        message = {each: getattr(request, each) for each in fields}
        if "objref" in message:
            message["objref"] = process._unstructure_ref(message["objref"])  # type: ignore[no-untyped-call]  # noqa: SLF001
        if message.get("overrides"):
            message["overrides"] = [attr.asdict(each) for each in message["overrides"]]
        message["api"] = api
        return message

    def structure(self, message: Any, kind: Any) -> Any:  # noqa: ANN401
        """The response, or a part of it, as an object of `kind`."""
        if kind is process._ProcessResponse and "ok" in message:  # noqa: SLF001
            return process._OkayResponse(message["ok"])  # noqa: SLF001
        if kind is types.GetResponse:
            return types.GetResponse(message.get("value"))
        if kind is types.InvokeResponse:
            return types.InvokeResponse(message.get("result"))
        return self._stock.structure(message, kind)
