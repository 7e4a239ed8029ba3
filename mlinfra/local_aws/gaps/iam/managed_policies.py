"""The policies that AWS manages, read once instead of at every reset.

moto parses its file of them, some 1,500 policies, whenever an account of IAM is made or reset: 0.7 s
each, most of what a test of a few requests takes. What it hands out stays moto's own, which follows IAM
as of moto's file. Measured 2026-11-24 with moto 5.2.5.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from moto.iam.models import IAMBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.iam.models import ManagedPolicy

_read: dict[tuple[str, str], list[ManagedPolicy]] = {}
"""By account and partition, as moto made them: no request ever sees these, only copies."""


def is_open() -> bool:
    """Whether moto still has the method that reads them."""
    return hasattr(IAMBackend, "_init_aws_policies")


def close() -> None:
    """Hand out copies of those that were read first."""
    wrap(IAMBackend, "_init_aws_policies", _copies)


def _copies(original: Callable[..., list[ManagedPolicy]], backend: Any) -> list[ManagedPolicy]:  # noqa: ANN401  as moto's
    owner = (backend.account_id, backend.region_name)
    if owner not in _read:
        _read[owner] = original(backend)
    # What a request may change of a managed policy is a number on it, how often it is attached.
    return [copy.copy(policy) for policy in _read[owner]]
