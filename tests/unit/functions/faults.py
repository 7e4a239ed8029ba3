"""Single calls to AWS that go wrong, or that something happens beside.

The local AWS neither throttles nor refuses nor loses pages. botocore lets a listener answer in its place or
change its answer; everything before and after that is real.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable


class Faults:
    """Listeners of the session that functions make their clients from."""

    def __init__(self) -> None:
        if boto3.DEFAULT_SESSION is None:
            boto3.setup_default_session()
        self._events: Any = boto3.DEFAULT_SESSION.events
        self._listeners: list[tuple[str, Callable[..., Any]]] = []
        self._lock = threading.Lock()

    def refuse(
        self, call: str, code: str, *, calls: tuple[int, ...] = (), where: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Have AWS answer with an error.

        Args:
            call: service and operation, such as `ec2.DescribeInstances`.
            code: AWS's code of the error.
            calls: which of the calls, counted from 1. Default: all of them.
            where: whether a call is meant, by its request as text. Default: every one is.
        """
        count = 0

        def answer(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
            nonlocal count
            if not where(str(params.get("body"))):
                return None
            with self._lock:
                count += 1
            if calls and count not in calls:
                return None
            error = {"Code": code, "Message": "injected"}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

        self._listen(f"before-call.{call}", answer)

    def before(self, call: str, happen: Callable[[], object], *, where: Callable[[str], bool] = lambda _: True) -> None:
        """Have something happen once, just before AWS gets the first call of this kind."""
        happened = threading.Event()

        def listener(params: dict[str, Any], **_: Any) -> None:
            if where(str(params.get("body"))) and not happened.is_set():
                happened.set()
                happen()

        self._listen(f"before-call.{call}", listener)

    def always_before(self, call: str, happen: Callable[[], object]) -> None:
        """Have something happen before every call of this kind."""
        self._listen(f"before-call.{call}", lambda **_: happen() and None)

    def change(self, call: str, how: Callable[[dict[str, Any]], object]) -> None:
        """Change every answer of AWS to a call, in place."""
        self._listen(f"after-call.{call}", lambda parsed, **_: how(parsed) and None)

    def end(self) -> None:
        """Nothing goes wrong any more."""
        for name, listener in self._listeners:
            self._events.unregister(name, listener)
        self._listeners.clear()

    def _listen(self, name: str, listener: Callable[..., Any]) -> None:
        self._listeners.append((name, listener))
        self._events.register(name, listener)
