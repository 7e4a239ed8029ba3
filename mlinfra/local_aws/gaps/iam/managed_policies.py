"""Gap: time to read the AWS managed policies, at every reset.

moto parses its file of some 1,500 policies whenever IAM of an account is created or reset: 0.7 s each, which
is most of the duration of a short test. This gap parses the file once per process. The policies remain those
of moto, which are as old as its file. Measured 2026-11-24 with moto 5.2.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.models import IAMBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.iam.models import ManagedPolicy

_read: dict[tuple[str, str], list[ManagedPolicy]] = {}
"""Policies by account and partition, as created by moto. They belong to the last backend that was created there."""


def is_open() -> bool:
    """True if moto has the method that reads the policies."""
    return hasattr(IAMBackend, "_init_aws_policies")


def close() -> None:
    """Close the gap: return the policies that were read first, without attachments."""
    wrap(IAMBackend, "_init_aws_policies", _unattached)


def _unattached(original: Callable[..., list[ManagedPolicy]], backend: Any) -> list[ManagedPolicy]:  # noqa: ANN401  as moto's
    owner = (backend.account_id, backend.region_name)
    if owner not in _read:
        _read[owner] = original(backend)
    for policy in _read[owner]:
        # A request can change only this attribute of a managed policy. Copies of 1,500 policies take longer.
        policy.attachment_count = 0
    return list(_read[owner])
