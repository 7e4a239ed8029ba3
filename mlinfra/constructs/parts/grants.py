"""What can be granted something, and how a grant gets to its role."""

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
    """What can be granted the use of something: anything with a role, such as a cluster, a job or a function."""

    @property
    def node(self) -> object:
        """Where it stands in the tree of constructs."""

    @property
    def role(self) -> iam_role.IamRole:
        """The role that it acts as."""


AnyRole: TypeAlias = "Grantee | iam_role.IamRole | str"
"""Something with a role, a role, or the name of a role of the same account that is made elsewhere."""


def grant_to(
    grantee: AnyRole, name: str, statements: Sequence[Mapping[str, object]], *, scope: Construct
) -> iam_role_policy.IamRolePolicy:
    """Give a role an inline policy.

    Args:
        grantee: whose role.
        name: the policy's name, which the role has no other of.
        statements: what it allows.
        scope: what grants it. The policy of a role that is only named stands there, every other in its role.

    Raises:
        ValueError: where a text is no name of a role.
    """
    policy = policy_document(*statements)
    if isinstance(grantee, str):
        if Token.is_unresolved(grantee) or not _ROLE_NAME.fullmatch(grantee):
            message = f"{grantee!r} is not a role name. Expected: such as 'analysts', neither an ARN nor a reference."
            raise ValueError(message)
        return iam_role_policy.IamRolePolicy(scope, f"{grantee}-{name}", name=name, role=grantee, policy=policy)
    role = grantee if isinstance(grantee, iam_role.IamRole) else grantee.role
    return iam_role_policy.IamRolePolicy(role, name, name=name, role=role.name, policy=policy)
