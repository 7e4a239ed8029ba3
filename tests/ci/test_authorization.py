"""Statements that have no effect are found. The reference is an excerpt of AWS's, in the form that is installed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ci.authorization import Reference, findings

_TAGS = ["aws:ResourceTag/${TagKey}"]


def an_action(*types: str, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    about = {each: {"condition_keys": []} for each in types}
    return {"resource_types": {**about, "": {"condition_keys": list(keys)}}}


REFERENCE = Reference(
    {
        "s3": {
            "privileges": {
                "GetObject": an_action("object", keys=("s3:VersionId",)),
                "ListBucket": an_action("bucket", keys=("s3:prefix",)),
                "ListAllMyBuckets": an_action(),
            },
            "resources": {
                "object": {"arn": "arn:${Partition}:s3:::${BucketName}/${ObjectName}", "condition_keys": []},
                "bucket": {"arn": "arn:${Partition}:s3:::${BucketName}", "condition_keys": []},
            },
        },
        "ecr": {
            "privileges": {"BatchGetImage": an_action("repository*")},
            "resources": {
                "repository": {
                    "arn": "arn:${Partition}:ecr:${Region}:${Account}:repository/${RepositoryName}",
                    "condition_keys": _TAGS,
                },
            },
        },
        "sts": {
            "privileges": {"AssumeRoleWithWebIdentity": an_action("role", keys=("accounts.google.com:sub",))},
            "resources": {
                "role": {"arn": "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", "condition_keys": _TAGS}
            },
        },
    }
)
REPOSITORY = "arn:aws:ecr:us-east-1:111111111111:repository/recsys-dev/ranker"
ISSUER = "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com"


def found(**statement: Any) -> list[str]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    config = {"resource": {"aws_iam_role_policy": {"read": {"policy": policy}}}}
    told = list(findings(config, REFERENCE))
    assert {address for address, _ in told} <= {"aws_iam_role_policy.read"}
    return [str(finding) for _, finding in told]


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::recsys-dev-raw/*"},
        {"Action": "s3:getobject", "Resource": "${aws_s3_bucket.raw.arn}/clicks/*"},
        {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]},
        {"Action": "s3:List*", "Resource": "arn:aws:s3:::lake", "Condition": {"StringLike": {"s3:prefix": "clicks/*"}}},
        {"Action": "s3:ListAllMyBuckets", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Action": "ecr:BatchGetImage", "Resource": "arn:aws:ecr:*:111111111111:repository/recsys-*"},
        {
            "Action": "ecr:BatchGetImage",
            "Resource": REPOSITORY,
            "Condition": {"StringEquals": {"aws:ResourceTag/Environment": "dev"}},
        },
        {
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": ISSUER},
            "Condition": {"StringLike": {"gitlab.example.com:sub": "project_path:ml/platform:*"}},
        },
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::lake"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
    ],
)
def test_an_effective_statement_has_no_finding(statement: dict[str, Any]) -> None:
    assert found(**statement) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Action": "s3:GetObjct", "Resource": "*"}, "AWS has no action 's3:GetObjct'."),
        ({"Action": "s4:GetObject", "Resource": "*"}, "AWS has no action 's4:GetObject'."),
        (
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake"},
            "'s3:GetObject' does not apply to arn:aws:s3:::lake.",
        ),
        (
            {"Action": "ecr:BatchGetImage", "Resource": REPOSITORY.replace("repository/", "repositories/")},
            "'ecr:BatchGetImage' does not apply to arn:aws:ecr:us-east-1:111111111111:repositories/recsys-dev/ranker.",
        ),
        (
            {"Action": "ecr:BatchGetImage", "Resource": "*"},
            "'ecr:BatchGetImage' is allowed on all resources, but supports resource-level permissions.",
        ),
        (
            {
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::lake/*",
                "Condition": {"StringLike": {"s3:prefix": "clicks/*"}},
            },
            "Requests for 's3:GetObject' do not contain the condition key 's3:prefix'.",
        ),
        (
            {
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::lake/*",
                "Condition": {"StringEquals": {"aws:ResourceTag/Zone": "raw"}},
            },
            "Requests for 's3:GetObject' do not contain the condition key 'aws:ResourceTag/Zone'.",
        ),
        (
            {
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": ISSUER},
                "Condition": {"StringLike": {"gitlab.example.org:sub": "project_path:ml/platform:*"}},
            },
            "Requests for 'sts:AssumeRoleWithWebIdentity' do not contain the condition key 'gitlab.example.org:sub'.",
        ),
    ],
)
def test_a_statement_without_effect_is_a_finding(statement: dict[str, Any], said: str) -> None:
    assert said in found(**statement)


def test_a_resource_that_no_action_supports_is_a_finding() -> None:
    said = found(Action=["s3:GetObject"], Resource=["arn:aws:s3:::lake/*", REPOSITORY])
    assert said == [f"'s3:GetObject' does not apply to {REPOSITORY}."]
