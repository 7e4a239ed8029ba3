"""Permissions of users in Studio: apps in their own spaces, on the instance types of their team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import KEY_USE, all_values_in, policy_document, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.constructs.parts import Conditions, Statement
    from mlinfra.declarations import Environment

# IAM replaces it by the user profile of the call. Terraform would interpret a single $.
_ME = "$${sagemaker:UserProfileName}"

# The type in an app's ARN: as in the API, or in lower case. IAM is case-sensitive, and AWS's own policies have both.
_JUPYTER_LAB, _CODE_EDITOR = "?upyter?ab", "?ode?ditor"


def team_policy(
    environment: Environment,
    *,
    domain_id: str,
    role_arn: str,
    key_arn: str,
    instance_types: Sequence[str],
    shared_spaces: Sequence[str],
) -> str:
    """The policy of a team's role, as JSON.

    Source of the permissions for private spaces: SageMaker developer guide, "Give your users access to
    spaces", read 2026-11-24. Its permissions for shared spaces are restricted to those of the team.

    Args:
        environment: the environment of the studio.
        domain_id: the domain's id.
        role_arn: the role's own ARN.
        key_arn: the KMS key of home directories and volumes.
        instance_types: the instance types of its apps.
        shared_spaces: the names of the team's shared spaces.
    """
    arn = f"arn:aws:sagemaker:{environment.region}:{environment.account_id}"
    mine: Conditions = {
        "ArnLike": {"sagemaker:OwnerUserProfileArn": f"{arn}:user-profile/{domain_id}/{_ME}"},
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
    }
    shared: Conditions = {"StringEquals": {"sagemaker:SpaceSharingType": "Shared"}}
    allowed_types = all_values_in("sagemaker:InstanceTypes", instance_types)
    private_apps = [f"{arn}:app/{domain_id}/*/{app}/*" for app in (_JUPYTER_LAB, _CODE_EDITOR)]
    shared_apps = [f"{arn}:app/{domain_id}/{space}/{_JUPYTER_LAB}/*" for space in shared_spaces]
    return policy_document(
        *_look_around(arn, domain_id),
        statement(
            "OwnSpaces",
            actions=["sagemaker:CreateSpace", "sagemaker:DeleteSpace", "sagemaker:UpdateSpace"],
            resources=[f"{arn}:space/{domain_id}/*"],
            conditions=mine,
        ),
        statement(
            "RunAppsInOwnSpaces",
            actions=["sagemaker:CreateApp"],
            resources=private_apps,
            conditions={**mine, **allowed_types},
        ),
        statement("DeleteAppsInOwnSpaces", actions=["sagemaker:DeleteApp"], resources=private_apps, conditions=mine),
        *(
            [
                statement(
                    "RunAppsInSharedSpaces",
                    actions=["sagemaker:CreateApp"],
                    resources=shared_apps,
                    conditions={**shared, **allowed_types},
                ),
                statement(
                    "DeleteAppsInSharedSpaces",
                    actions=["sagemaker:DeleteApp"],
                    resources=shared_apps,
                    conditions=shared,
                ),
                # Studio updates a space when a user selects another instance type or a larger volume in it.
                statement(
                    "ChangeSharedSpaces",
                    actions=["sagemaker:UpdateSpace"],
                    resources=[f"{arn}:space/{domain_id}/{space}" for space in shared_spaces],
                    conditions=shared,
                ),
            ]
            if shared_spaces
            else []
        ),
        # Studio tags new resources. The condition key is absent when an existing resource would be tagged.
        statement(
            "TagCreatedResources",
            actions=["sagemaker:AddTags"],
            resources=[f"{arn}:app/{domain_id}/*", f"{arn}:space/{domain_id}/*"],
            conditions={"Null": {"sagemaker:TaggingAction": "false"}},
        ),
        *app_statements(environment, key_arn=key_arn),
        # A user who is granted jobs later needs no other role for them.
        statement(
            "PassOwnRole",
            actions=["iam:PassRole"],
            resources=[role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    )


def app_statements(environment: Environment, *, key_arn: str) -> list[Statement]:
    """The permissions of every app: its log, and the key of its volume.

    Args:
        environment: the environment of the studio.
        key_arn: the KMS key of home directories and volumes.
    """
    # The log group's name is SageMaker's, the same for every domain of a region.
    log_group = f"arn:aws:logs:{environment.region}:{environment.account_id}:log-group:/aws/sagemaker/studio"
    return [
        statement(
            "Logs",
            actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[log_group, f"{log_group}:*"],
        ),
        statement("Key", actions=KEY_USE, resources=[key_arn]),
        statement(
            "KeyOfVolumes",
            actions=["kms:CreateGrant"],
            resources=[key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def _look_around(arn: str, domain_id: str) -> list[Statement]:
    return [
        # AWS's own policy has these on every resource: Studio lists before it knows what there is.
        statement(
            "List",
            actions=[
                "sagemaker:ListApps",
                "sagemaker:ListDomains",
                "sagemaker:ListSpaces",
                "sagemaker:ListUserProfiles",
            ],
            resources=["*"],
        ),
        statement(
            "Describe",
            actions=[
                "sagemaker:DescribeApp",
                "sagemaker:DescribeDomain",
                "sagemaker:DescribeSpace",
                "sagemaker:DescribeUserProfile",
                "sagemaker:ListTags",
            ],
            resources=[
                f"{arn}:domain/{domain_id}",
                *(f"{arn}:{kind}/{domain_id}/*" for kind in ("app", "space", "user-profile")),
            ],
        ),
        statement(
            "OpenOwnStudio",
            actions=["sagemaker:CreatePresignedDomainUrl"],
            resources=[f"{arn}:user-profile/{domain_id}/{_ME}"],
        ),
    ]
