"""Requests that the policy of a budget's action denies, and the permissions of its role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra import AcceleratorStop, Governance, Pipeline
from mlinfra.catalog import instance_types
from mlinfra.constructs.account.ci_permissions import apply_statements
from mlinfra.constructs.governance.accelerator_denial import denial_statements
from mlinfra.stacks.state import StateStack
from tests.conftest import an_environment
from tests.iam import allowed, denied

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

POLICY = {"Version": "2012-10-17", "Statement": denial_statements()}
INSTANCE = "arn:aws:ec2:us-east-1:111111111111:instance/*"
STOP = an_environment(governance=Governance(accelerator_stop=AcceleratorStop(roles=["recsys-dev-jobs"])))
DENIAL = "arn:aws:iam::111111111111:policy/recsys-dev-no-new-accelerators"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ROLE = "arn:aws:iam::111111111111:role/recsys-dev-budget-actions"


def test_instances_with_an_accelerator_of_the_catalog_are_denied() -> None:
    assert len(instance_types()) > 50
    for name in instance_types():
        assert denied(POLICY, "ec2:RunInstances", INSTANCE, ec2__InstanceType=name), name
        assert denied(POLICY, "ec2:StartInstances", INSTANCE, ec2__InstanceType=name), name


@pytest.mark.parametrize("name", ["m7i.large", "c6a.xlarge", "t3.micro", "r8g.large", "i4i.large", "mac2.metal"])
def test_other_instances_are_not(name: str) -> None:
    assert not denied(POLICY, "ec2:RunInstances", INSTANCE, ec2__InstanceType=name)


def test_groups_can_be_made_smaller_and_not_larger() -> None:
    assert denied(POLICY, "autoscaling:UpdateAutoScalingGroup", autoscaling__MaxSize="4")
    assert not denied(POLICY, "autoscaling:UpdateAutoScalingGroup", autoscaling__MaxSize="0")
    assert denied(POLICY, "autoscaling:SetDesiredCapacity")
    assert not denied(POLICY, "ec2:TerminateInstances", INSTANCE)


def test_accelerators_in_sagemaker_are_denied() -> None:
    assert denied(POLICY, "sagemaker:CreateEndpointConfig", sagemaker__InstanceTypes=["ml.m5.large", "ml.g5.xlarge"])
    assert not denied(POLICY, "sagemaker:CreateEndpointConfig", sagemaker__InstanceTypes=["ml.m5.large"])


@pytest.fixture
def state(synth: Synth) -> Template:
    return synth(StateStack, environment=STOP)


def test_the_role_attaches_this_policy_to_declared_roles_and_nothing_else(state: Template) -> None:
    (body,) = state.resources("aws_iam_role_policy").values()
    policy = json.loads(body["policy"])
    jobs = "arn:aws:iam::111111111111:role/recsys-dev-jobs"
    assert allowed(policy, "iam:AttachRolePolicy", jobs, iam__PolicyARN=DENIAL)
    assert not allowed(policy, "iam:AttachRolePolicy", jobs, iam__PolicyARN=ADMINISTRATOR)
    assert not allowed(policy, "iam:AttachRolePolicy", ROLE, iam__PolicyARN=DENIAL)


def test_only_budgets_of_the_account_assume_the_role(state: Template) -> None:
    (role,) = state.resources("aws_iam_role").values()
    (trust,) = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111111111111"}


def test_the_pipeline_changes_neither_the_policy_nor_the_role() -> None:
    environment = an_environment(pipeline=Pipeline(provider="gitlab", project="ml/platform"))
    policy = {"Version": "2012-10-17", "Statement": apply_statements(environment, issuer_arn=None)}
    for action in ("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"):
        assert denied(policy, action, ROLE), action
    assert not allowed(policy, "iam:CreatePolicyVersion", DENIAL)
    assert allowed(policy, "iam:PassRole", ROLE, iam__PassedToService="budgets.amazonaws.com")
