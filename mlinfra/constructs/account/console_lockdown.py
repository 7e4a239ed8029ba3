"""Lockdown of managed resources: only the pipeline and emergency roles can change them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import organizations_policy, organizations_policy_attachment
from mlinfra.catalog import MANAGED_ACTIONS, managed_actions_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mlinfra.declarations import Environment

SIZE_LIMIT = 5_120
"""The maximum length of a service control policy, in characters.

Source: AWS Organizations user guide, "Quotas". White space counts unless the policy is saved in the console.
"""

POLICIES_LIMIT = 4
"""The maximum number of policies of the lockdown.

A root, unit or account has at most five attached, one of which is FullAWSAccess (same source).
"""

FUNCTIONS_THAT_CHANGE = ("endpoint-watch", "idle", "janitor", "job-finished")
"""The functions of an environment that stop managed resources, by the end of their names."""

_NAME = r"[\w+=,.@-]{1,120}"
_TARGET = r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|\d{12}"
_ROLE = r"arn:aws:iam::(\d{12}|\*):role/[\w+=,.@/*-]+"
# Service-linked roles, such as the one with which auto scaling launches nodes.
_SERVICES = "arn:aws:iam::*:role/aws-service-role/*"


class ConsoleLockdown(Construct):
    """Service control policies that deny creation, change and deletion of managed infrastructure, with few exceptions.

    Resources of the accounts are changed by the pipelines of their environments, by the functions of mlinfra that stop
    idle resources, and with the emergency roles; administrator permissions and the root user are denied. Reading,
    moving data, starting and stopping clusters, and work in Studio are not affected.

    It belongs to the organization: it is deployed in the management account, which it does not restrict, or in an
    account to which the organization has delegated policies.
    """

    CONTROL_TOWER_ROLES = ("arn:aws:iam::*:role/AWSControlTowerExecution",)
    """The role with which AWS Control Tower manages enrolled accounts, for `also_exempt`.

    Source: enroll_account.py of aws-samples/aws-control-tower-reference-architectures, read 2026-11-29.
    """

    STACK_SETS_ROLES = (
        "arn:aws:iam::*:role/AWSCloudFormationStackSetExecutionRole",
        "arn:aws:iam::*:role/stacksets-exec-*",
    )
    """The roles with which AWS CloudFormation StackSets manage accounts, for `also_exempt`.

    The first has self-managed permissions, the others service-managed ones. Source: AWS CDK API reference,
    SelfManagedDeploymentProps; AWS CloudFormation user guide, "Configure a custom execution role template for
    StackSets", read 2026-11-29.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environments: Sequence[Environment],
        target_ids: Sequence[str],
        break_glass_roles: Sequence[str],
        also_exempt: Sequence[str] = (),
        name: str = "mlinfra-console-lockdown",
        resource_types: Collection[str] = tuple(MANAGED_ACTIONS),
    ) -> None:
        """Declare and attach the policies.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            environments: the environments of the exempt pipelines and functions. Each declares a `pipeline`.
            target_ids: the targets: accounts (12 digits), organizational units (`ou-...`) or the root (`r-...`). The
                accounts should belong to the environments only: other principals cannot create roles in them either.
            break_glass_roles: ARNs of the roles that may change everything in an emergency; `*` matches any text
                within a part, as in `arn:aws:iam::*:role/break-glass`. At least one: if the pipeline is broken,
                only they can repair it.
            also_exempt: ARNs of other roles that may change everything, in the form of `break_glass_roles`: those with
                which AWS Control Tower and AWS CloudFormation StackSets manage accounts (CONTROL_TOWER_ROLES,
                STACK_SETS_ROLES). Default: none.
            name: the name of the policies, before a number. Default: mlinfra-console-lockdown.
            resource_types: the Terraform types that are managed. Default: all types of mlinfra.

        Raises:
            ValueError: if an environment has no pipeline, a name, target or role is invalid, no type is managed, or
                the policies are too long.
        """
        _expect_pipelines(environments)
        _expect_targets(target_ids)
        _expect_roles(break_glass_roles, also_exempt)
        if not re.fullmatch(_NAME, name):
            message = f"name={name!r} is not a valid policy name. Expected: 1 to 120 letters, digits and + = , . @ - _."
            raise ValueError(message)
        let_through = list(dict.fromkeys([*_roles_of(environments), *break_glass_roles, *also_exempt, _SERVICES]))
        contents = list(_policies(managed_actions_of(resource_types), let_through))
        if not 1 <= len(contents) <= POLICIES_LIMIT:
            message = (
                f"resource_types, environments: the lockdown requires {len(contents)} policies of {SIZE_LIMIT} "
                f"characters. Expected: 1 to {POLICIES_LIMIT}. List fewer environments, or at least one resource type."
            )
            raise ValueError(message)

        super().__init__(scope, id)
        self._policies = tuple(
            organizations_policy.OrganizationsPolicy(
                self,
                f"policy-{number}",
                name=f"{name}-{number}",
                description="Denies changes of managed infrastructure, except by its pipeline.",
                type="SERVICE_CONTROL_POLICY",
                content=content,
            )
            for number, content in enumerate(contents, 1)
        )
        for number, policy in enumerate(self._policies, 1):
            for target_id in dict.fromkeys(target_ids):
                organizations_policy_attachment.OrganizationsPolicyAttachment(
                    self, f"attachment-{number}-{target_id}", policy_id=policy.id, target_id=target_id
                )

    @property
    def policies(self) -> tuple[organizations_policy.OrganizationsPolicy, ...]:
        """The policies, each within the size that AWS allows."""
        return self._policies


def _roles_of(environments: Sequence[Environment]) -> Iterator[str]:
    for each in environments:
        yield each.names.ci_role_arn("apply")
        # A start of a cluster whose Lustre file system was removed deletes the parameter that says so.
        if each.pipeline and each.pipeline.training and any(experiment.lustre for experiment in each.experiments):
            yield each.names.ci_role_arn("train")
        # With it, AWS Budgets attaches a policy to roles.
        if each.governance.accelerator_stop:
            yield f"arn:aws:iam::{each.account_id}:role/{each.names.budget_actions_role}"
        for function in FUNCTIONS_THAT_CHANGE:
            yield f"arn:aws:iam::{each.account_id}:role/{each.names.prefix}-{function}"
        # Models that are registered in MLflow then get a group in SageMaker, which no environment declares.
        if each.tracking and each.tracking.automatic_model_registration:
            yield f"arn:aws:iam::{each.account_id}:role/{each.names.tracking_server}"


def _policies(actions: Sequence[str], let_through: Sequence[str]) -> Iterator[str]:
    """The smallest number of policies that contain `actions`, each within the size limit of AWS."""
    left = list(actions)
    while left:
        count = len(left)
        while count > 1 and len(_policy(left[:count], let_through)) > SIZE_LIMIT:
            count -= 1
        content = _policy(left[:count], let_through)
        if len(content) > SIZE_LIMIT:
            message = (
                f"environments, break_glass_roles: the ARNs of {len(let_through)} roles leave no space for an action "
                f"in a policy of {SIZE_LIMIT} characters. Expected: fewer environments in each of several "
                f"ConsoleLockdowns."
            )
            raise ValueError(message)
        yield content
        left = left[count:]


def _policy(actions: Sequence[str], let_through: Sequence[str]) -> str:
    document: Mapping[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ChangedByThePipelineAlone",
                "Effect": "Deny",
                "Action": list(actions),
                "Resource": "*",
                "Condition": {
                    "ArnNotLike": {"aws:PrincipalArn": list(let_through)},
                    # Such as CloudTrail that writes its logs: no role of the account makes the request.
                    "Bool": {"aws:PrincipalIsAWSService": "false"},
                },
            }
        ],
    }
    return json.dumps(document, separators=(",", ":"))


def _expect_pipelines(environments: Sequence[Environment]) -> None:
    if not environments:
        message = "environments: the list is empty. Expected: the environments in the locked accounts."
        raise ValueError(message)
    for each in environments:
        if each.pipeline is None:
            message = (
                f"environments: {each.name!r} has no pipeline, so no principal could change it. Expected: "
                f"pipeline=Pipeline(...) in its declaration."
            )
            raise ValueError(message)


def _expect_targets(target_ids: Sequence[str]) -> None:
    wrong = [each for each in target_ids if not re.fullmatch(_TARGET, each)]
    if wrong or not target_ids:
        message = (
            f"target_ids={list(target_ids)!r}: "
            f"{repr(wrong[0]) + ' is not a valid target' if wrong else 'it is empty'}. Expected: accounts (12 digits, "
            f"as text), units (ou-...) or the root (r-...)."
        )
        raise ValueError(message)


def _expect_roles(break_glass_roles: Sequence[str], also_exempt: Sequence[str]) -> None:
    if not break_glass_roles:
        message = (
            "break_glass_roles: missing, so no principal could fix a broken pipeline. Expected: at least "
            "one role, such as arn:aws:iam::*:role/break-glass."
        )
        raise ValueError(message)
    named = [
        *(("break_glass_roles", arn) for arn in break_glass_roles),
        *(("also_exempt", arn) for arn in also_exempt),
    ]
    for argument, arn in named:
        # `role/*` would exempt all roles, and `role/a*/...` nearly all.
        if not re.fullmatch(_ROLE, arn) or not re.search(r"[\w+=,.@-]{3,}", arn.partition(":role/")[2]):
            message = (
                f"{argument}: {arn!r} does not name a role. Expected: an ARN such as "
                f"arn:aws:iam::*:role/break-glass, or one of IAM Identity Center such as "
                f"arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_BreakGlass_*."
            )
            raise ValueError(message)
