"""Check that the main thread of the process executes Python code."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_ERROR = 0
_KEPT: list[object] = []
"""The functions that CPython may still call, also after the end of their job."""


class MainThread:
    """Asks the main thread for a response, which it gives with the next Python code that it executes.

    A thread that waits in a library, such as for a collective operation of GPUs, gives none. Uses `Py_AddPendingCall`
    of CPython, which interrupts no system call (Python/C API reference, "Initialization, Finalization, and Threads",
    read 2026-11-29).
    """

    def __init__(self) -> None:
        """Nothing is asked yet. To be created in the thread that runs the training code."""
        self._asked_at: float | None = None
        self._is_watched = threading.current_thread() is threading.main_thread()
        self._response = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._respond)
        _KEPT.append(self._response)

    def ask(self) -> float | None:
        """The seconds for which it has not responded; 0 if it has since the last call. Then requests the next response.

        Returns:
            None: unknown, because the training code runs in another thread, or this is not CPython.
        """
        asked_at = self._asked_at  # the main thread can remove it now
        if asked_at is not None:
            return time.monotonic() - asked_at
        self._asked_at = time.monotonic()
        if self._is_watched and _add_pending_call(self._response):
            return 0.0
        self._asked_at = None
        return None

    def _respond(self, _: int | None) -> int:
        self._asked_at = None
        return _NO_ERROR


def _add_pending_call(function: Callable[..., Any]) -> bool:
    """Have the main thread call `function`. False: it cannot be asked now."""
    try:
        return bool(ctypes.pythonapi.Py_AddPendingCall(function, None) == _NO_ERROR)
    except AttributeError:
        return False
