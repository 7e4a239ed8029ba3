"""Gap: conditions in bucket policies.

moto treats a statement with unmet conditions as a refusal, so a bucket that denies requests without TLS
refuses all requests. In AWS, a statement applies only if all of its conditions are met. Source: IAM user
guide, "IAM JSON policy elements: Condition" and "Condition operators", read 2026-11-24.
"""

from __future__ import annotations

import json

from flask import has_request_context, request
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket
from moto.sts.models import sts_backends

from mlinfra.local_aws.permissions.policies import conditions_hold
from mlinfra.local_aws.permissions.principals import access_key_of

_ENCRYPTION = "x-amz-server-side-encryption"
_KEY = f"{_ENCRYPTION}-aws-kms-key-id"
_CUSTOMER_ALGORITHM = f"{_ENCRYPTION}-customer-algorithm"


def is_open() -> bool:
    """True if moto refuses requests because of a deny statement with an unmet condition."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    over_tls = {"aws:SecureTransport": "true"}
    answer = IAMPolicyStatement(statement).is_action_permitted(
        "s3:GetObject", "arn:aws:s3:::bucket/key", incoming_condition_values=over_tls
    )
    return answer is PermissionResult.DENIED


def close() -> None:
    """Close the gap: evaluate the conditions of bucket policies."""
    FakeBucket.get_permission = _permission  # type: ignore[method-assign, assignment]


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    statements = json.loads(bucket.policy)["Statement"]
    context = {key.lower(): [value] for key, value in _context().items()}
    result = PermissionResult.NEUTRAL
    for statement in statements if isinstance(statements, list) else [statements]:
        if not conditions_hold(statement.get("Condition", {}), context):
            continue
        answer = IAMPolicyStatement(
            {key: value for key, value in statement.items() if key != "Condition"}
        ).is_action_permitted(action, resource)
        if answer is PermissionResult.DENIED:
            return answer
        if answer is PermissionResult.PERMITTED:
            result = answer
    return result


def _context() -> dict[str, str]:
    """Known condition keys of the present request. An unsigned request has no account.

    The local AWS uses HTTP on loopback instead of TLS, so every request counts as sent over TLS.
    """
    context = {"aws:SecureTransport": "true"}
    if not has_request_context():  # moto's internal requests belong to its own account
        return context | {"aws:PrincipalAccount": DEFAULT_ACCOUNT_ID, "aws:PrincipalIsAWSService": "false"}
    if "Authorization" in request.headers or "X-Amz-Credential" in request.args:
        account_id = request.headers.get("x-moto-account-id", DEFAULT_ACCOUNT_ID)
        context["aws:PrincipalAccount"] = account_id
        context["aws:PrincipalArn"] = _principal(_access_key(), account_id)
        context["aws:PrincipalIsAWSService"] = "false"
    for header in (_ENCRYPTION, _KEY, _CUSTOMER_ALGORITHM, "if-none-match"):
        if header in request.headers:
            context[f"s3:{header}"] = request.headers[header]
    return context


def _access_key() -> str:
    """The access key that signed the present request."""
    return access_key_of(request.headers.get("Authorization", ""), request.args.get("X-Amz-Credential", ""))


def _principal(access_key: str, account_id: str) -> str:
    """The value of aws:PrincipalArn: the role of a session, or a user. Other access keys belong to the root user.

    Source: IAM user guide, "AWS global condition context keys", aws:PrincipalArn, read 2026-11-29.
    """
    session = sts_backends[account_id]["global"].get_assumed_role_from_access_key(access_key)
    if session:
        return str(session.role_arn)
    users = iam_backends[account_id]["aws"].users.values()
    user = next((each for each in users if any(key.access_key_id == access_key for key in each.access_keys)), None)
    return str(user.arn) if user else f"arn:aws:iam::{account_id}:root"
