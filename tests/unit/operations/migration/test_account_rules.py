"""Proposals for networks, keys, identities and budgets."""

from __future__ import annotations

import pytest

from mlinfra.operations.migration import Confidence, Outcome
from tests.unit.operations.migration.states import proposal_of, resource

GITLAB = (
    '{"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/gitlab.com"}}'
)
EKS = GITLAB.replace("gitlab.com", "oidc.eks.eu-west-1.amazonaws.com/id/gitlab")


@pytest.mark.parametrize(
    "kind",
    [
        *("aws_vpc", "aws_subnet", "aws_route_table_association", "aws_nat_gateway", "aws_vpc_endpoint", "aws_kms_key"),
        *("aws_vpc_endpoint_route_table_association", "aws_iam_openid_connect_provider", "aws_iam_user"),
    ],
)
def test_networks_keys_and_identities_stay(kind: str) -> None:
    found = proposal_of(f"{kind}.x", resource(f"{kind}.x")).verdict
    assert (found.outcome, found.confidence) == (Outcome.HCL, Confidence.HIGH)
    assert "mlinfra has no construct for aws_" not in found.reason


def test_a_role_that_a_pipeline_assumes_is_replaced_and_one_of_kubernetes_stays() -> None:
    role = proposal_of("aws_iam_role.r", resource("aws_iam_role.r", assume_role_policy=GITLAB)).verdict
    assert (role.construct, role.confidence) == ("CiRoles", Confidence.MEDIUM)
    assert proposal_of("aws_iam_role.r", resource("aws_iam_role.r", assume_role_policy=EKS)).verdict.construct == ""


def test_a_lock_table_of_terraform_is_named_as_such() -> None:
    found = proposal_of("aws_dynamodb_table.t", resource("aws_dynamodb_table.t", hash_key="LockID")).verdict
    assert "locks the Terraform state" in found.reason


@pytest.mark.parametrize(
    ("kind", "construct", "in_place"),
    [
        ("aws_budgets_budget", "Budget", False),
        ("aws_ce_anomaly_monitor", "CostAnomalyAlert", False),
        ("aws_ce_cost_allocation_tag", "CostAllocationTags", True),
        ("aws_cur_report_definition", "CostExport", False),
    ],
)
def test_control_of_cost_has_constructs(kind: str, construct: str, *, in_place: bool) -> None:
    found = proposal_of(f"{kind}.x", resource(f"{kind}.x")).verdict
    assert (found.construct, found.in_place) == (construct, in_place)
