"""Role of the containers of a queue: of their program, or of ECS, which starts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import trust_policy, workload_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra._cdk import Construct
    from mlinfra._cdk.aws import iam_role
    from mlinfra.declarations import Environment


def task_role(
    scope: Construct,
    id_: str,
    *,
    environment: Environment,
    name: str,
    tags: Mapping[str, str],
) -> iam_role.IamRole:
    """A role for tasks of ECS, without permissions."""
    return workload_role(
        scope,
        id_,
        environment=environment,
        name=name,
        trust=trust_policy(
            "ecs-tasks.amazonaws.com",
            # Only for tasks of this account, so that ECS does not assume it for another one.
            conditions={"StringEquals": {"aws:SourceAccount": environment.account_id}},
        ),
        tags=tags,
    )
