"""Permissions boundary of the roles of workloads: what such a role can do at most.

A boundary grants nothing. A role can do what both its own policies and its boundary allow. Source: IAM user guide,
"Permissions boundaries for IAM entities", read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import iam_policy
from mlinfra.constructs.account.ci_permissions import SHELLS
from mlinfra.constructs.parts import environment_of, policy_document, statement

if TYPE_CHECKING:
    from mlinfra.declarations import Environment

# What the roles of mlinfra's constructs do, and what training, batch inference and notebooks commonly do in addition.
# Data and machine learning services have wildcards; of the others, no action creates or exposes infrastructure.
_WORKLOADS = [
    "application-autoscaling:DeregisterScalableTarget",
    "athena:*",
    "autoscaling:Describe*",
    "autoscaling:ResumeProcesses",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:SetInstanceProtection",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
    "autoscaling:UpdateAutoScalingGroup",
    "batch:Describe*",
    "batch:List*",
    "batch:SubmitJob",
    "batch:TerminateJob",
    "bedrock:InvokeModel*",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "cloudwatch:List*",
    "cloudwatch:PutMetricData",
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:CreateTags",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DeleteVolume",
    "ec2:Describe*",
    "ec2:ModifyInstanceAttribute",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
    "ec2messages:*",
    "ecr:Batch*",
    "ecr:CompleteLayerUpload",
    "ecr:Describe*",
    "ecr:Get*",
    "ecr:InitiateLayerUpload",
    "ecr:ListImages",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "ecs:CreateCluster",
    "ecs:DeregisterContainerInstance",
    "ecs:DiscoverPollEndpoint",
    "ecs:ListTagsForResource",
    "ecs:Poll",
    "ecs:RegisterContainerInstance",
    "ecs:StartTelemetrySession",
    "ecs:Submit*",
    "ecs:TagResource",
    "ecs:UpdateContainerInstancesState",
    "elasticfilesystem:Client*",
    "events:PutEvents",
    "fsx:DeleteFileSystem",
    "fsx:Describe*",
    "glue:BatchCreatePartition",
    "glue:BatchGet*",
    "glue:CreatePartition",
    "glue:CreateTable",
    "glue:Get*",
    "glue:UpdatePartition",
    "glue:UpdateTable",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
    "lakeformation:GetDataAccess",
    "lambda:InvokeFunction",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:Describe*",
    "logs:FilterLogEvents",
    "logs:Get*",
    "logs:PutLogEvents",
    "logs:StartQuery",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:Get*",
    "s3:List*",
    "s3:ObjectOwnerOverrideToBucketOwner",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:Replicate*",
    "s3:RestoreObject",
    "sagemaker-mlflow:*",
    "sagemaker:*",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "servicequotas:Get*",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sns:Subscribe",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueue*",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "ssm:DeleteParameter",
    "ssm:GetParameter*",
    "ssm:PutParameter",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:*",
    "states:StartExecution",
    "sts:GetCallerIdentity",
    "xray:Put*",
]

# Explicit denials also apply to what the policy of a resource, such as a bucket, allows to the role; the list above
# does not always. Source: IAM user guide, "Evaluating effective permissions with boundaries", read 2026-11-29.
_IDENTITIES = [
    "account:*",
    "iam:Add*",
    "iam:Attach*",
    "iam:Create*",
    "iam:Delete*",
    "iam:Detach*",
    "iam:Put*",
    "iam:Remove*",
    "iam:Set*",
    "iam:Tag*",
    "iam:Untag*",
    "iam:Update*",
    "iam:Upload*",
    "organizations:*",
    "sagemaker:PutModelPackageGroupPolicy",
    "sso:*",
    "sts:AssumeRole",
    "sts:GetFederationToken",
]
_AUDIT_TRAIL = [
    "cloudtrail:Delete*",
    "cloudtrail:Put*",
    "cloudtrail:Stop*",
    "cloudtrail:Update*",
    "config:Delete*",
    "config:Put*",
    "config:Stop*",
    "ec2:DeleteFlowLogs",
    "guardduty:Delete*",
    "guardduty:Disassociate*",
    "guardduty:Stop*",
    "guardduty:Update*",
    "logs:Delete*",
    "securityhub:Delete*",
    "securityhub:Disable*",
]


class PermissionsBoundary(Construct):
    """The policy that limits every role of a workload in the environment, whatever its own policies allow.

    The role for applies can create roles with this boundary only, and cannot change the boundary. A person with
    administrator permissions creates and changes it, with `mlinfra bootstrap`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment | None = None,
    ) -> None:
        """Declare the policy, protected from destruction.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            environment: the environment of the roles. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._policy = iam_policy.IamPolicy(
            self,
            "policy",
            name=environment.names.boundary,
            description=f"Permissions boundary of all roles of workloads of {environment.names.prefix}.",
            policy=policy_document(*boundary_statements(environment)),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )

    @property
    def policy(self) -> iam_policy.IamPolicy:
        """The policy."""
        return self._policy


def boundary_statements(environment: Environment) -> list[dict[str, object]]:
    """The statements of the boundary: the most that a role of a workload in `environment` can do."""
    names, account_id, region = environment.names, environment.account_id, environment.region
    return [
        statement("Workloads", actions=_WORKLOADS, resources=["*"]),
        statement(
            "PassRolesOfTheEnvironment",
            actions=["iam:PassRole"],
            resources=[f"arn:aws:iam::{account_id}:role/{names.prefix}-*"],
            # Studio creates apps and jobs with the role of the user.
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        statement("NoIdentities", effect="Deny", actions=_IDENTITIES, resources=["*"]),
        statement("NoSilence", effect="Deny", actions=_AUDIT_TRAIL, resources=["*"]),
        statement("NoShells", effect="Deny", actions=SHELLS, resources=["*"]),
        statement(
            "NoState",
            effect="Deny",
            actions=["dynamodb:*", "s3:*"],
            resources=[
                f"arn:aws:s3:::{names.state_bucket}",
                f"arn:aws:s3:::{names.state_bucket}/*",
                f"arn:aws:dynamodb:{region}:{account_id}:table/{names.lock_table}",
            ],
        ),
        statement(
            "NoKeyOfTheState",
            effect="Deny",
            actions=["kms:*"],
            resources=[f"arn:aws:kms:{region}:{account_id}:key/*"],
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": names.state_key_alias}},
        ),
    ]
