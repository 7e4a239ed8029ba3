"""The policy that denies new accelerators, and the role with which AWS Budgets attaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import iam_policy, iam_role, iam_role_policy
from mlinfra.constructs.parts import environment_of, policy_document, statement, trust_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment

_INSTANCE_TYPES = ("dl*", "f1.*", "f2.*", "g*", "inf*", "p*", "trn*", "vt1.*")
"""EC2's accelerated computing families. Source: EC2 instance types guide, "Accelerated computing", read 2026-11-29."""

_SAGEMAKER_TYPES = ("ml.g*", "ml.inf*", "ml.p*", "ml.trn*")

# Source: service authorization reference of SageMaker, actions with the condition key sagemaker:InstanceTypes, read
# 2026-11-29.
_SAGEMAKER_ACTIONS = (
    "sagemaker:CreateApp",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateTransformJob",
    "sagemaker:UpdateNotebookInstance",
)


def denial_policy_arn(environment: Environment) -> str:
    """The ARN of the policy that denies new accelerators."""
    return f"arn:aws:iam::{environment.account_id}:policy/{environment.names.accelerator_denial}"


def denial_role_arn(environment: Environment) -> str:
    """The ARN of the role with which AWS Budgets attaches the policy."""
    return f"arn:aws:iam::{environment.account_id}:role/{environment.names.budget_actions_role}"


class AcceleratorDenial(Construct):
    """A policy that denies new accelerators, and the role with which AWS Budgets attaches it to declared roles.

    Part of the state stack, which an administrator applies: the pipeline can change neither, and the role can attach
    this policy only.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        roles: Sequence[str],
        environment: Environment | None = None,
    ) -> None:
        """Declare the policy and the role.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            roles: the names of the roles that the policy can be attached to.
            environment: the environment. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._policy = iam_policy.IamPolicy(
            self,
            "policy",
            name=environment.names.accelerator_denial,
            description=f"Denies new accelerators. AWS Budgets attaches it when {environment.names.prefix} exceeds its "
            f"budget.",
            policy=policy_document(*denial_statements()),
        )
        self._role = iam_role.IamRole(
            self,
            "role",
            name=environment.names.budget_actions_role,
            description=f"With it, AWS Budgets attaches {environment.names.accelerator_denial}.",
            # Source: Cost Management user guide, "Configuring a budget action" and "Cross-service confused deputy
            # prevention", read 2026-11-29.
            assume_role_policy=trust_policy(
                "budgets.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": environment.account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{environment.account_id}:budget/*"},
                },
            ),
        )
        iam_role_policy.IamRolePolicy(
            self,
            "permissions",
            name="attach-denial",
            role=self._role.name,
            policy=policy_document(
                statement(
                    "AttachDenial",
                    actions=["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
                    resources=[f"arn:aws:iam::{environment.account_id}:role/{each}" for each in roles],
                    conditions={"ArnEquals": {"iam:PolicyARN": denial_policy_arn(environment)}},
                )
            ),
        )

    @property
    def policy(self) -> iam_policy.IamPolicy:
        """The policy."""
        return self._policy

    @property
    def role(self) -> iam_role.IamRole:
        """The role that AWS Budgets assumes."""
        return self._role


def denial_statements() -> list[dict[str, object]]:
    """The statements of the policy. Instances can still be stopped, and groups can still be scaled to 0."""
    return [
        statement(
            "NoAcceleratorInstances",
            effect="Deny",
            actions=["ec2:RunInstances", "ec2:StartInstances"],
            resources=["arn:aws:ec2:*:*:instance/*"],
            conditions={"StringLike": {"ec2:InstanceType": list(_INSTANCE_TYPES)}},
        ),
        # A group launches with a role of its own, so that a denial of RunInstances does not limit it. Source: service
        # authorization reference of EC2 Auto Scaling, condition key autoscaling:MaxSize, read 2026-11-29.
        statement(
            "NoLargerGroups",
            effect="Deny",
            actions=["autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup"],
            resources=["*"],
            conditions={"NumericGreaterThan": {"autoscaling:MaxSize": "0"}},
        ),
        statement(
            "NoAcceleratorsInSageMaker",
            effect="Deny",
            actions=_SAGEMAKER_ACTIONS,
            resources=["*"],
            conditions={"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": list(_SAGEMAKER_TYPES)}},
        ),
        statement(
            "NoOtherWays",
            effect="Deny",
            actions=[
                "autoscaling:SetDesiredCapacity",
                "batch:SubmitJob",
                "ec2:CreateCapacityReservation",
                "ec2:PurchaseCapacityBlock",
                "ec2:PurchaseCapacityBlockExtension",
                "sagemaker:CreateCluster",
                "sagemaker:CreateTrainingPlan",
                "sagemaker:StartNotebookInstance",
            ],
            resources=["*"],
        ),
    ]
