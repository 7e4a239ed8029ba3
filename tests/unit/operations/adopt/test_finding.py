"""Finding what shall be adopted, in a local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.adopt.adoption import Asked, _expect_free, _find, _name_for
from mlinfra.operations.adopt.finding import Found, find, find_tagged
from mlinfra.operations.adopt.kinds import KINDS
from mlinfra.operations.aws.account import AwsAccount, account_of
from tests.conftest import an_environment
from tests.unit.declarations.test_adopted import an_adopted

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

ALL = list(KINDS.values())
TRUST = {"Version": "2012-10-17", "Statement": []}


@pytest.fixture
def account(local_aws: LocalAws) -> AwsAccount:  # noqa: ARG001
    return account_of(an_environment(account_id="123456789012"))


@pytest.fixture
def bucket(client: Callable[..., Any]) -> str:
    client("s3").create_bucket(Bucket="legacy")
    client("s3").put_bucket_tagging(Bucket="legacy", Tagging={"TagSet": [{"Key": "origin", "Value": "console"}]})
    return "legacy"


@pytest.fixture
def role(client: Callable[..., Any]) -> str:
    client("iam").create_role(RoleName="legacy", AssumeRolePolicyDocument=json.dumps(TRUST), Path="/ml/")
    return "legacy"


def found(**tags: str) -> Found:
    return Found(KINDS["bucket"], "legacy", "legacy", tags)


def refused(account: AwsAccount, asked: Asked) -> OperationError:
    with pytest.raises(OperationError) as error:
        _find(account, asked)
    return error.value


def test_it_is_found_by_its_name(account: AwsAccount, bucket: str) -> None:
    assert find(account, bucket, ALL) == found()
    assert find(account, bucket, ALL).tags == {"origin": "console"}


@pytest.mark.parametrize(
    ("arn", "word"), [("arn:aws:s3:::legacy", "bucket"), ("arn:aws:iam::123456789012:role/ml/legacy", "role")]
)
def test_it_is_found_by_its_arn(account: AwsAccount, bucket: str, role: str, arn: str, word: str) -> None:
    assert bucket == role
    assert find(account, arn, ALL).kind.word == word


def test_several_of_one_name_are_listed(account: AwsAccount, bucket: str, role: str) -> None:
    assert bucket == role
    with pytest.raises(OperationError, match=r"could be 2 resources\. Give the id of one, or --type") as error:
        find(account, "legacy", ALL)
    assert error.value.details == "bucket legacy\nrole legacy"
    assert find(account, "legacy", [KINDS["role"]]).kind.word == "role"


def test_what_is_not_there_is_refused(account: AwsAccount) -> None:
    with pytest.raises(OperationError, match="There is no instance 'i-0123456789abcdef0' in 123456789012, us-east-1"):
        find(account, "i-0123456789abcdef0", ALL)
    with pytest.raises(OperationError, match="There is no bucket or instance or"):
        find(account, "nothing", ALL)


def test_an_arn_of_elsewhere_is_refused(account: AwsAccount) -> None:
    with pytest.raises(OperationError, match="is not in 123456789012, us-east-1"):
        find(account, "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/a", ALL)


def test_an_arn_of_something_else_is_refused_with_what_can_be_adopted(account: AwsAccount) -> None:
    with pytest.raises(OperationError, match=r"nothing that can be adopted\. Expected: the ARN of one of bucket, inst"):
        find(account, "arn:aws:sqs:us-east-1:123456789012:queue", ALL)


def test_all_tags_have_to_fit(account: AwsAccount, bucket: str) -> None:
    assert [each.id for each in find_tagged(account, {"origin": "console"}, ALL)] == [bucket]
    with pytest.raises(OperationError, match="Nothing that can be adopted has the tags origin=console, a=b"):
        find_tagged(account, {"origin": "console", "a": "b"}, ALL)


def test_what_is_found_twice_is_adopted_once(account: AwsAccount, bucket: str) -> None:
    asked = Asked(ids=[bucket], tags={"origin": "console"}, kinds=["bucket"])
    assert [each.id for each in _find(account, asked)] == [bucket]


def test_nothing_asked_for_is_refused(account: AwsAccount) -> None:
    assert "Expected: ids, ARNs or names; or --tag" in refused(account, Asked()).message


def test_an_unknown_kind_is_refused(account: AwsAccount) -> None:
    assert "'vpc' is nothing that can be adopted" in refused(account, Asked(ids=["a"], kinds=["vpc"])).message


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"ManagedBy": "terraform"}, "a Terraform state has it already"),
        ({"aws:cloudformation:stack-name": "old"}, "belongs to the CloudFormation stack 'old'"),
        ({"aws:autoscaling:groupName": "nodes"}, "was launched by the auto scaling group 'nodes'"),
    ],
)
def test_what_somebody_else_manages_is_refused(tags: dict[str, str], told: str) -> None:
    with pytest.raises(OperationError) as error:
        _expect_free([found(**tags)], an_environment(), ())
    assert told in error.value.details


def test_what_a_neighbour_of_the_account_has_adopted_is_refused() -> None:
    staging = an_environment(name="staging", adopted=[an_adopted(id="legacy")])
    with pytest.raises(OperationError) as error:
        _expect_free([found()], an_environment(), [staging])
    assert "aws_s3_bucket.legacy-data in the environment 'staging'" in error.value.details
    elsewhere = an_environment(name="prod", account_id="222222222222", adopted=[an_adopted(id="legacy")])
    _expect_free([found()], an_environment(), [elsewhere])


@pytest.mark.parametrize(
    ("called", "name"), [("Ana's box", "ana-s-box"), ("2024_data", "bucket-2024-data"), ("legacy", "legacy-2")]
)
def test_its_name_in_terraform_follows_from_what_people_call_it(called: str, name: str) -> None:
    assert _name_for(Found(KINDS["bucket"], "x", called), {"aws_s3_bucket.legacy"}) == name
