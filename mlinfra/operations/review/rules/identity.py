"""Identities and their permissions: providers, assignments, control policies, roles of resources and boundaries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.guards import (
    Guard,
    added,
    becomes,
    ceases,
    changed,
    emptied,
    extended,
    for_types,
    gone,
    lowered,
    merged,
    new,
    raised,
    removed,
    replaced,
    turned_off,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.plan import Plan

PROVIDER: Final = Rule(
    "MLR221",
    Level.HOLD,
    "An identity provider is added, or accepts other tokens. Its identities can assume roles of the account.",
    "Check issuer, audience and certificates, and the trust policies that name the provider.",
)
ASSIGNED: Final = Rule(
    "MLR222",
    Level.HOLD,
    "A user or group gets permissions in an account, or a permission set gets more of them.",
    "Check the principal, the account and the permission set.",
)
UNLIMITED: Final = Rule(
    "MLR223",
    Level.HOLD,
    "A control policy or a boundary is detached, deleted or emptied.",
    "Keep it. It is the limit of all principals of an account, administrators included.",
)
ROLE: Final = Rule(
    "MLR224",
    Level.HOLD,
    "An existing workload gets another role.",
    "Check the permissions of the new role: all code of the workload can use them.",
)
CREDENTIALS: Final = Rule(
    "MLR225",
    Level.HOLD,
    "Credentials of a role or a user become easier to steal or to misuse.",
    "Keep the setting. Nodes and users need no exception.",
)
ADDED: Final = Rule(
    "MLR226",
    Level.WARNING,
    "A new way to authenticate, or a new session setting, is created.",
    "Check that it is needed.",
)
RULES: Final = (PROVIDER, ASSIGNED, UNLIMITED, ROLE, CREDENTIALS, ADDED)

_PROVIDERS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_iam_openid_connect_provider": (
            Guard(PROVIDER, "url", changed(), "The issuer of tokens changes"),
            Guard(PROVIDER, "client_id_list", extended(), "Tokens for another audience are accepted"),
            Guard(PROVIDER, "thumbprint_list", extended(), "Another certificate of the issuer is accepted"),
            Guard(PROVIDER, "", new(), "Tokens of the issuer {name} are accepted"),
        ),
        "aws_iam_saml_provider": (
            Guard(PROVIDER, "saml_metadata_document", changed(), "The identity provider {name} changes"),
            Guard(PROVIDER, "", new(), "Identities of the provider {name} are accepted"),
        ),
        "aws_rolesanywhere_profile": (
            Guard(ASSIGNED, "role_arns", added(), "Holders of certificates may assume roles by {name}"),
            Guard(ADDED, "duration_seconds", raised(), "Sessions of {name} last longer"),
        ),
        "aws_cognito_identity_provider": (
            Guard(PROVIDER, "provider_details", changed(), "The identity provider {name} changes"),
        ),
        "aws_cognito_identity_pool_roles_attachment": (
            Guard(ROLE, "roles", changed(), "Identities of a pool get other roles"),
            Guard(ADDED, "", new(), "Identities of a pool get roles"),
        ),
    },
    for_types(
        ("rolesanywhere_trust_anchor", "ssoadmin_trusted_token_issuer", "eks_identity_provider_config"),
        Guard(PROVIDER, "", new(), "Identities of the provider {name} are accepted"),
    ),
    for_types(
        ("cognito_identity_provider", "verifiedaccess_trust_provider", "verifiedpermissions_identity_source"),
        Guard(ADDED, "", new(), "Identities of the provider {name} are accepted"),
    ),
)
_ASSIGNMENTS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_ssoadmin_permission_set": (
            Guard(ASSIGNED, "session_duration", changed(), "Sessions of {name} have another duration"),
            Guard(ADDED, "", new(), "The permission set {name} is created"),
        ),
        "aws_ssoadmin_instance_access_control_attributes": (
            Guard(ASSIGNED, "attribute", changed(), "Attributes for access control change"),
        ),
        "aws_lightsail_bucket_access_key": (Guard(CREDENTIALS, "", new(), "A long-lived access key is created"),),
        "aws_organizations_organization": (
            Guard(UNLIMITED, "enabled_policy_types", removed(), "Types of control policies are switched off"),
            Guard(ASSIGNED, "aws_service_access_principals", extended(), "A service gets access to all accounts"),
        ),
        "aws_organizations_account": (
            Guard(UNLIMITED, "parent_id", changed(), "The account {name} moves to another unit, with other policies"),
            Guard(ADDED, "", new(), "The account {name} is created"),
        ),
    },
    for_types(
        (
            *("ssoadmin_account_assignment", "ssoadmin_managed_policy_attachment", "ssoadmin_application_assignment"),
            *("ssoadmin_customer_managed_policy_attachment", "identitystore_group_membership"),
            *("organizations_delegated_administrator", "eks_access_policy_association", "eks_access_entry"),
            *("guardduty_organization_admin_account", "securityhub_organization_admin_account", "fms_admin_account"),
            *("macie2_organization_admin_account", "inspector2_delegated_admin_account", "quicksight_role_membership"),
            *("vpc_ipam_organization_admin_account", "detective_organization_admin_account"),
            *("servicecatalog_principal_portfolio_association", "grafana_role_association"),
        ),
        Guard(ASSIGNED, "", new(), "A principal gets permissions by {name}"),
    ),
    for_types(
        ("identitystore_user", "iam_user", "quicksight_user", "redshiftserverless_custom_domain_association"),
        Guard(ADDED, "", new(), "The user {name} is created"),
    ),
    for_types(
        ("iam_user_ssh_key", "iam_signing_certificate", "transfer_ssh_key", "iot_certificate", "api_gateway_api_key"),
        Guard(ADDED, "", new(), "{name} gets a long-lived credential"),
    ),
)
_LIMITS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_organizations_policy": (
            Guard(UNLIMITED, "", gone(), "The control policy {name} is deleted"),
            Guard(UNLIMITED, "content", emptied(), "The control policy {name} is emptied"),
        ),
        "aws_organizations_policy_attachment": (
            Guard(UNLIMITED, "policy_id", changed(), "Another control policy is attached"),
        ),
        "aws_iam_account_password_policy": (
            Guard(CREDENTIALS, "", gone(), "The password policy of the account is deleted"),
            Guard(CREDENTIALS, "minimum_password_length", lowered(), "Passwords may be shorter"),
            Guard(CREDENTIALS, "max_password_age", raised(), "Passwords may be older"),
            Guard(CREDENTIALS, "password_reuse_prevention", lowered(), "Passwords may be used again"),
        ),
        "aws_iam_virtual_mfa_device": (Guard(CREDENTIALS, "", gone(), "The MFA device {name} is deleted"),),
        "aws_cognito_user_pool": (
            Guard(CREDENTIALS, "mfa_configuration", ceases("ON"), "MFA of {name} is not required any more"),
            Guard(CREDENTIALS, "password_policy.0.minimum_length", lowered(), "Passwords of {name} may be shorter"),
            Guard(ADDED, "admin_create_user_config.0.allow_admin_create_user_only", turned_off(), "Anyone may sign up"),
        ),
        "aws_ec2_instance_metadata_defaults": (
            Guard(CREDENTIALS, "http_tokens", becomes("optional"), "Instance metadata are available without a session"),
            Guard(CREDENTIALS, "", gone(), "The defaults of instance metadata are removed"),
        ),
        "aws_iam_role": (Guard(ADDED, "max_session_duration", raised(), "Sessions of {name} last longer"),),
    },
    for_types(
        ("organizations_policy_attachment", "ssoadmin_permissions_boundary_attachment"),
        Guard(UNLIMITED, "", gone(), "A control policy or boundary is detached"),
    ),
    for_types(
        ("instance", "launch_template", "launch_configuration", "spot_instance_request"),
        Guard(
            CREDENTIALS,
            "metadata_options.0.http_tokens",
            becomes("optional"),
            "Instance metadata of {name} is available without a session (IMDSv1)",
        ),
        Guard(
            CREDENTIALS,
            "metadata_options.0.http_put_response_hop_limit",
            raised(),
            "Containers reach the metadata",
        ),
    ),
)


def _role(path: str) -> Guard:
    return Guard(ROLE, path, replaced(), "{name} gets another role")


_ROLES: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_sagemaker_model": (_role("execution_role_arn"),),
        "aws_sagemaker_domain": (
            _role("default_user_settings.0.execution_role"),
            _role("default_space_settings.0.execution_role"),
        ),
        "aws_sagemaker_user_profile": (_role("user_settings.0.execution_role"),),
        "aws_instance": (_role("iam_instance_profile"),),
        "aws_launch_configuration": (_role("iam_instance_profile"),),
        "aws_launch_template": (_role("iam_instance_profile.0.arn"), _role("iam_instance_profile.0.name")),
        "aws_ecs_task_definition": (_role("task_role_arn"), _role("execution_role_arn")),
        "aws_codebuild_project": (_role("service_role"),),
        "aws_cloudformation_stack": (_role("iam_role_arn"),),
        "aws_cloudformation_stack_set": (_role("administration_role_arn"), _role("execution_role_name")),
        "aws_scheduler_schedule": (_role("target.0.role_arn"),),
        "aws_emr_cluster": (_role("service_role"), _role("ec2_attributes.0.instance_profile")),
        "aws_eks_node_group": (_role("node_role_arn"),),
        "aws_batch_compute_environment": (
            _role("service_role"),
            _role("compute_resources.0.instance_role"),
            _role("compute_resources.0.spot_iam_fleet_role"),
        ),
        "aws_apprunner_service": (_role("instance_configuration.0.instance_role_arn"),),
        "aws_bedrockagent_agent": (_role("agent_resource_role_arn"),),
    },
    for_types(("iam_instance_profile", "lambda_function"), _role("role")),
    for_types(
        (
            *("sagemaker_notebook_instance", "sagemaker_pipeline", "sagemaker_feature_group", "glue_job"),
            *("sfn_state_machine", "eks_pod_identity_association", "cloudwatch_event_target", "pipes_pipe"),
            *(
                "codepipeline",
                "eks_cluster",
                "appautoscaling_target",
                "bedrockagent_knowledge_base",
            ),
            "sagemaker_mlflow_tracking_server",
        ),
        _role("role_arn"),
    ),
)
TABLE: Final = merged(_PROVIDERS, _ASSIGNMENTS, _LIMITS, _ROLES)
TYPES: Final = frozenset({*TABLE, "aws_batch_job_definition"})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check identities and their limits."""
    yield from guards.check(plan, TABLE)
    for change in plan.of_types({"aws_batch_job_definition"}):
        if change.before and change.after:
            yield from _job(plan, change)


def _job(plan: Plan, change: Change) -> Iterator[Finding]:
    """Check the roles of a job definition, which are a part of its JSON."""
    had, has = (_properties(value_of("container_properties")) for value_of in (change.old, change.new))
    for member in ("jobRoleArn", "executionRoleArn"):
        if had.get(member) and had.get(member) != has.get(member) and has:
            before, after = quoted(had[member]), quoted(has.get(member) or "none")
            yield ROLE.at(
                plan.stack, change, f"Jobs of {change.name('name')} get another role: from {before} to {after}."
            )


def _properties(text: object) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
