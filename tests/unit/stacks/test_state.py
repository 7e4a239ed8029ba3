"""Protections of the state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.stacks.state import StateStack
from tests.conftest import an_environment
from tests.iam import denied

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template


@pytest.fixture
def state(synth: Synth) -> Template:
    return synth(StateStack, inputs={})


@pytest.mark.parametrize("type_name", ["aws_s3_bucket", "aws_dynamodb_table", "aws_kms_key", "aws_iam_policy"])
def test_bucket_table_and_key_of_the_state_cannot_be_destroyed(state: Template, type_name: str) -> None:
    assert state.one(type_name)["lifecycle"] == {"prevent_destroy": True}


def test_the_lock_table_is_on_demand_recoverable_encrypted_and_protected(state: Template) -> None:
    table = state.one("aws_dynamodb_table")
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["server_side_encryption"]["enabled"] is True
    assert table["deletion_protection_enabled"] is True
    assert table["hash_key"] == "LockID"


def test_earlier_versions_of_the_state_are_kept_for_90_days(state: Template) -> None:
    rule, _ = state.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["filter"] == [{"prefix": ""}]
    assert "expiration" not in rule
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 90}]
    assert state.one("aws_s3_bucket_versioning")["versioning_configuration"]["status"] == "Enabled"


def test_the_bucket_refuses_plain_http_and_other_encryption(state: Template) -> None:
    tls, encryption, *_ = json.loads(state.one("aws_s3_bucket_policy")["policy"])["Statement"]
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert encryption["Effect"] == "Deny"
    # Both have to hold: what names no encryption at all gets the bucket's own.
    assert encryption["Condition"] == {
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
        "Null": {"s3:x-amz-server-side-encryption": "false"},
    }


def test_stored_plans_are_deleted_after_days_and_no_state_has_their_prefix(state: Template) -> None:
    _, rule = state.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["filter"] == [{"prefix": "_plans/"}]
    assert rule["expiration"] == [{"days": 3}]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 1}]
    with pytest.raises(ValueError, match="project"):
        an_environment(project="_plans")


KEY = "arn:aws:s3:::recsys-dev-tfstate-111111111111-us-east-1/_plans/dev-data/1a2b/9f86.zip"
STATE_KEY = "arn:aws:s3:::recsys-dev-tfstate-111111111111-us-east-1/recsys/dev/us-east-1/data/terraform.tfstate"
ROLES = "arn:aws:iam::111111111111:role"


@pytest.mark.parametrize(
    ("principal", "reads", "writes"),
    [
        (f"{ROLES}/recsys-dev-ci-plan", False, True),
        (f"{ROLES}/recsys-dev-ci-apply", True, False),
        (f"{ROLES}/recsys-dev-ci-drift", False, False),
        (f"{ROLES}/recsys-dev-eu-west-1-ci-apply", False, False),
        (f"{ROLES}/recsys-dev-studio-ranking", False, False),
        (f"{ROLES}/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef", True, True),
        (f"{ROLES}/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0123", True, True),
        (f"{ROLES}/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ReadOnlyAccess_0123456789abcdef", False, False),
        (f"{ROLES}/AWSReservedSSO_AdministratorAccess_0123456789abcdef", False, False),
        ("arn:aws:iam::111111111111:root", True, True),
        ("arn:aws:iam::222222222222:root", False, False),
    ],
)
def test_the_plan_role_stores_plans_and_the_apply_role_reads_them(
    state: Template, principal: str, *, reads: bool, writes: bool
) -> None:
    policy = json.loads(state.one("aws_s3_bucket_policy")["policy"])
    request = {"aws__PrincipalArn": principal, "aws__SecureTransport": "true"}
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert denied(policy, action, KEY, **request) is not reads
    once = {"s3__if-none-match": "*"}
    assert denied(policy, "s3:PutObject", KEY, **request, **once) is not writes
    assert denied(policy, "s3:PutObject", KEY, **request)
    assert not denied(policy, "s3:GetObject", STATE_KEY, **request)
    assert not denied(policy, "s3:PutObject", STATE_KEY, **request)


def test_its_own_state_is_in_the_bucket_that_it_creates(state: Template) -> None:
    assert state.document["terraform"]["backend"]["s3"]["bucket"] == state.one("aws_s3_bucket")["bucket"]
