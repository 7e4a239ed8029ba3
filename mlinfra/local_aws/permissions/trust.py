"""Evaluation of the trust policy of a role that is assumed.

The claims of a web identity token are read without a check of its signature.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

from mlinfra.checks.wildcards import listed
from mlinfra.local_aws.permissions.policies import Request, decide
from mlinfra.local_aws.permissions.principals import parsed, role_by_arn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.local_aws.permissions.principals import Principal


def refusal_of_trust(role_arn: str, action: str, *, caller: Principal | None, token: str | None) -> str | None:
    """The reason why a role cannot be assumed. None: its trust policy allows it.

    Args:
        role_arn: the role.
        action: `sts:AssumeRole` or `sts:AssumeRoleWithWebIdentity`.
        caller: the principal that signed the request. None for a request with a token.
        token: the web identity token, a JSON Web Token. None for a signed request.
    """
    refused = f"Not authorized to perform {action}"
    role = role_by_arn(role_arn)
    if role is None:
        return refused
    account_id = role_arn.split(":")[4]
    if token is not None:
        claims = _claims(token)
        issuer = str(claims.get("iss", "")).removeprefix("https://")
        provider = f"arn:aws:iam::{account_id}:oidc-provider/{issuer}"
        if provider not in iam_backends[account_id]["aws"].open_id_providers:
            return f"No OpenIDConnect provider found in your account for https://{issuer}"
        names, kind = {provider, issuer}, "Federated"
        context = {f"{issuer}:{name}": _values(value) for name, value in claims.items()}
    else:
        arn = caller.arn if caller else ""
        names, kind = {arn, account_id, f"arn:aws:iam::{account_id}:root", "*"}, "AWS"
        context = {"aws:PrincipalArn": [arn], "aws:PrincipalAccount": [account_id]}
    trust = parsed(role.assume_role_policy_document)
    trusting = [each for each in listed(trust["Statement"]) if names & set(_principals(each, kind))]
    decision = decide([{"Statement": trusting}], Request(action, role_arn, context))
    return None if decision == "allowed" else refused


def _principals(statement: Mapping[str, Any], kind: str) -> Iterator[str]:
    principal = statement.get("Principal", {})
    if principal == "*":
        yield "*"
        return
    yield from listed(principal.get(kind, []))


def _claims(token: str) -> dict[str, Any]:
    try:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims


def _values(value: object) -> Sequence[str]:
    return [str(each) for each in listed(value)]
