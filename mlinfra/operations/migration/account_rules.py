"""Proposals for what an account has once: network, keys, identities, budgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mlinfra.operations.migration.proposal import Confidence, Outcome, Verdict, keep_hcl, replace_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.operations.migration.context import Context
    from mlinfra.operations.migration.resource import Resource

_NETWORK: Final = re.compile(
    r"aws_(default_)?(vpc|subnet|route|route_table|route_table_association|internet_gateway|egress_only_internet_gateway|"
    r"nat_gateway|eip|eip_association|flow_log|network_acl|network_acl_rule|vpc_endpoint|vpc_peering_connection|vpc_dhcp_options|"
    r"vpc_ipv4_cidr_block_association|vpc_endpoint_\w+|ec2_transit_gateway\w*)"
)
_PIPELINE_ISSUERS: Final = ("token.actions.githubusercontent.com", "gitlab")


def network(_: Resource, __: Context) -> Verdict:
    """A part of a network."""
    return keep_hcl(
        "an existing network stays: constructs use it with network=NetworkSettings(vpc_id=..., "
        "private_subnet_ids=[...], "
        "compute_key_arn=...). The stack foundation would create another one"
    )


def key(_: Resource, __: Context) -> Verdict:
    """A KMS key or what belongs to it."""
    return keep_hcl(
        "data that it has encrypted is readable only as long as it exists; constructs have keys of their own"
    )


def table(resource: Resource, _: Context) -> Verdict:
    """A DynamoDB table: a lock table of Terraform, or any other."""
    if resource.values.get("hash_key") == "LockID":
        return keep_hcl(
            "it locks the Terraform state of this configuration; environments have a lock table of their own"
        )
    return keep_hcl("mlinfra has no construct for tables of your own")


def role(resource: Resource, _: Context) -> Verdict | None:
    """A role that pipelines assume. None: any other role, which depends on its users."""
    trust = str(resource.values.get("assume_role_policy") or "")
    if "AssumeRoleWithWebIdentity" not in trust or "oidc.eks" in trust:
        return None
    if not any(issuer in trust for issuer in _PIPELINE_ISSUERS):
        return None
    return replace_by(
        "CiRoles",
        "a pipeline of GitLab or GitHub assumes it with a token",
        Confidence.MEDIUM,
        "Declare pipeline=Pipeline(...): it creates a role each for plans, for drift and for applies. Use them in the "
        "pipeline, and destroy this role when no job assumes it.",
    )


def identity_provider(_: Resource, __: Context) -> Verdict:
    """An OIDC provider of the account."""
    return keep_hcl(
        "an account has one provider for each issuer, which other roles may trust. Declare "
        "Pipeline(create_provider=False)"
    )


def user(_: Resource, __: Context) -> Verdict:
    """A user of IAM, or a key."""
    return keep_hcl("mlinfra has no users or access keys: pipelines use tokens (CiRoles), people use your sign-in")


def budget(_: Resource, __: Context) -> Verdict:
    """A budget."""
    return replace_by(
        "Budget",
        "it is a budget",
        Confidence.MEDIUM,
        "Declare governance=Governance(budgets=[...]), compare both for a month, and destroy this one.",
    )


def anomalies(_: Resource, __: Context) -> Verdict:
    """A monitor of anomalies, or a subscription.

    Source: AWS Cost Anomaly Detection FAQs, one monitor of AWS services in an account, read 2026-11-30.
    """
    return replace_by(
        "CostAnomalyAlert",
        "it detects or reports anomalies of cost",
        Confidence.MEDIUM,
        "Declare governance=Governance(anomalies=AnomalyAlert(...)). An account has one monitor of all services: to "
        "keep it, name it in monitor_arn.",
    )


def allocation_tag(_: Resource, __: Context) -> Verdict:
    """An activated cost allocation tag.

    Source: terraform-provider-aws, internal/service/ce/cost_allocation_tag.go: its deletion makes the tag inactive,
    read 2026-11-30.
    """
    return Verdict(
        Outcome.CONSTRUCT,
        Confidence.HIGH,
        "it activates a tag for bills, which can be activated repeatedly",
        "CostAllocationTags",
        in_place=True,
        way="Forget it in the old state, or its destruction deactivates the tag.",
    )


def export(_: Resource, __: Context) -> Verdict:
    """An export of the bill."""
    return replace_by(
        "CostExport",
        "it exports the bill",
        Confidence.MEDIUM,
        "Declare governance=Governance(cost_export=CostExportSettings()) if `mlinfra cost actual` shall read the "
        "bill. Other readers need this export as before.",
    )


ACCOUNT_RULES: Final[Mapping[str, Callable[[Resource, Context], Verdict | None]]] = {
    "aws_bcmdataexports_export": export,
    "aws_budgets_budget": budget,
    "aws_ce_anomaly_monitor": anomalies,
    "aws_ce_anomaly_subscription": anomalies,
    "aws_ce_cost_allocation_tag": allocation_tag,
    "aws_cur_report_definition": export,
    "aws_dynamodb_table": table,
    "aws_iam_access_key": user,
    "aws_iam_openid_connect_provider": identity_provider,
    "aws_iam_role": role,
    "aws_iam_user": user,
    "aws_kms_alias": key,
    "aws_kms_grant": key,
    "aws_kms_key": key,
    "aws_kms_key_policy": key,
}


def is_network(kind: str) -> bool:
    """True if a type is a part of a network."""
    return _NETWORK.fullmatch(kind) is not None
