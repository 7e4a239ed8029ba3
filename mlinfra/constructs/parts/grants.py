"""Grantees, and grants as inline policies of their roles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, TypeAlias

from mlinfra._cdk import Token
from mlinfra._cdk.aws import iam_role, iam_role_policy
from mlinfra.constructs.parts.policy import policy_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk import Construct

_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class Grantee(Protocol):
    """A construct with a role, such as a cluster, a job or a function."""

    @property
    def node(self) -> object:
        """Its node in the construct tree."""

    @property
    def role(self) -> iam_role.IamRole:
        """Its role."""


AnyRole: TypeAlias = "Grantee | iam_role.IamRole | str"
"""A construct with a role, a role, or the name of an existing role in the same account."""


def grant_to(
    grantee: AnyRole, name: str, statements: Sequence[Mapping[str, object]], *, scope: Construct
) -> iam_role_policy.IamRolePolicy:
    """Attach an inline policy to a role.

    Args:
        grantee: the owner of the role.
        name: the policy's name, unique in the role.
        statements: its statements.
        scope: the granting construct, parent of the policy of a role given by name. Others belong to their role.

    Raises:
        ValueError: if a text is not a valid role name.
    """
    policy = policy_document(*statements)
    if isinstance(grantee, str):
        if Token.is_unresolved(grantee) or not _ROLE_NAME.fullmatch(grantee):
            message = f"{grantee!r} is not a role name. Expected: a name such as 'analysts', not an ARN or a reference."
            raise ValueError(message)
        return iam_role_policy.IamRolePolicy(scope, f"{grantee}-{name}", name=name, role=grantee, policy=policy)
    role = grantee if isinstance(grantee, iam_role.IamRole) else grantee.role
    return iam_role_policy.IamRolePolicy(role, name, name=name, role=role.name, policy=policy)
