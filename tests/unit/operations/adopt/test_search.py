"""Finding what shall be adopted, in a local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.adopt.adoption import AdoptionRequest, _find, _name_for, _require_unmanaged
from mlinfra.operations.adopt.kinds import KINDS
from mlinfra.operations.adopt.search import Found, find, find_tagged
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


def refused(account: AwsAccount, asked: AdoptionRequest) -> OperationError:
    with pytest.raises(OperationError) as error:
        _find(account, asked)
    return error.value


def test_a_resource_is_found_by_its_name(account: AwsAccount, bucket: str) -> None:
    assert find(account, bucket, ALL) == found()
    assert find(account, bucket, ALL).tags == {"origin": "console"}


@pytest.mark.parametrize(
    ("arn", "word"), [("arn:aws:s3:::legacy", "bucket"), ("arn:aws:iam::123456789012:role/ml/legacy", "role")]
)
def test_a_resource_is_found_by_its_arn(account: AwsAccount, bucket: str, role: str, arn: str, word: str) -> None:
    assert bucket == role
    assert find(account, arn, ALL).kind.word == word


def test_resources_with_the_same_name_are_listed(account: AwsAccount, bucket: str, role: str) -> None:
    assert bucket == role
    with pytest.raises(OperationError, match=r"matches 2 resources\. Give the id of one of them, or --type") as error:
        find(account, "legacy", ALL)
    assert error.value.details == "bucket legacy\nrole legacy"
    assert find(account, "legacy", [KINDS["role"]]).kind.word == "role"


@pytest.mark.usefixtures("role")
def test_a_bucket_of_a_stranger_with_the_same_name_is_not_found(
    account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS answers 403 for a bucket of another account, and the local AWS has one account only."""
    forbid_buckets(monkeypatch)
    assert find(account, "legacy", ALL).kind is KINDS["role"]


def test_an_own_bucket_that_may_not_be_read_is_not_passed_over(
    account: AwsAccount, bucket: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_buckets(monkeypatch)
    assert bucket == role
    with pytest.raises(ClientError, match="Forbidden"):
        find(account, bucket, ALL)


def forbid_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have S3 answer HeadBucket as for a bucket of another account, or without the permission."""
    original = BaseClient._make_api_call  # noqa: SLF001  what all operations of boto3 call

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation == "HeadBucket":
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, operation)
        return original(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def test_a_missing_resource_is_refused(account: AwsAccount) -> None:
    with pytest.raises(OperationError, match="No instance 'i-0123456789abcdef0' was found in 123456789012, us-east-1"):
        find(account, "i-0123456789abcdef0", ALL)
    with pytest.raises(OperationError, match="No bucket or instance or"):
        find(account, "nothing", ALL)


def test_an_arn_of_another_account_or_region_is_refused(account: AwsAccount) -> None:
    with pytest.raises(OperationError, match="is not in 123456789012, us-east-1"):
        find(account, "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/a", ALL)


def test_an_arn_of_another_type_is_refused_with_the_adoptable_types(account: AwsAccount) -> None:
    with pytest.raises(OperationError, match=r"cannot be adopted\. Expected: the ARN of one of bucket, inst"):
        find(account, "arn:aws:sqs:us-east-1:123456789012:queue", ALL)


def test_all_tags_must_match(account: AwsAccount, bucket: str) -> None:
    assert [each.id for each in find_tagged(account, {"origin": "console"}, ALL)] == [bucket]
    with pytest.raises(OperationError, match="No adoptable resource with the tags origin=console, a=b was found"):
        find_tagged(account, {"origin": "console", "a": "b"}, ALL)


def test_a_resource_that_is_found_twice_is_adopted_once(account: AwsAccount, bucket: str) -> None:
    asked = AdoptionRequest(ids=[bucket], tags={"origin": "console"}, kinds=["bucket"])
    assert [each.id for each in _find(account, asked)] == [bucket]


def test_an_empty_request_is_refused(account: AwsAccount) -> None:
    assert "Expected: ids, ARNs or names; or --tag" in refused(account, AdoptionRequest()).message


def test_an_unknown_kind_is_refused(account: AwsAccount) -> None:
    assert (
        "Resources of the type 'vpc' cannot be adopted"
        in refused(account, AdoptionRequest(ids=["a"], kinds=["vpc"])).message
    )


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"ManagedBy": "terraform"}, "it is in another Terraform state"),
        ({"aws:cloudformation:stack-name": "old"}, "belongs to the CloudFormation stack 'old'"),
        ({"aws:autoscaling:groupName": "nodes"}, "was launched by the auto scaling group 'nodes'"),
    ],
)
def test_a_managed_resource_is_refused(tags: dict[str, str], told: str) -> None:
    with pytest.raises(OperationError) as error:
        _require_unmanaged([found(**tags)], an_environment(), ())
    assert told in error.value.details


def test_a_resource_adopted_by_another_environment_of_the_account_is_refused() -> None:
    staging = an_environment(name="staging", adopted=[an_adopted(id="legacy")])
    with pytest.raises(OperationError) as error:
        _require_unmanaged([found()], an_environment(), [staging])
    assert "aws_s3_bucket.legacy-data in the environment 'staging'" in error.value.details
    elsewhere = an_environment(name="prod", account_id="222222222222", adopted=[an_adopted(id="legacy")])
    _require_unmanaged([found()], an_environment(), [elsewhere])


@pytest.mark.parametrize(
    ("called", "name"), [("Ana's box", "ana-s-box"), ("2024_data", "bucket-2024-data"), ("legacy", "legacy-2")]
)
def test_the_name_in_terraform_is_derived_from_the_name_of_the_resource(called: str, name: str) -> None:
    assert _name_for(Found(KINDS["bucket"], "x", called), {"aws_s3_bucket.legacy"}) == name


def test_resources_of_another_region_are_found_by_region_or_arn(
    account: AwsAccount, client: Callable[..., Any]
) -> None:
    group = client("ec2", "eu-west-1").create_security_group(GroupName="legacy", Description="-")["GroupId"]
    by_region = _find(account, AdoptionRequest(ids=["legacy"], kinds=["security-group"], region="eu-west-1"))
    assert [(each.id, each.region) for each in by_region] == [(group, "eu-west-1")]
    assert str(by_region[0]) == f"security-group {group} (legacy) in eu-west-1"
    arn = f"arn:aws:ec2:eu-west-1:123456789012:security-group/{group}"
    assert _find(account, AdoptionRequest(ids=[arn])) == by_region
    assert _find(account, AdoptionRequest(ids=[arn], region="us-west-2")) == by_region


def test_a_role_has_no_region(account: AwsAccount, role: str) -> None:
    (found_role,) = _find(account, AdoptionRequest(ids=[role], kinds=["role"], region="eu-west-1"))
    assert found_role.region is None


def test_a_resource_of_the_same_name_in_another_region_is_not_managed() -> None:
    adopted = an_adopted(type="aws_sagemaker_endpoint", id="ranker", name="ranker")
    endpoint = Found(KINDS["endpoint"], "ranker", "ranker", region="eu-west-1")
    _require_unmanaged([endpoint], an_environment(adopted=[adopted]), ())
    with pytest.raises(OperationError, match="managed already"):
        _require_unmanaged([endpoint], an_environment(adopted=[adopted.model_copy(update={"region": "eu-west-1"})]), ())
