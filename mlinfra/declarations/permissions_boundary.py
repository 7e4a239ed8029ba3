"""The permissions boundary of an environment's roles, as it is declared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mlinfra.declarations.base import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_BOUNDARY: Final = "mlinfra"
"""The value of `permissions_boundary` for the policy that mlinfra creates."""

_POLICY_ARN = re.compile(r"arn:aws:iam::(aws|[0-9]{12}):policy/[\w+=,.@/-]+", re.ASCII)


def boundary_problems(boundary: str | None, account_id: str | None) -> Iterator[str]:
    """The problems of a declared boundary.

    Args:
        boundary: `OWN_BOUNDARY`, the ARN of a policy, or None.
        account_id: the environment's account. None if it is not valid.
    """
    if boundary is None or boundary == OWN_BOUNDARY:
        return
    policy = _POLICY_ARN.fullmatch(boundary)
    if policy is None:
        yield (
            f"permissions_boundary: {shown(boundary)} is not the ARN of a policy. Expected: {OWN_BOUNDARY!r}, an ARN "
            f"such as arn:aws:iam::111111111111:policy/workloads, or None."
        )
    elif account_id and policy[1] not in {"aws", account_id}:
        yield (
            f"permissions_boundary: {shown(boundary)} is a policy of another account, which IAM does not accept. "
            f"Expected: a policy of {account_id} or of AWS."
        )
