"""Requests that the bucket policies of a data lake allow and deny."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DataLake
from tests.unit.constructs.data_lake.test_lake import bucket, lake

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template


def statements(config: Template, zone: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(bucket(config, "aws_s3_bucket_policy", zone)["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


@pytest.mark.parametrize("zone", ["raw", "processed", "features", "models", "access-logs"])
def test_principals_of_other_accounts_are_refused_and_services_are_not(synth: Synth, zone: str) -> None:
    denied = statements(lake(synth), zone)["DenyOtherAccounts"]
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", {"AWS": "*"}, "s3:*")
    assert denied["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": "111111111111"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }


def test_uploads_that_name_another_encryption_are_refused_and_those_that_name_none_are_not(
    synth: Synth,
) -> None:
    named = {"s3:x-amz-server-side-encryption": "false"}
    of_zone = statements(lake(synth), "raw")
    assert of_zone["DenyOtherEncryption"]["Condition"] == {
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
        "Null": named,
    }
    (key,) = of_zone["DenyOtherKeys"]["Condition"]["StringNotEquals"].values()
    assert key.startswith("${aws_kms_key.lake_key_")
    assert of_zone["DenyOtherKeys"]["Condition"]["Null"] == named
    assert of_zone["DenyKeysOfCustomers"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}
    }


def test_trusted_accounts_delegate_reading_to_their_principals(synth: Synth) -> None:
    config = lake(synth, trusted_account_ids=["222222222222"])
    of_zone = statements(config, "raw")
    principals = {"AWS": "arn:aws:iam::222222222222:root"}
    assert of_zone["DenyOtherAccounts"]["Condition"]["StringNotEquals"] == {
        "aws:PrincipalAccount": ["111111111111", "222222222222"]
    }
    assert of_zone["AllowReadingByTrustedAccounts"]["Principal"] == principals
    assert of_zone["AllowReadingByTrustedAccounts"]["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    (key,) = config.resources("aws_kms_key").values()
    decrypting = json.loads(key["policy"])["Statement"][-1]
    assert (decrypting["Principal"], decrypting["Action"]) == (principals, "kms:Decrypt")
    assert decrypting["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}


def test_trusted_accounts_do_not_see_the_access_logs(synth: Synth) -> None:
    config = lake(synth, trusted_account_ids=["222222222222"])
    assert "222222222222" not in json.dumps(statements(config, "access-logs"))


@pytest.mark.parametrize("account", ["111111111111", "2222", "arn:aws:iam::222222222222:root"])
def test_an_invalid_or_the_own_account_is_refused(synth: Synth, account: str) -> None:
    with pytest.raises(
        ValueError, match=r"trusted_account_ids: '.*' is not valid. Expected: accounts other than 1{12}"
    ):
        synth.constructs(lambda stack: DataLake(stack, "lake", trusted_account_ids=[account]))
