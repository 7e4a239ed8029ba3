"""Principals that may use a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra import EncryptionKey

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def statements(synth: Synth, **options: Any) -> dict[str, Any]:
    config = synth.constructs(lambda stack: EncryptionKey(stack, "key", name="k", description="d", **options))
    policy = json.loads(config.one("aws_kms_key")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def test_a_key_is_used_through_the_accounts_own_policies(synth: Synth) -> None:
    by_iam = statements(synth)
    assert list(by_iam) == ["AllowThroughIam"]
    assert by_iam["AllowThroughIam"]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}


def test_volumes_can_be_made_by_an_auto_scaling_group_of_this_account_only(synth: Synth) -> None:
    granted = statements(synth, services=["ec2"])["AllowVolumesOfThisAccount"]
    assert "kms:CreateGrant" in granted["Action"]
    assert granted["Condition"] == {
        "StringEquals": {"kms:CallerAccount": "111111111111", "kms:ViaService": "ec2.us-east-1.amazonaws.com"}
    }


def test_log_groups_of_this_account_only_can_use_it(synth: Synth) -> None:
    granted = statements(synth, services=["logs"])["AllowLogGroupsOfThisAccount"]
    assert granted["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert granted["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:111111111111:*"}
    }


def test_only_what_fsx_acts_as_uses_it_for_linked_buckets(synth: Synth) -> None:
    granted = statements(synth, services=["fsx"])["AllowFileSystemsOfThisAccount"]
    linked = "arn:aws:iam::111111111111:role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/*"
    assert granted["Condition"] == {
        "StringEquals": {"kms:CallerAccount": "111111111111", "kms:ViaService": "s3.us-east-1.amazonaws.com"},
        "StringLike": {"aws:userid": "*:FSx"},
        # Anybody can call a session FSx.
        "ArnLike": {"aws:PrincipalArn": linked},
    }


def test_a_key_is_rotated_and_deleted_after_30_days(synth: Synth) -> None:
    config = synth.constructs(lambda stack: EncryptionKey(stack, "key", name="k", description="d"))
    key = config.one("aws_kms_key")
    assert key["enable_key_rotation"] is True
    assert key["deletion_window_in_days"] == 30
    assert config.one("aws_kms_alias")["name"] == "alias/k"
