"""A construct with a role, to which tests grant access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import iam_role

if TYPE_CHECKING:
    from mlinfra import MlStack


class Grantee(Construct):
    """A construct with a role that carries the permissions boundary of its environment."""

    def __init__(self, stack: MlStack) -> None:
        super().__init__(stack, "grantee")
        boundary = stack.environment.boundary_arn
        self.role = iam_role.IamRole(
            self, "role", name="grantee", assume_role_policy="{}", permissions_boundary=boundary
        )
