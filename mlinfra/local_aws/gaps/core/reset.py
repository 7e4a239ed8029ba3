"""Gap: processor time of a reset.

At a reset, moto empties and fills the backend of each used region and account, with managed policies and images among
others, and then drops it: the next request creates a new one. This gap drops backends without filling them. Measured
2026-11-29 with moto 5.2.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.base_backend import AccountSpecificBackend, BaseBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto resets each backend."""
    return "reset" in AccountSpecificBackend.reset.__code__.co_names


def close() -> None:
    """Close the gap: reset only backends that have open files or threads."""
    wrap(AccountSpecificBackend, "reset", _reset)


def _reset(original: Callable[..., None], backends: AccountSpecificBackend[BaseBackend]) -> None:
    del original
    for each in backends.values():
        # Backends with a method of their own close files (S3) or end jobs (Batch).
        if type(each).reset is not BaseBackend.reset:
            each.reset()
