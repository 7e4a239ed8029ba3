"""Requests to node that do not wait for their answer, because it is known.

A synth sends thousands of requests: creations of constructs, and reads of attributes such as `bucket.arn`. The answer
to a creation is the number of the new object, and numbers are consecutive. The answer to a read is a token, for which
any unique name will do. Python sends such requests and goes on, while node executes them; `transport.js` compares the
answers of node with the expected ones. Answers that never change, such as the stack of a construct, need no request.

An ordinary request waits for all earlier ones. If one of them failed, the error is raised there. It names the construct
and the line of the program. Nothing was executed after the failed request: node has the same state as without sending
ahead.

Not sent ahead: creations with methods that node calls in Python, requests during such a call, and creations that are
likely to fail, such as those with an id that exists.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, NamedTuple

from jsii import _reference_map
from jsii._kernel import types

if TYPE_CHECKING:
    from types import CodeType, FrameType

_CALLED_IN_SYNTHESIS = frozenset({"onSynthesize", "produce", "resolve", "synth", "validate", "visit"})
"""Methods that node calls only while it answers an ordinary request. A method of another name may be called earlier."""

_CHANGES_OF_TREE = frozenset({"tryRemoveChild"})
_WITHOUT_RESULT = frozenset({"addOverride", "addValidation"})
_LIBRARIES = ("cdktf", "cdktn", "constructs", "jsii", "mlinfra._cdk", "typeguard")
"""Modules that are not named as the origin of an error."""


class Known(NamedTuple):
    """A known answer."""

    response: object
    expected: str | None = None
    """The answer of node as `transport.js` compares it. None if node is not asked."""


class _Sent(NamedTuple):
    """A request that was sent ahead since the last ordinary one."""

    what: str
    lines: tuple[tuple[CodeType, int], ...]
    ref: types.ObjRef | None
    child: tuple[str, str] | None


class Ahead:
    """Knowledge of the objects in node, from which answers are predicted."""

    def __init__(self) -> None:
        """Start without knowledge, as node starts without objects."""
        self._next: int | None = None
        self._callbacks = 0
        self._reliable = True
        self._sent: list[_Sent] = []
        self._children: dict[tuple[str, str], str] = {}
        self._constructs: dict[str, tuple[str, str | None]] = {}
        self._nodes: dict[str, str] = {}
        self._constructs_of_nodes: dict[str, str] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._named_tokens = 0

    def known(self, request: object) -> Known | None:
        """The answer to a request, if it is known. The caller sends the request if an answer is expected."""
        if not self._reliable:
            return None
        kind = type(request)
        if kind is types.GetRequest:
            return self._attribute(request)  # type: ignore[arg-type]
        if kind is types.StaticInvokeRequest:
            return self._stack(request)  # type: ignore[arg-type]
        if kind is types.InvokeRequest:
            return self._call(request)  # type: ignore[arg-type]
        if kind is types.CreateRequest and self._next is not None and not self._callbacks:
            return self._creation(request)  # type: ignore[arg-type]
        return None

    def saw(self, ref: str) -> None:
        """Note an object in an answer. All objects of node occur in an answer at first."""
        number = int(ref.rpartition("@")[2])
        if self._next is not None and number >= self._next:
            self._next = number + 1

    def answered(self, request: object, response: object) -> None:
        """Note the answer to an ordinary request, which had to wait for all earlier ones."""
        self._sent.clear()
        if isinstance(response, types.CreateResponse | types.ObjRef) and isinstance(request, types.CreateRequest):
            self._note_creation(request, response.ref)
        elif isinstance(request, types.GetRequest) and request.property == "node":
            node = getattr(response, "value", None)
            if isinstance(node, types.ObjRef):
                self._note_node(request.objref.ref, node.ref)
        elif isinstance(request, types.InvokeRequest) and request.method in _CHANGES_OF_TREE:
            self._children.clear()
        elif isinstance(request, types.SetRequest):
            self._tokens.clear()

    def failed(self) -> None:
        """Note that an ordinary request failed. It may have created objects that no answer contains."""
        self._sent.clear()
        self._next = None

    def called(self) -> None:
        """Note that node calls a method in Python. Node then answers in another order."""
        self._callbacks += 1

    def returned(self) -> None:
        """Note that such a call returned."""
        self._callbacks -= 1

    def origin(self, number: int) -> str:
        """A sentence about the request that failed, the first of which has number 0. Later ones were not executed."""
        what, lines = self._sent[number].what, self._sent[number].lines
        for sent in self._sent[number:]:
            if sent.child is not None:
                self._children.pop(sent.child, None)
            if sent.ref is not None:  # it may become the number of another object
                self._constructs.pop(sent.ref.ref, None)
                object.__setattr__(sent.ref, "ref", sent.ref.ref.rpartition("@")[0] + "@failed")
        self._tokens.clear()
        self._nodes.clear()
        self.failed()
        called = "".join(f'\n  File "{code.co_filename}", line {line}, in {code.co_name}' for code, line in lines)
        return f"{what} failed, here:{called}"

    def _creation(self, request: types.CreateRequest) -> Known | None:
        args = request.args
        if request.overrides or len(args) < 2 or type(args[1]) is not str:  # noqa: PLR2004
            return None
        if request.interfaces != _interfaces(request.fqn):
            return None
        scope, id_ = getattr(args[0], "__jsii_ref__", None), args[1]
        # cdktf refuses an empty id and one with a token, and replaces slashes.
        if scope is None or not id_ or "/" in id_ or "TfToken[" in id_ or (scope.ref, id_) in self._children:
            return None
        if request.fqn != "constructs.Construct" and not _string_attributes(request.fqn):
            return None
        ref = f"{request.fqn}@{self._next}"
        self._next = (self._next or 0) + 1
        self._note_construct(ref, scope.ref, id_)
        response = types.CreateResponse(ref)
        self._sent.append(_Sent(f"{request.fqn} {id_!r}", _lines(), response, (scope.ref, id_)))
        return Known(response, f'{{"ok":{{"$jsii.byref":{json.dumps(ref)}}}}}')

    def _attribute(self, request: types.GetRequest) -> Known | None:
        ref, name = request.objref.ref, request.property
        if name == "node":
            return self._node(ref)
        if name == "id" and ref in self._constructs_of_nodes:
            _, id_ = self._constructs.get(self._constructs_of_nodes[ref], ("", None))
            return None if id_ is None else Known(types.GetResponse(id_))
        fqn = ref.rpartition("@")[0]
        if name not in _string_attributes(fqn):
            return None
        token = self._tokens.get((ref, name))
        if token is not None:
            return Known(types.GetResponse(token))
        if self._callbacks or self._next is None:
            return None
        self._named_tokens += 1
        key = f"TOKEN.{fqn.rpartition('.')[2]}.{name}.{self._named_tokens}"
        token = f"${{TfToken[{key}]}}"
        self._tokens[ref, name] = token
        self._sent.append(_Sent(f"{fqn}.{name}", _lines(), None, None))
        return Known(types.GetResponse(token), f"={key}")

    def _node(self, ref: str) -> Known | None:
        node = self._nodes.get(ref)
        if node is not None:
            return Known(types.GetResponse(types.ObjRef(node)))
        if ref not in self._constructs or self._callbacks or self._next is None:
            return None
        node = f"constructs.Node@{self._next}"
        self._next += 1
        self._note_node(ref, node)
        response = types.ObjRef(node)
        self._sent.append(_Sent("constructs.Construct.node", _lines(), response, None))
        return Known(types.GetResponse(response), f'{{"ok":{{"value":{{"$jsii.byref":"{node}"}}}}}}')

    def _stack(self, request: types.StaticInvokeRequest) -> Known | None:
        if request.method != "of" or not request.fqn.endswith(".TerraformStack") or not request.args:
            return None
        ref = getattr(getattr(request.args[0], "__jsii_ref__", None), "ref", "")
        while ref:
            if _is_stack(ref.rpartition("@")[0], request.fqn):
                return Known(types.InvokeResponse(types.ObjRef(ref)))
            ref, _ = self._constructs.get(ref, ("", None))
        return None

    def _call(self, request: types.InvokeRequest) -> Known | None:
        ref, method, args = request.objref.ref, request.method, request.args or []
        if method == "tryFindChild" and ref in self._constructs_of_nodes and len(args) == 1:
            child = self._children.get((self._constructs_of_nodes[ref], args[0]))
            return None if child is None else Known(types.InvokeResponse(types.ObjRef(child)))
        if method in _WITHOUT_RESULT and not self._callbacks and self._next is not None:
            self._sent.append(_Sent(f"{ref.rpartition('@')[0]}.{method}", _lines(), None, None))
            return Known(types.InvokeResponse(), '{"ok":{}}')
        return None

    def _note_creation(self, request: types.CreateRequest, ref: str) -> None:
        number = int(ref.rpartition("@")[2])
        self._next = max(self._next or 0, number + 1)
        called = {each.method or each.property for each in request.overrides}
        if not called <= _CALLED_IN_SYNTHESIS:
            self._reliable = False
        args = request.args
        if len(args) >= 2 and isinstance(args[1], str):  # noqa: PLR2004
            scope = getattr(args[0], "__jsii_ref__", None)
            if scope is not None and _is_construct(request.fqn):
                self._note_construct(ref, scope.ref, args[1])

    def _note_construct(self, ref: str, scope: str, id_: str) -> None:
        self._children[scope, id_] = ref
        self._constructs[ref] = (scope, None if "/" in id_ else id_)

    def _note_node(self, construct: str, node: str) -> None:
        self._nodes[construct] = node
        self._constructs_of_nodes[node] = construct


@functools.cache
def _string_attributes(fqn: str) -> frozenset[str]:
    """The attributes of a resource or data source that are tokens of strings. Empty for other types.

    `bucketInput` is the argument, and not a token.
    """
    kind = _reference_map._types.get(fqn)  # noqa: SLF001
    if kind is None or not kind.__module__.partition(".")[0].endswith("_provider_aws"):
        return frozenset()
    if not any(base.__name__ in ("TerraformResource", "TerraformDataSource") for base in kind.__mro__):
        return frozenset()
    getters = [each.fget for each in vars(kind).values() if isinstance(each, property)]
    names = {
        each.__jsii_name__  # type: ignore[union-attr]
        for each in getters
        if getattr(each, "__annotations__", {}).get("return") in (str, "builtins.str")
    }
    return frozenset(each for each in names if not each.endswith("Input"))


@functools.cache
def _interfaces(fqn: str) -> list[str]:
    """The interfaces of a generated class. A class of Python may implement others, which are part of the answer."""
    kind = _reference_map._types.get(fqn)  # noqa: SLF001
    return [each.__jsii_type__ for each in getattr(kind, "__jsii_ifaces__", [])]


@functools.cache
def _is_stack(fqn: str, stack: str) -> bool:
    kind = _reference_map._types.get(fqn)  # noqa: SLF001
    return kind is not None and issubclass(kind, _reference_map._types[stack])  # noqa: SLF001


@functools.cache
def _is_construct(fqn: str) -> bool:
    kind = _reference_map._types.get(fqn)  # noqa: SLF001
    return kind is not None and any(base.__name__ == "Construct" for base in kind.__mro__)


def _lines() -> tuple[tuple[CodeType, int], ...]:
    """The calls of the program that lead here, without those of libraries, the outermost first."""
    lines = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith(_LIBRARIES):
            lines.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return tuple(reversed(lines))
