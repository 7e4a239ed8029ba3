"""Buckets in a local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.operations.audit.readers.s3 import READERS
from tests.unit.operations.audit.readers.reading import PLACE, read, read_one

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKED = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)


def test_a_bucket_has_its_region_and_tags(client: Callable[..., Any]) -> None:
    s3 = client("s3", "eu-west-1")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_tagging(Bucket="data", Tagging={"TagSet": [{"Key": "Owner", "Value": "ana"}]})
    s3.put_public_access_block(Bucket="data", PublicAccessBlockConfiguration=BLOCKED)
    found = read_one(client, "bucket")
    assert (found.region, found.tags, found.problems) == ("eu-west-1", {"Owner": "ana"}, ())


def test_public_access_is_a_problem(client: Callable[..., Any]) -> None:
    client("s3").create_bucket(Bucket="site")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("s3").put_bucket_policy(Bucket="site", Policy=policy)
    assert "The bucket does not block all public access; the account may." in read_one(client, "bucket").problems


def test_a_bucket_that_denies_its_settings_hides_no_other(
    client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = client("s3")
    for name in ("closed", "open"):
        s3.create_bucket(Bucket=name)
    tagging = s3.get_bucket_tagging

    def deny(**named: Any) -> Any:
        if named["Bucket"] == "closed":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "denied"}}, "GetBucketTagging")
        return tagging(**named)

    monkeypatch.setattr(s3, "get_bucket_tagging", deny)
    found = READERS[0].read(s3, PLACE)
    problems = {each.id: each.problems for each in (next(found), next(found))}
    with pytest.raises(ClientError, match="AccessDenied"):
        next(found)
    assert problems["closed"] == ("The settings of the bucket could not be read.",)
    assert problems["open"] == ("The bucket does not block all public access; the account may.",)


def test_no_buckets(client: Callable[..., Any]) -> None:
    assert read(client, "bucket") == []
