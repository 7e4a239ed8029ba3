"""Actions that the permissions boundary allows, and the roles that carry it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.checks.wildcards import listed
from mlinfra.constructs.account.permissions_boundary import boundary_statements
from mlinfra.stacks.state import StateStack
from mlinfra.testing import Template
from tests.conftest import ROOT, an_environment
from tests.iam import allowed, denied, managed_policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlinfra.testing import Synth

BOUNDARY = {"Version": "2012-10-17", "Statement": boundary_statements(an_environment())}
ARN = "arn:aws:iam::111111111111:policy/recsys-dev-boundary"
STATE = "arn:aws:s3:::recsys-dev-tfstate-111111111111-us-east-1"
CONSTRUCTS = sorted((ROOT / "tests" / "snapshots" / "__snapshots__" / "test_constructs").glob("*.json"))
PIPELINE = re.compile(r".*-(ci-(plan|drift|apply|train)|budget-actions)")
"""Roles that an administrator creates, without the boundary."""


def roles(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The roles of workloads, by the reference to their name."""
    return {
        f"${{aws_iam_role.{address}.name}}": body
        for address, body in config.get("resource", {}).get("aws_iam_role", {}).items()
        if not PIPELINE.fullmatch(body["name"])
    }


def permissions(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each statement of a workload's role, with the name of the role."""
    known = roles(config)
    managed = managed_policies()
    for body in config.get("resource", {}).get("aws_iam_role_policy", {}).values():
        if body["role"] in known:
            policy = body["policy"]
            text = policy if isinstance(policy, str) else json.dumps(policy)
            for reference, role in known.items():
                arn = f"arn:aws:iam::111111111111:role/{role['name']}"
                text = text.replace(reference.replace(".name}", ".arn}"), arn)
            for each in listed(json.loads(text)["Statement"]):
                yield known[body["role"]]["name"], each
    for body in config.get("resource", {}).get("aws_iam_role_policy_attachment", {}).values():
        if body["role"] in known:
            document = managed[body["policy_arn"].rpartition("/")[2]]["Document"]
            for each in listed(document["Statement"]):
                yield known[body["role"]]["name"], each


def lost(config: Mapping[str, Any], boundary: Mapping[str, Any]) -> list[str]:
    """The permissions of roles that the boundary does not allow."""
    found = []
    for name, statement in permissions(config):
        if statement["Effect"] != "Allow":
            continue
        context = {
            key.replace(":", "__"): listed(values)[0]
            for keys in statement.get("Condition", {}).values()
            for key, values in keys.items()
        }
        found += [
            f"{name}: {action} on {resource}"
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
            if not allowed(boundary, action, resource, **context)
        ]
    return found


def test_every_synthesized_role_has_the_boundary_and_works_within_it(synthesized: Path) -> None:
    seen = 0
    for state in sorted(synthesized.glob("*-state/cdk.tf.json")):
        config = Template.read(state.parent)
        (account,) = config.document["provider"]["aws"][0]["allowed_account_ids"]
        policies = config.resources("aws_iam_policy").values()
        (own,) = [each for each in policies if each["name"].endswith("-boundary")]
        environment = state.parent.name.removesuffix("-state")
        for path in sorted(synthesized.glob(f"{environment}-*/cdk.tf.json")):
            stack = json.loads(path.read_text().replace(account, "111111111111"))
            for role in roles(stack).values():
                assert role["permissions_boundary"] == f"arn:aws:iam::111111111111:policy/{own['name']}", role["name"]
                seen += 1
            assert lost(stack, json.loads(own["policy"].replace(account, "111111111111"))) == [], path.parent.name
    assert seen > 40


@pytest.mark.parametrize("path", CONSTRUCTS, ids=lambda path: path.stem)
def test_every_role_of_a_construct_has_the_boundary_and_works_within_it(path: Path) -> None:
    config = json.loads(path.read_text())
    assert {role.get("permissions_boundary") for role in roles(config).values()} <= {ARN}
    assert lost(config, BOUNDARY) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateRole", "arn:aws:iam::111111111111:role/recsys-dev-x"),
        ("iam:PutRolePolicy", "arn:aws:iam::111111111111:role/recsys-dev-x"),
        ("iam:AttachRolePolicy", "arn:aws:iam::111111111111:role/recsys-dev-x"),
        ("iam:CreateAccessKey", "arn:aws:iam::111111111111:user/x"),
        ("iam:CreatePolicyVersion", ARN),
        ("iam:DeleteRolePermissionsBoundary", "arn:aws:iam::111111111111:role/recsys-dev-x"),
        ("sts:AssumeRole", "arn:aws:iam::111111111111:role/admin"),
        ("organizations:LeaveOrganization", "*"),
        ("account:CloseAccount", "*"),
        ("cloudtrail:StopLogging", "arn:aws:cloudtrail:us-east-1:111111111111:trail/x"),
        ("cloudtrail:PutEventSelectors", "arn:aws:cloudtrail:us-east-1:111111111111:trail/x"),
        ("ec2:DeleteFlowLogs", "arn:aws:ec2:us-east-1:111111111111:vpc-flow-log/x"),
        ("logs:DeleteLogGroup", "arn:aws:logs:us-east-1:111111111111:log-group:x"),
        ("ssm:SendCommand", "arn:aws:ec2:us-east-1:111111111111:instance/i-1"),
        ("s3:GetObject", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate"),
        ("s3:DeleteObject", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate"),
        ("dynamodb:DeleteItem", "arn:aws:dynamodb:us-east-1:111111111111:table/recsys-dev-tfstate-lock"),
    ],
)
def test_no_role_of_a_workload_can_escalate_silence_or_read_the_state(action: str, resource: str) -> None:
    assert denied(BOUNDARY, action, resource)


def test_no_role_of_a_workload_uses_the_key_of_the_state() -> None:
    key = "arn:aws:kms:us-east-1:111111111111:key/1"
    assert denied(BOUNDARY, "kms:Decrypt", key, kms__ResourceAliases=["alias/recsys-dev-tfstate"])
    assert allowed(BOUNDARY, "kms:Decrypt", key, kms__ResourceAliases=["alias/recsys-dev-data-lake"])


@pytest.mark.parametrize(
    "action",
    [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateVpcPeeringConnection",
        "ec2:RunInstances",
        "kms:PutKeyPolicy",
        "lambda:CreateFunction",
        "lambda:UpdateFunctionCode",
        "s3:DeleteBucket",
        "s3:PutBucketPolicy",
        "cloudwatch:DeleteAlarms",
    ],
)
def test_a_role_of_a_workload_changes_no_infrastructure(action: str) -> None:
    assert not allowed(BOUNDARY, action, "*")


def test_roles_are_passed_to_sagemaker_only() -> None:
    own = "arn:aws:iam::111111111111:role/recsys-dev-studio-ranking"
    assert allowed(BOUNDARY, "iam:PassRole", own, iam__PassedToService="sagemaker.amazonaws.com")
    assert not allowed(BOUNDARY, "iam:PassRole", own, iam__PassedToService="lambda.amazonaws.com")
    other = "arn:aws:iam::111111111111:role/admin"
    assert not allowed(BOUNDARY, "iam:PassRole", other, iam__PassedToService="sagemaker.amazonaws.com")


def test_the_boundary_fits_into_a_managed_policy() -> None:
    """IAM counts up to 6,144 characters, without white space. Source: IAM user guide, "IAM and AWS STS quotas"."""
    size = len(json.dumps(BOUNDARY, separators=(",", ":")))
    longer_names = 10 * len("p" * 24 + "n" * 24)
    assert size + longer_names <= 6_144


def test_the_state_stack_creates_the_boundary_and_keeps_it(synth: Synth) -> None:
    policy = synth(StateStack).one("aws_iam_policy")
    assert policy["name"] == "recsys-dev-boundary"
    assert json.loads(policy["policy"]) == BOUNDARY
    assert policy["lifecycle"] == {"prevent_destroy": True}


@pytest.mark.parametrize("boundary", ["arn:aws:iam::111111111111:policy/workloads", None])
def test_another_boundary_is_not_created(synth: Synth, boundary: str | None) -> None:
    config = synth(StateStack, environment=an_environment(permissions_boundary=boundary))
    config.has_no_resource("aws_iam_policy")
