"""What keeps state safe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.stacks.state import StateStack
from tests.conftest import only

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def state(synthesize: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return synthesize(stack=StateStack)


@pytest.mark.parametrize("type_name", ["aws_s3_bucket", "aws_dynamodb_table", "aws_kms_key"])
def test_bucket_table_and_key_of_the_state_cannot_be_destroyed(state: dict[str, Any], type_name: str) -> None:
    assert only(state, type_name)["lifecycle"] == {"prevent_destroy": True}


def test_the_lock_table_is_on_demand_recoverable_encrypted_and_protected(state: dict[str, Any]) -> None:
    table = only(state, "aws_dynamodb_table")
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["server_side_encryption"]["enabled"] is True
    assert table["deletion_protection_enabled"] is True
    assert table["hash_key"] == "LockID"


def test_earlier_versions_of_the_state_are_kept_for_90_days(state: dict[str, Any]) -> None:
    (rule,) = only(state, "aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 90}]
    assert only(state, "aws_s3_bucket_versioning")["versioning_configuration"]["status"] == "Enabled"


def test_the_bucket_refuses_plain_http_and_other_encryption(state: dict[str, Any]) -> None:
    tls, encryption = json.loads(only(state, "aws_s3_bucket_policy")["policy"])["Statement"]
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert encryption["Effect"] == "Deny"
    # Both have to hold: what names no encryption at all gets the bucket's own.
    assert encryption["Condition"] == {
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
        "Null": {"s3:x-amz-server-side-encryption": "false"},
    }


def test_its_own_state_is_in_the_bucket_that_it_creates(state: dict[str, Any]) -> None:
    assert state["terraform"]["backend"]["s3"]["bucket"] == only(state, "aws_s3_bucket")["bucket"]
