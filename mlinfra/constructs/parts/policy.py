"""IAM policy documents, written as Python values and rendered the same way every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Conditions: TypeAlias = "Mapping[str, Mapping[str, str | Sequence[str]]]"
"""Values by condition operator and condition key: `{"StringEquals": {"aws:SourceAccount": "..."}}`."""

Statement: TypeAlias = dict[str, object]
"""One statement of a policy, as JSON."""

KEY_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""The actions of a principal that encrypts and decrypts with a KMS key."""


def statement(
    sid: str,
    *,
    actions: Sequence[str],
    resources: Sequence[str],
    effect: Literal["Allow", "Deny"] = "Allow",
    principals: Mapping[str, str | Sequence[str]] | None = None,
    conditions: Conditions | None = None,
) -> Statement:
    """One statement of a policy.

    Args:
        sid: the purpose of the statement, in letters and digits.
        actions: IAM actions, such as `s3:GetObject`.
        resources: ARNs.
        effect: `Allow`, or `Deny`. Default: `Allow`.
        principals: the principals, in a resource policy. Default: none, as in a role's policy.
        conditions: additional conditions. Default: none.
    """
    parts: Statement = {"Sid": sid, "Effect": effect}
    if principals is not None:
        parts["Principal"] = principals
    parts |= {"Action": one_or_list(actions), "Resource": one_or_list(resources)}
    if conditions:
        parts["Condition"] = conditions
    return parts


def all_values_in(key: str, values: Sequence[str]) -> dict[str, dict[str, str | Sequence[str]]]:
    """The conditions that a request has values for `key`, and none but `values`.

    For keys that can have several values in a request, which operators for one value are not made for. `ForAllValues`
    alone holds where the key is missing. Source: IAM user guide, "Set operators for multivalued context keys".

    Args:
        key: the condition key.
        values: what the request may have.
    """
    return {"ForAllValues:StringEquals": {key: list(values)}, "Null": {key: "false"}}


def policy_document(*statements: Mapping[str, object]) -> str:
    """A policy of `statements`, as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust_policy(
    service: str, *, actions: Sequence[str] = ("sts:AssumeRole",), conditions: Conditions | None = None
) -> str:
    """The policy of a role that an AWS service assumes, as JSON.

    Args:
        service: the service's principal, such as `ec2.amazonaws.com`.
        actions: the allowed actions. Default: assume the role.
        conditions: additional conditions, such as the resource for which the service acts. Default: none. Not every
            service passes that resource when it assumes a role, and would then be denied. Only principals of the
            account can pass a role to a service.
    """
    trust: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": one_or_list(actions),
    }
    if conditions:
        trust["Condition"] = conditions
    return policy_document(trust)


def deny_insecure_transport(bucket_arn: str) -> dict[str, object]:
    """The statement of a bucket policy that denies requests without TLS."""
    return statement(
        "DenyInsecureTransport",
        effect="Deny",
        principals={"AWS": "*"},
        actions=["s3:*"],
        resources=[bucket_arn, f"{bucket_arn}/*"],
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def one_or_list(values: Sequence[str]) -> str | list[str]:
    """`values` as AWS stores them: a list of one as a plain string. Written so, plans show no difference."""
    return values[0] if len(values) == 1 else list(values)
