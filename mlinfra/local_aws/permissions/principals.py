"""Principals of requests: by access key, with their policies and permissions boundary."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from mlinfra.local_aws.permissions.policies import Request, decide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

ADMINISTRATOR_KEY = "local"
"""The access key that `client_variables` sets: an administrator with all permissions."""

_PARTITION = "aws"


@dataclass(frozen=True)
class Principal:
    """A principal that sends requests."""

    arn: str
    """The value of aws:PrincipalArn: the ARN of the user, or of the role of a session."""
    policies: tuple[dict[str, Any], ...]
    """Its identity-based policies."""
    boundary: dict[str, Any] | None = None
    """Its permissions boundary. Default: none."""

    def refusal(self, request: Request) -> str | None:
        """The reason why the request is refused, in the words of AWS. None: it is allowed."""
        decision = decide(self.policies, request)
        if decision == "denied":
            return "with an explicit deny in an identity-based policy"
        limit = decide([self.boundary], request) if self.boundary is not None else "allowed"
        if limit == "denied":
            return "with an explicit deny in a permissions boundary"
        if decision == "neutral":
            return f"because no identity-based policy allows the {request.action} action"
        if limit == "neutral":
            return f"because no permissions boundary allows the {request.action} action"
        return None


_EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def principal_of(access_key: str) -> Principal | None:
    """The principal with the access key. None if the key does not exist."""
    if access_key == ADMINISTRATOR_KEY:
        return Principal(f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:user/administrator", (_EVERYTHING,))
    for account_id, partitions in list(sts_backends.items()):
        for backend in list(partitions.values()):
            session = backend.get_assumed_role_from_access_key(access_key)
            if session is not None:
                return _of_role(iam_backends[account_id][_PARTITION], session.role_arn)
    for accounts in list(iam_backends.values()):
        for iam in list(accounts.values()):
            for user in iam.users.values():
                if any(key.access_key_id == access_key for key in user.access_keys):
                    return _of_user(iam, user)
    return None


def event_arn_of(access_key: str) -> str:
    """The ARN of a principal in CloudTrail: of a session, with its name. For an unknown key, the administrator.

    Args:
        access_key: the access key that signed the request.
    """
    for partitions in list(sts_backends.values()):
        for backend in list(partitions.values()):
            session = backend.get_assumed_role_from_access_key(access_key)
            if session is not None:
                return str(session.arn)
    principal = principal_of(access_key) or principal_of(ADMINISTRATOR_KEY)
    return principal.arn if principal else ""


def access_key_of(authorization: str, credential: str) -> str:
    """The access key that signed a request. Empty: it is not signed.

    Args:
        authorization: the header `Authorization`. Empty: there is none.
        credential: the argument `X-Amz-Credential` of the URL. Empty: there is none.
    """
    signed = authorization.partition("Credential=")[2].partition("/")[0]
    return signed or credential.partition("/")[0]


def role_by_arn(arn: str) -> Role | None:
    """The role with the ARN, or None."""
    account_id = arn.split(":")[4]
    roles = iam_backends[account_id][_PARTITION].roles.values()
    return next((each for each in roles if each.arn == arn), None)


def policy_exists(arn: str) -> bool:
    """True if the managed policy exists, of AWS or of its account."""
    account_id = arn.split(":")[4]
    owner = DEFAULT_ACCOUNT_ID if account_id == "aws" else account_id
    return arn in iam_backends[owner][_PARTITION].managed_policies


def parsed(document: str) -> dict[str, Any]:
    """A policy as JSON value. It is not to be changed."""
    return _parsed(document)


@functools.lru_cache(maxsize=500)
def _parsed(document: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(document)
    return policy


def _of_role(iam: IAMBackend, arn: str) -> Principal | None:
    role = role_by_arn(arn)
    if role is None:
        return None
    inline = (parsed(each) for each in role.policies.values())
    attached = (_document(each) for each in role.managed_policies.values())
    return Principal(arn, (*inline, *attached), _boundary(iam, role))


def _of_user(iam: IAMBackend, user: User) -> Principal:
    return Principal(user.arn, tuple(_policies_of_user(iam, user)))


def _policies_of_user(iam: IAMBackend, user: User) -> Iterator[dict[str, Any]]:
    owners: list[User | Group] = [user, *(each for each in iam.groups.values() if user in each.users)]
    for owner in owners:
        yield from (parsed(each) for each in owner.policies.values())
        yield from (_document(each) for each in owner.managed_policies.values())


def _boundary(iam: IAMBackend, role: Role) -> dict[str, Any] | None:
    if not role.permissions_boundary_arn:
        return None
    # IAM allows nothing to a principal whose boundary was deleted.
    policy = iam.managed_policies.get(role.permissions_boundary_arn)
    return _document(policy) if policy else {"Statement": []}


def _document(policy: ManagedPolicy) -> dict[str, Any]:
    return parsed(next(str(each.document) for each in policy.versions if each.is_default))
