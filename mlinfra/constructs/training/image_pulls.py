"""Permissions to download the container images of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import statement

if TYPE_CHECKING:
    from mlinfra.constructs.parts import Statement

_DEEP_LEARNING_CONTAINERS = "763104351884"
"""The account of AWS's Deep Learning Containers in most regions.

Source: Deep Learning Containers documentation, "Available Deep Learning Containers images", read 2026-11-29.
"""


def pull_statements(account_id: str) -> list[Statement]:
    """The permissions to download images of an account and of AWS's Deep Learning Containers.

    Source: ECR user guide, "Amazon ECR managed policies", AmazonEC2ContainerRegistryPullOnly, read 2026-11-29.

    Args:
        account_id: the account.
    """
    return [
        # This action does not support resources: a token is valid for all registries that the role may read.
        statement("LogInToRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        statement(
            "PullImages",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[f"arn:aws:ecr:*:{each}:repository/*" for each in (account_id, _DEEP_LEARNING_CONTAINERS)],
        ),
    ]
