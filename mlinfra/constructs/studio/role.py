"""Roles of users in Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import iam_role, iam_role_policy
from mlinfra.constructs.parts import trust_policy, workload_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import Environment


class StudioRole(Construct):
    """The execution role of apps in SageMaker Studio. It has no permissions until it is granted some.

    Grants accept it directly: `lake.grant_read(studio.team("ranking"))`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        description: str,
        tags: Mapping[str, str],
        environment: Environment,
    ) -> None:
        """Declare the role.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            name: the role's name.
            description: its users, in a sentence.
            tags: its tags, in addition to the stack's.
            environment: the environment of the studio.
        """
        super().__init__(scope, id)
        here = f"{environment.region}:{environment.account_id}"
        self._role = workload_role(
            self,
            "role",
            environment=environment,
            name=name,
            description=description,
            trust=trust_policy(
                "sagemaker.amazonaws.com",
                # The source identity is the user profile's name: it distinguishes users of one role in CloudTrail.
                # Source: SageMaker developer guide, "Turn on sourceIdentity in CloudTrail logs", read 2026-11-24.
                actions=("sts:AssumeRole", "sts:SetSourceIdentity"),
                # Studio passes no narrower source than the region and account (SageMaker developer guide,
                # "Cross-service confused deputy prevention", read 2026-11-24).
                conditions={
                    "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:{here}:*"},
                    "StringEquals": {"aws:SourceAccount": environment.account_id},
                },
            ),
            tags=tags,
        )

    @property
    def role(self) -> iam_role.IamRole:
        """The role itself."""
        return self._role

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return str(self._role.arn)

    def allow(self, document: str) -> None:
        """Let it do what `document`, a policy, says. Once: what more it may do is granted."""
        iam_role_policy.IamRolePolicy(self, "policy", name="studio", role=self._role.name, policy=document)
