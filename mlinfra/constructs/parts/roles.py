"""Roles of workloads: nodes, jobs, functions, endpoints and users of Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import iam_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment


def workload_role(
    scope: Construct,
    id_: str,
    *,
    environment: Environment,
    name: str,
    trust: str,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> iam_role.IamRole:
    """A role without permissions, limited by the environment's permissions boundary.

    The role for applies can create no other roles.

    Args:
        scope: the parent construct.
        id_: the construct's id, unique in its scope.
        environment: the environment, which names the boundary.
        name: the role's name. It begins with the environment's prefix.
        trust: the policy of the principals that assume it, as JSON.
        description: its purpose. Default: none.
        tags: its tags, in addition to the stack's. Default: none.
    """
    return iam_role.IamRole(
        scope,
        id_,
        name=name,
        description=description,
        assume_role_policy=trust,
        permissions_boundary=environment.boundary_arn,
        tags=dict(tags) if tags is not None else None,
    )
