from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import AwsAccount, account_of
from mlinfra.operations.bootstrap.takeover import import_blocks, unmanaged
from mlinfra.operations.terraform.state import State
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

STACK = {
    "resource": {
        "aws_kms_key": {"key": {"description": "Encrypts the state."}},
        "aws_kms_alias": {"alias": {"name": "alias/state", "target_key_id": "${aws_kms_key.key.key_id}"}},
        "aws_s3_bucket": {"bucket": {"bucket": "the-state"}},
        "aws_s3_bucket_versioning": {"versioning": {"bucket": "the-state"}},
        "aws_dynamodb_table": {"table": {"name": "the-locks"}},
        "aws_iam_policy": {"boundary": {"name": "the-boundary"}},
    }
}

DOCUMENT = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'


@pytest.fixture
def account(local_aws: LocalAws) -> AwsAccount:  # noqa: ARG001
    return account_of(an_environment(account_id="123456789012"))


def make_key(client: Callable[[str], Any], description: str = "Encrypts the state.") -> str:
    return str(client("kms").create_key(Description=description)["KeyMetadata"]["KeyId"])


def test_in_an_empty_account_there_is_nothing_to_take_over(account: AwsAccount) -> None:
    assert unmanaged(STACK, State(), account) == {}


def test_everything_that_cannot_be_made_twice_is_found(account: AwsAccount, client: Callable[[str], Any]) -> None:
    key = make_key(client)
    client("kms").create_alias(AliasName="alias/state", TargetKeyId=key)
    client("s3").create_bucket(Bucket="the-state")
    client("dynamodb").create_table(
        TableName="the-locks",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("iam").create_policy(PolicyName="the-boundary", PolicyDocument=DOCUMENT)
    assert unmanaged(STACK, State(), account) == {
        "aws_kms_key.key": key,
        "aws_kms_alias.alias": "alias/state",
        "aws_s3_bucket.bucket": "the-state",
        "aws_dynamodb_table.table": "the-locks",
        "aws_iam_policy.boundary": "arn:aws:iam::123456789012:policy/the-boundary",
    }


def test_what_the_state_knows_is_left_alone(account: AwsAccount, client: Callable[[str], Any]) -> None:
    client("s3").create_bucket(Bucket="the-state")
    assert unmanaged(STACK, State({"aws_s3_bucket.bucket": "the-state"}), account) == {}


def test_a_key_without_its_alias_is_known_by_its_description(account: AwsAccount, client: Callable[[str], Any]) -> None:
    make_key(client, "Something else.")
    key = make_key(client)
    assert unmanaged(STACK, State(), account) == {"aws_kms_key.key": key}


def test_a_key_that_is_going_away_is_not_taken_over(account: AwsAccount, client: Callable[[str], Any]) -> None:
    client("kms").schedule_key_deletion(KeyId=make_key(client), PendingWindowInDays=7)
    assert unmanaged(STACK, State(), account) == {}


def test_the_alias_decides_between_keys_of_one_description(account: AwsAccount, client: Callable[[str], Any]) -> None:
    make_key(client)
    right = make_key(client)
    client("kms").create_alias(AliasName="alias/state", TargetKeyId=right)
    assert unmanaged(STACK, State(), account)["aws_kms_key.key"] == right


def test_several_keys_of_one_description_are_not_guessed_between(
    account: AwsAccount, client: Callable[[str], Any]
) -> None:
    keys = sorted([make_key(client), make_key(client)])
    with pytest.raises(OperationError) as refused:
        unmanaged(STACK, State(), account)
    assert "Several KMS keys have the description 'Encrypts the state.'" in refused.value.message
    assert all(key in refused.value.message for key in keys)
    assert "Create the alias alias/state for the key to keep" in refused.value.message


def test_existing_resources_are_imported_by_terraform() -> None:
    assert import_blocks({"aws_s3_bucket.bucket": "the-state"}) == {
        "import": [{"to": "aws_s3_bucket.bucket", "id": "the-state"}]
    }
