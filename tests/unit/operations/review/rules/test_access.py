from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.review.policies import difference, grants
from tests.unit.operations.review.plans import OTHER, OWN, allow, change, policy, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

READ = allow("s3:GetObject", "arn:aws:s3:::lake/*")
ADDRESS = "aws_iam_role_policy.x"


def role_policy(document: str) -> dict[str, Any]:
    return {"name": "data", "role": "trainer", "policy": document}


def changed(folder: Path, before: str, after: str) -> dict[str, str]:
    return texts(reviewed(folder, change(ADDRESS, role_policy(before), role_policy(after))))


def test_a_new_action_is_reported_with_its_resource(tmp_path: Path) -> None:
    after = policy(allow(["s3:GetObject", "s3:DeleteObject"], "arn:aws:s3:::lake/*"))
    assert changed(tmp_path, policy(READ), after) == {
        "MLR201": "Role `trainer` is now also allowed `s3:DeleteObject` on `arn:aws:s3:::lake/*`."
    }


def test_equivalent_policies_have_no_difference(tmp_path: Path) -> None:
    before = policy(allow(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::lake/*"], Sid="One"))
    after = policy(allow("s3:PutObject", "arn:aws:s3:::lake/*"), READ)
    assert changed(tmp_path, before, after) == {}


def test_an_action_that_a_wildcard_included_is_not_new(tmp_path: Path) -> None:
    assert set(changed(tmp_path, policy(allow("s3:*", "*")), policy(READ))) == {"MLR204"}


def test_a_removed_condition_is_reported(tmp_path: Path) -> None:
    before = policy({**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    text = changed(tmp_path, before, policy(READ))["MLR201"]
    assert text.endswith("A previous condition was removed or changed.")


def test_an_added_condition_reduces_permissions(tmp_path: Path) -> None:
    after = policy({**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    assert set(changed(tmp_path, policy(READ), after)) == {"MLR204"}


def test_a_removed_deny_is_held(tmp_path: Path) -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    assert changed(tmp_path, policy(READ, deny), policy(READ)) == {
        "MLR207": "Role `trainer` is no longer denied `s3:DeleteObject` on `*`."
    }


@pytest.mark.parametrize(
    "statement",
    [
        allow("*", "arn:aws:s3:::lake"),
        allow("s3:*"),
        allow("iam:PassRole"),
        {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
    ],
)
def test_a_sweeping_statement_is_held_in_a_new_role_too(tmp_path: Path, statement: dict[str, Any]) -> None:
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})
    report = reviewed(
        tmp_path,
        change("aws_iam_role.x", None, {"name": "trainer", "assume_role_policy": trust}),
        change(ADDRESS, None, role_policy(policy(statement))),
    )
    assert set(texts(report)) == {"MLR203"}


def test_not_action_is_reported_as_all_actions_except(tmp_path: Path) -> None:
    after = policy(READ, {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"})
    assert changed(tmp_path, policy(READ), after)["MLR203"] == (
        "Role `trainer` is now allowed all actions except `iam:* and sts:*` on `*`."
    )


def test_a_new_role_with_a_policy_is_a_note(tmp_path: Path) -> None:
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})
    report = reviewed(
        tmp_path,
        change("aws_iam_role.x", None, {"name": "trainer", "assume_role_policy": trust}),
        change(ADDRESS, None, role_policy(policy(READ))),
    )
    assert set(texts(report)) == {"MLR202"}
    assert report.exit_code == 0


def test_any_principal_in_a_trust_policy_is_held(tmp_path: Path) -> None:
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"})
    report = reviewed(tmp_path, change("aws_iam_role.x", None, {"name": "r", "assume_role_policy": trust}))
    assert texts(report) == {"MLR206": "Any principal may now assume role `r`."}


def test_a_trust_policy_that_loses_its_condition_is_held(tmp_path: Path) -> None:
    principal = {"Federated": "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": principal}
    condition = {"StringEquals": {"gitlab.example.com:sub": "project_path:ml/platform:ref_type:branch:ref:main"}}
    before = {"name": "ci", "assume_role_policy": policy({**statement, "Condition": condition})}
    after = {"name": "ci", "assume_role_policy": policy(statement)}
    assert texts(reviewed(tmp_path, change("aws_iam_role.x", before, after))) == {
        "MLR205": f"An identity authenticated by `{principal['Federated']}` may now assume role `ci`."
    }


def test_a_public_bucket_policy_is_held(tmp_path: Path) -> None:
    document = policy({**READ, "Principal": {"AWS": "*"}})
    report = reviewed(tmp_path, change("aws_s3_bucket_policy.x", None, {"bucket": "lake", "policy": document}))
    assert texts(report)["MLR206"].startswith("Any principal (`*`) is now allowed `s3:GetObject`")


def test_the_policy_of_a_destroyed_bucket_is_not_reported(tmp_path: Path) -> None:
    deny = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"})
    report = reviewed(
        tmp_path,
        change("aws_s3_bucket.x", {"bucket": "lake", "id": "lake"}, None),
        change("aws_s3_bucket_policy.x", {"bucket": "lake", "policy": deny}, None),
    )
    assert set(texts(report)) == {"MLR101"}


def test_the_default_policy_of_a_new_key_is_not_held(tmp_path: Path) -> None:
    root = {
        "Effect": "Allow",
        "Action": "kms:*",
        "Resource": "*",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    }
    report = reviewed(tmp_path, change("aws_kms_key.x", None, {"policy": policy(root)}))
    assert set(texts(report)) == {"MLR202"}


def test_a_policy_that_is_known_after_apply_is_held(tmp_path: Path) -> None:
    after = {"name": "data", "role": "trainer"}
    report = reviewed(tmp_path, change(ADDRESS, role_policy(policy(READ)), after, unknown={"policy": True}))
    assert set(texts(report)) == {"MLR208"}


def test_a_sensitive_policy_is_not_shown(tmp_path: Path) -> None:
    secret = policy(allow("s3:GetObject", "arn:aws:s3:::hunter2/*"))
    report = reviewed(
        tmp_path,
        change(ADDRESS, role_policy(policy(READ)), role_policy(secret), sensitive={"policy": True}),
    )
    assert texts(report) == {"MLR208": "The policy of role `trainer` is sensitive and is not shown."}


def test_an_attached_policy_of_administrators_is_held(tmp_path: Path) -> None:
    after = {"role": "trainer", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    report = reviewed(tmp_path, change("aws_iam_role_policy_attachment.x", None, after))
    assert set(texts(report)) == {"MLR203"}


def test_a_removed_permissions_boundary_is_held(tmp_path: Path) -> None:
    before = {"name": "trainer", "permissions_boundary": "arn:aws:iam::111111111111:policy/boundary"}
    report = reviewed(tmp_path, change("aws_iam_role.x", before, {"name": "trainer", "permissions_boundary": None}))
    assert texts(report)["MLR210"].endswith("changes from `arn:aws:iam::111111111111:policy/boundary` to (not set).")


def test_an_access_key_is_held(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_iam_access_key.x", None, {"user": "ci"}))
    assert texts(report) == {"MLR211": "`ci` gets a long-lived credential."}


def test_a_function_that_any_principal_may_invoke_is_held(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_lambda_permission.x", None, {"function_name": "f", "principal": "*"}))
    assert texts(report) == {"MLR206": "Any principal (`*`) may now invoke the function `f`."}


def test_policies_with_many_wildcards_are_compared_in_bounded_time() -> None:
    before = grants(policy(allow("s3:*" + "*a" * 30)))
    after = grants(json.loads(policy(allow("s3:" + "a" * 60 + "b"))))
    assert len(difference(before, after).more) == 1


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("s3:get*", "s3:GetObject", True),
        ("s3:Get*", "s3:Put*", False),
        ("s3:Get?bject", "s3:Get*bject", False),
        ("*", "iam:PassRole", True),
        ("s3:GetObject", "s3:GetObject*", False),
    ],
)
def test_a_wildcard_covers_what_it_matches(wide: str, narrow: str, *, covers: bool) -> None:
    found = difference(grants(policy(allow(wide))), grants(policy(allow(narrow))))
    assert (found.more == ()) is covers


TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def new_role(folder: Path, trust: dict[str, Any]) -> set[tuple[str, str]]:
    return rules_of(folder, change("aws_iam_role.x", None, {"name": "r", "assume_role_policy": policy(trust)}))


@pytest.mark.parametrize(
    "statement",
    [
        allow("iam:Put*"),
        allow("iam:*", "arn:aws:iam::123456789012:role/*"),
        allow("s3:*", "arn:aws:s3:::*"),
        allow("iam:PassRole", "arn:aws:iam::123456789012:role/*"),
        allow("sts:*"),
        allow("ssm:SendCommand", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        allow("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*"),
    ],
)
def test_privilege_escalation_is_compared_by_what_a_pattern_matches(tmp_path: Path, statement: dict[str, Any]) -> None:
    assert rules_of(tmp_path, change(ADDRESS, None, role_policy(policy(statement)))) == {("MLR203", "hold")}


@pytest.mark.parametrize(
    "actions",
    [
        *("s3:GetObject", "s3:Get*", "secretsmanager:GetSecretValue", "ssm:GetParameter*", "kms:Decrypt"),
        *("ec2:ModifySnapshotAttribute", "kms:ScheduleKeyDeletion", "cloudtrail:StopLogging", "s3:Delete*"),
    ],
)
def test_reading_sharing_or_destroying_everything_is_held(tmp_path: Path, actions: str) -> None:
    assert rules_of(tmp_path, change(ADDRESS, None, role_policy(policy(allow(actions))))) == {("MLR212", "hold")}


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:GetObject", "arn:aws:s3:::lake/*"),
        allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}),
        allow("iam:PassRole", "arn:aws:iam::123456789012:role/recsys-dev-*"),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"]),
        allow("ec2:Describe*"),
        allow("cloudwatch:PutMetricData"),
    ],
)
def test_a_narrow_policy_of_a_new_role_is_a_note(tmp_path: Path, statement: dict[str, Any]) -> None:
    role = change("aws_iam_role.x", None, {"name": "trainer"})
    assert rules_of(tmp_path, role, change(ADDRESS, None, role_policy(policy(statement)))) == {("MLR202", "note")}


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringEquals": {"s3:x-amz-acl": "private"}},
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
    ],
)
def test_a_condition_on_the_request_leaves_a_policy_public(tmp_path: Path, condition: dict[str, Any]) -> None:
    document = policy({**READ, "Principal": "*", "Condition": condition})
    bucket = change("aws_s3_bucket.b", None, {"bucket": "lake"})
    found = rules_of(tmp_path, bucket, change("aws_s3_bucket_policy.x", None, {"bucket": "lake", "policy": document}))
    assert found == {("MLR206", "hold")}


@pytest.mark.parametrize(
    ("principal", "condition", "found"),
    [
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, {}, ("MLR213", "hold")),
        ({"AWS": OTHER}, {}, ("MLR213", "hold")),
        ("*", {"StringEquals": {"aws:PrincipalAccount": OTHER}}, ("MLR213", "hold")),
        ({"Service": "sns.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": OTHER}}, ("MLR213", "hold")),
        ({"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}, {}, ("MLR213", "hold")),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2"}}, ("MLR214", "warning")),
        ({"AWS": f"arn:aws:iam::{OWN}:role/trainer"}, {}, ("MLR214", "warning")),
        ({"Service": "logging.s3.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": OWN}}, ("MLR202", "note")),
        ({"AWS": "arn:aws:iam::127311923021:root"}, {}, ("MLR214", "warning")),
    ],
)
def test_a_grant_of_a_new_resource_to_another_account_is_held(
    tmp_path: Path, principal: Any, condition: dict[str, Any], found: tuple[str, str]
) -> None:
    statement = {**READ, "Principal": principal} | ({"Condition": condition} if condition else {})
    after = {"bucket": "lake", "policy": policy(statement)}
    bucket = change("aws_s3_bucket.b", None, {"bucket": "lake"})
    assert rules_of(tmp_path, bucket, change("aws_s3_bucket_policy.x", None, after)) == {found}


@pytest.mark.parametrize(
    ("trust", "found"),
    [
        ({**TRUST, "Principal": {"Service": "sagemaker.amazonaws.com"}}, set()),
        ({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{OWN}:role/ci"}}, {("MLR214", "warning")}),
        ({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/ci"}}, {("MLR205", "hold")}),
        (
            {**TRUST, "Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
            {("MLR206", "hold")},
        ),
    ],
)
def test_the_trust_of_a_new_role_is_checked(tmp_path: Path, trust: dict[str, Any], found: set[tuple[str, str]]) -> None:
    assert new_role(tmp_path, trust) == found


@pytest.mark.parametrize(
    ("subject", "found"), [("repo:ml/platform:ref:refs/heads/main", ("MLR214", "warning")), ("*", ("MLR205", "hold"))]
)
def test_a_new_role_for_all_projects_of_a_provider_is_held(
    tmp_path: Path, subject: str, found: tuple[str, str]
) -> None:
    provider = f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
    trust = {**TRUST, "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider}}
    assert new_role(tmp_path, {**trust, "Condition": condition}) == {found}


def test_a_key_that_loses_the_statement_of_its_account_is_held(tmp_path: Path) -> None:
    root = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{OWN}:root"})
    role = allow("kms:Decrypt", Principal={"AWS": f"arn:aws:iam::{OWN}:role/trainer"})
    before, after = ({"id": "k", "policy": policy(*each)} for each in ((root, role), (role,)))
    assert ("MLR215", "hold") in rules_of(tmp_path, change("aws_kms_key.x", before, after))


def test_a_widened_policy_of_an_endpoint_is_held(tmp_path: Path) -> None:
    narrow = allow("s3:GetObject", "arn:aws:s3:::lake/*", Principal="*")
    before, after = ({"id": "vpce-1", "policy": policy(each)} for each in (narrow, allow("*", Principal="*")))
    found = rules_of(tmp_path, change("aws_vpc_endpoint.x", before, after))
    assert ("MLR216", "hold") in found


def test_the_policy_of_a_new_role_is_summarized(tmp_path: Path) -> None:
    actions = [f"s3:Get{name}" for name in ("Object", "BucketPolicy", "BucketTagging", "ObjectTagging", "Acl")]
    role = change("aws_iam_role.x", None, {"name": "trainer"})
    report = reviewed(tmp_path, role, change(ADDRESS, None, role_policy(policy(allow(actions, "arn:aws:s3:::lake")))))
    assert texts(report) == {
        "MLR202": (
            "Role `trainer` is allowed 5 actions of `s3` on 1 resource. The changed attributes contain the policy."
        )
    }
