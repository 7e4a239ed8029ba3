"""Permissions of the pipeline's roles in addition to their managed policies, and what is denied to them.

Source: service authorization reference of each service, read 2026-11-26.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import FSX_DATA_SERVICE, statement
from mlinfra.declarations import STORED_PLANS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.constructs.parts import Conditions
    from mlinfra.declarations import Environment

ATTACHABLE = ("arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",)
"""The managed policies that roles of mlinfra's constructs have. No other one can be attached by an apply."""

PASSED_TO = (
    "budgets.amazonaws.com",
    "chatbot.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "s3.amazonaws.com",
    "sagemaker.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
"""The services that roles of mlinfra's constructs are handed to."""

# What the AWS provider calls for aws_iam_role, aws_iam_role_policy and their attachments, except what _LIMITED lists.
_ROLES = [
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",  # an owner is named in the description of a role, and changes
]
# What gives a role permissions, or sets their limit. IAM compares the boundary of the role, or the one that the request
# sets. Deletions are not limited: roles of earlier versions of mlinfra have no boundary, and must be deletable.
# Source: service authorization reference of IAM, actions with the condition key iam:PermissionsBoundary.
_LIMITED = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
_INSTANCE_PROFILES = [
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:GetInstanceProfile",
    "iam:ListInstanceProfileTags",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:UntagInstanceProfile",
]
# The boundary carries the environment's tags too.
_READING_AND_TAGS_OF_A_POLICY = [
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
    "iam:UntagPolicy",
]
_CHANGES_OF_A_POLICY = [
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
]
# An issuer carries the environment's tags too, and they change. Who may sign tokens does not.
_TAGS_OF_THE_ISSUER = [
    "iam:GetOpenIDConnectProvider",
    "iam:TagOpenIDConnectProvider",
    "iam:UntagOpenIDConnectProvider",
]

# Tags may change: every resource of an environment carries them, these roles too.
_CHANGES_OF_A_ROLE = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
]
_CHANGES_OF_AN_ISSUER = [
    "iam:AddClientIDToOpenIDConnectProvider",
    "iam:CreateOpenIDConnectProvider",
    "iam:CreateSAMLProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:RemoveClientIDFromOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
    "iam:UpdateSAMLProvider",
]
_BY_ADMINISTRATORS = ("ci-plan", "ci-drift", "ci-apply", "ci-train", "budget-actions")
"""The ends of the names of roles without the boundary. The last one is that of AWS Budgets."""

_IDENTITIES = [
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateGroup",
    "iam:CreateLoginProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:CreateUser",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
    "iam:UpdateLoginProfile",
    "iam:UploadSSHPublicKey",
    "iam:UploadSigningCertificate",
]
SHELLS = [
    "ec2-instance-connect:OpenTunnel",
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
    "ec2:EnableSerialConsoleAccess",
    "ecs:ExecuteCommand",
    "ssm:CreateAssociation",
    "ssm:CreateAssociationBatch",
    "ssm:ResumeSession",
    "ssm:SendCommand",
    "ssm:StartAssociationsOnce",
    "ssm:StartAutomationExecution",
    "ssm:StartChangeRequestExecution",
    "ssm:StartSession",
    "ssm:UpdateAssociation",
]
"""Commands on instances, in containers and on consoles, also by an association or a document of Systems Manager."""

# Deletion, copies, publication and expiry of states and their locks, and the alias that names their key.
_CHANGES_OF_THE_STATE = [
    "dynamodb:DeleteTable",
    "kms:DeleteAlias",
    "kms:UpdateAlias",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObjectVersion",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
]
_CHANGES_OF_A_KEY = ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]


def plan_statements(environment: Environment) -> list[dict[str, object]]:
    """The permissions and denials of the role that plans `environment`, in addition to reading."""
    return [*_refresh(environment), *_store_plans(environment), *_no_data(environment)]


def _refresh(environment: Environment) -> list[dict[str, object]]:
    """Permissions that a plan requires in addition to ReadOnlyAccess."""
    own = f"arn:aws:sagemaker:{environment.region}:{environment.account_id}"
    glue = f"arn:aws:glue:{environment.region}:{environment.account_id}"
    return [
        _use_keys(
            environment,
            "ReadStateRecordsAndVariables",
            ["kms:Decrypt"],
            # Lambda omits a function's variables if they cannot be decrypted, and the plan would set them again.
            # Source: Lambda API reference, EnvironmentResponse.
            [
                environment.names.state_key_alias,
                f"alias/{environment.names.prefix}-compute",
                environment.names.model_registry_key_alias,
            ],
        ),
        # The provider reads the policy of a model package group in each refresh, and ReadOnlyAccess lacks the action.
        # Source: version 190 of ReadOnlyAccess, 2026-09-24.
        statement(
            "ReadPoliciesOfModelPackageGroups",
            actions=["sagemaker:GetModelPackageGroupPolicy"],
            resources=[f"{own}:model-package-group/{environment.names.prefix}-*"],
        ),
        # ReadOnlyAccess lacks these actions too. Data Exports is in us-east-1 only.
        statement(
            "ReadDataExports",
            actions=["bcm-data-exports:GetExport", "bcm-data-exports:ListTagsForResource"],
            resources=[
                f"arn:aws:bcm-data-exports:us-east-1:{environment.account_id}:export/{environment.names.prefix}-*"
            ],
        ),
        statement(
            "ReadPartitionIndexesOfTheBill",
            actions=["glue:GetPartitionIndexes"],
            resources=[
                f"{glue}:catalog",
                f"{glue}:database/{environment.names.billing_database}",
                f"{glue}:table/{environment.names.billing_database}/*",
            ],
        ),
    ]


def _store_plans(environment: Environment) -> list[dict[str, object]]:
    """Permission to store plans in the state bucket, encrypted, without permission to read or replace them."""
    return [
        statement(
            "StorePlans",
            actions=["s3:PutObject"],
            resources=[_stored_plans(environment)],
            conditions={"Null": {"s3:if-none-match": "false"}},
        ),
        _use_keys(
            environment,
            "EncryptPlans",
            ["kms:GenerateDataKey"],
            [environment.names.state_key_alias],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        ),
    ]


def drift_statements(environment: Environment) -> list[dict[str, object]]:
    """The permissions and denials of the role that detects drift of `environment`, in addition to reading.

    These are the permissions of a plan, and those to store the baseline and to publish a report. A principal that
    writes the baseline can declare a drift as known: no plan of a merge request may do that.
    """
    own = f"arn:aws:ssm:{environment.region}:{environment.account_id}"
    return [
        # The baseline, by which each drift is reported once. It contains fingerprints and no values.
        statement(
            "WriteDriftBaseline",
            actions=["ssm:PutParameter"],
            resources=[f"{own}:parameter{environment.names.parameter('drift', '*')}"],
        ),
        # The baseline of audits contains keys of resources, and no other facts.
        statement("WriteAuditBaseline", actions=["s3:PutObject"], resources=[_audit_baseline(environment)]),
        _use_keys(
            environment,
            "EncryptAuditBaseline",
            ["kms:GenerateDataKey"],
            [environment.names.state_key_alias],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        ),
        # The results of the nightly drift detection are sent to the recipients of all notifications.
        statement("PublishNotifications", actions=["sns:Publish"], resources=[environment.names.alerts_topic_arn]),
        _use_keys(
            environment,
            "EncryptReports",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [environment.names.alerts_key_alias],
        ),
        *_refresh(environment),
        *_no_data(environment, readable=[_audit_baseline(environment)]),
    ]


def apply_statements(environment: Environment, *, issuer_arn: str | None) -> list[dict[str, object]]:
    """The permissions and denials of the role that applies `environment`, in addition to those of a power user.

    Args:
        environment: the environment.
        issuer_arn: the identity provider that signs its tokens. None: the provider existed in the account before.
    """
    own = f"arn:aws:iam::{environment.account_id}"
    roles = f"{own}:role/{environment.names.prefix}-*"
    limit: Conditions = (
        {"StringEquals": {"iam:PermissionsBoundary": environment.boundary_arn}} if environment.boundary_arn else {}
    )
    known: Conditions = {"ArnEquals": {"iam:PolicyARN": list(ATTACHABLE)}}
    return [
        statement("ManageRolesOfTheEnvironment", actions=_ROLES, resources=[roles]),
        statement("CreateRolesOfTheEnvironment", actions=_LIMITED, resources=[roles], conditions=limit),
        *_boundary(environment),
        *(
            [
                statement(
                    "TagAcceleratorDenial",
                    actions=_READING_AND_TAGS_OF_A_POLICY,
                    resources=[f"{own}:policy/{environment.names.accelerator_denial}"],
                )
            ]
            if environment.governance.accelerator_stop
            else []
        ),
        statement(
            "CreateInstanceProfilesOfTheEnvironment",
            actions=_INSTANCE_PROFILES,
            resources=[f"{own}:instance-profile/{environment.names.prefix}-*"],
        ),
        *(
            [statement("TagIdentityProvider", actions=_TAGS_OF_THE_ISSUER, resources=[issuer_arn])]
            if issuer_arn
            else []
        ),
        statement(
            "AttachKnownPolicies",
            actions=["iam:AttachRolePolicy"],
            resources=[roles],
            conditions={**known, **limit},
        ),
        statement(
            "DetachKnownPolicies",
            actions=["iam:DetachRolePolicy"],
            resources=[roles],
            conditions=known,
        ),
        statement(
            "PassRolesToServices",
            actions=["iam:PassRole"],
            resources=[roles],
            # A role that is put into an instance profile is passed too, and not every such request names a service.
            conditions={"StringEqualsIfExists": {"iam:PassedToService": list(PASSED_TO)}},
        ),
        # FSx gives the role that it links a bucket with its permissions in the name of who links it. Source: FSx for
        # Lustre user guide, "Required IAM permissions for using data repositories in Amazon S3".
        statement(
            "LinkFileSystemsToBuckets",
            actions=["iam:AttachRolePolicy", "iam:PutRolePolicy"],
            resources=[f"{own}:role/aws-service-role/{FSX_DATA_SERVICE}/*"],
        ),
        _deny("NoIdentities", _IDENTITIES),
        _deny("NoOtherIssuers", _CHANGES_OF_AN_ISSUER),
        # Nor those of an environment whose name begins with this one's, such as the same in another region.
        _deny(
            "NotTheseRoles",
            _CHANGES_OF_A_ROLE,
            [f"{own}:role/{environment.names.prefix}*-{use}" for use in _BY_ADMINISTRATORS],
        ),
        # Any role of the account that trusts the account would do, such as one of an administrator.
        _deny("NoOtherRoles", ["sts:AssumeRole", "sts:GetFederationToken"]),
        _deny("NoOtherOrganization", ["account:CloseAccount", "organizations:LeaveOrganization"]),
        _deny("NoSilence", ["cloudtrail:DeleteTrail", "cloudtrail:StopLogging"]),
        _deny("NoShells", SHELLS),
        _deny(
            "NoForgetting",
            _CHANGES_OF_THE_STATE,
            [
                f"arn:aws:s3:::{environment.names.state_bucket}",
                f"arn:aws:s3:::{environment.names.state_bucket}/*",
                _table(environment, environment.names.lock_table),
                # A key without this alias would not be denied below.
                f"arn:aws:kms:{environment.region}:{environment.account_id}:{environment.names.state_key_alias}",
            ],
        ),
        {
            **_use_keys(environment, "NotTheKeyOfTheState", _CHANGES_OF_A_KEY, [environment.names.state_key_alias]),
            "Effect": "Deny",
        },
        *_no_data(environment, readable=[_stored_plans(environment)]),
    ]


def _boundary(environment: Environment) -> list[dict[str, object]]:
    """Roles keep the permissions boundary, and the boundary does not change."""
    if environment.boundary_arn is None:
        return []
    own = f"arn:aws:iam::{environment.account_id}"
    roles = [f"{own}:role/{environment.names.prefix}-*"]
    # Also those of an environment whose name begins with this one's.
    boundaries = sorted({environment.boundary_arn, f"{own}:policy/{environment.names.prefix}*-boundary"})
    kept = {"StringNotEquals": {"iam:PermissionsBoundary": environment.boundary_arn}}
    return [
        *(
            [statement("TagBoundary", actions=_READING_AND_TAGS_OF_A_POLICY, resources=[environment.boundary_arn])]
            if environment.has_own_boundary
            else []
        ),
        {**_deny("NoRolesWithoutBoundary", [*_LIMITED, "iam:AttachRolePolicy"], roles), "Condition": kept},
        _deny("NotTheBoundary", ["iam:DeleteRolePermissionsBoundary"]),
        _deny("NoChangesOfTheBoundary", _CHANGES_OF_A_POLICY, boundaries),
    ]


def _no_data(environment: Environment, *, readable: Sequence[str] = ()) -> list[dict[str, object]]:
    """Neither data nor secrets are read, except states and the objects `readable`."""
    region, account_id = environment.region, environment.account_id
    parameters = f"arn:aws:ssm:{region}:{account_id}:parameter/mlinfra/{environment.project}/{environment.name}/*"
    return [
        _deny_elsewhere(
            "NoObjectsButState",
            ["s3:GetObject", "s3:GetObjectTorrent", "s3:GetObjectVersion"],
            [f"arn:aws:s3:::{environment.names.state_bucket}/{environment.project}/{environment.name}/*", *readable],
        ),
        # What AWS publishes, such as the ids of images, belongs to no account.
        _deny_elsewhere(
            "NoParametersButHandedOver",
            ["ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath"],
            [parameters, f"arn:aws:ssm:{region}::parameter/aws/service/*"],
        ),
        # The lock table holds the digests of states; the records say which clusters work.
        _deny_elsewhere(
            "NoItemsButRecords",
            [
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:GetRecords",
                "dynamodb:PartiQLSelect",
                "dynamodb:Query",
                "dynamodb:Scan",
            ],
            [_table(environment, environment.names.lock_table), _table(environment, environment.names.records_table)],
        ),
        _deny(
            "NoData",
            [
                "athena:GetQueryResults",
                "athena:GetQueryResultsStream",
                "ec2:GetConsoleOutput",
                "ec2:GetPasswordData",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "kinesis:GetRecords",
                "logs:FilterLogEvents",
                "logs:GetLogEvents",
                "logs:GetLogRecord",
                "logs:GetQueryResults",
                "logs:StartLiveTail",
                "logs:Unmask",
                "sagemaker:BatchGetRecord",
                "sagemaker:CreatePresignedDomainUrl",
                "sagemaker:CreatePresignedMlflowTrackingServerUrl",
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:GetRecord",
                "secretsmanager:BatchGetSecretValue",
                "secretsmanager:GetSecretValue",
                "sqs:ReceiveMessage",
            ],
        ),
    ]


def _audit_baseline(environment: Environment) -> str:
    return f"arn:aws:s3:::{environment.names.state_bucket}/{environment.names.audit_baseline_key}"


def _stored_plans(environment: Environment) -> str:
    return f"arn:aws:s3:::{environment.names.state_bucket}/{STORED_PLANS_PREFIX}*"


def _use_keys(
    environment: Environment,
    sid: str,
    actions: Sequence[str],
    aliases: Sequence[str],
    *,
    conditions: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, object]:
    # Keys of other stacks, which have no ARN before those are deployed. A key without an alias has no such attribute,
    # and ForAnyValue does not match then.
    return statement(
        sid,
        actions=actions,
        resources=[f"arn:aws:kms:{environment.region}:{environment.account_id}:key/*"],
        conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": list(aliases)}, **(conditions or {})},
    )


def _table(environment: Environment, name: str) -> str:
    return f"arn:aws:dynamodb:{environment.region}:{environment.account_id}:table/{name}"


def _deny(sid: str, actions: Sequence[str], resources: Sequence[str] = ("*",)) -> dict[str, object]:
    return statement(sid, effect="Deny", actions=actions, resources=resources)


def _deny_elsewhere(sid: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Deny", "Action": list(actions), "NotResource": list(resources)}
