"""Rotation period and default policy of KMS keys."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def kms(client: Callable[..., Any]) -> Any:
    return client("kms")


def a_key(kms: Any, **request: Any) -> str:
    key: str = kms.create_key(**request)["KeyMetadata"]["KeyId"]
    return key


def test_a_key_rotates_with_the_requested_period(kms: Any) -> None:
    key = a_key(kms)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    found = kms.get_key_rotation_status(KeyId=key)
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"], found["KeyId"]) == (True, 90, key)
    away = found["NextRotationDate"] - datetime.now(timezone.utc)
    assert timedelta(days=89) < away <= timedelta(days=90)


def test_the_default_rotation_period_is_365_days(kms: Any) -> None:
    key = a_key(kms)
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365


def test_a_key_without_rotation_has_no_period(kms: Any) -> None:
    key = a_key(kms)
    kms.enable_key_rotation(KeyId=key)
    kms.disable_key_rotation(KeyId=key)
    found = kms.get_key_rotation_status(KeyId=key)
    assert (found["KeyRotationEnabled"], "RotationPeriodInDays" in found) == (False, False)


def test_a_rotation_period_outside_the_limits_is_refused(kms: Any) -> None:
    assert error_code(kms.enable_key_rotation, KeyId=a_key(kms), RotationPeriodInDays=5000) == "ValidationException"


def test_an_asymmetric_key_does_not_rotate(kms: Any) -> None:
    key = a_key(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    assert error_code(kms.enable_key_rotation, KeyId=key) == "UnsupportedOperationException"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_the_default_key_policy_trusts_the_account(kms: Any) -> None:
    policy = json.loads(kms.get_key_policy(KeyId=a_key(kms), PolicyName="default")["Policy"])
    (statement,) = policy["Statement"]
    assert (policy["Id"], statement["Principal"]) == ("key-default-1", {"AWS": "arn:aws:iam::123456789012:root"})
