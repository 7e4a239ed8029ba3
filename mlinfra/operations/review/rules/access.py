"""Changes of permissions: policies and trust policies are compared statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items
from mlinfra.operations.review.escaping import first_of, quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.policies import (
    Difference,
    Grant,
    InvalidPolicyError,
    difference,
    grants,
    is_public,
    principal_in_words,
    sentences,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.operations.review.plan import Plan

MORE: Final = Rule(
    "MLR201",
    Level.HOLD,
    "An existing principal gets additional permissions.",
    "Check that each action and resource is needed. Name them instead of using wildcards.",
)
NEW: Final = Rule(
    "MLR202",
    Level.WARNING,
    "A new role, user, group or resource has permissions.",
    "Check that each action and resource is needed.",
)
SWEEPING: Final = Rule(
    "MLR203",
    Level.HOLD,
    "A policy allows all actions, all actions of a service on all resources, or privilege escalation.",
    "Name the actions and resources that are needed.",
)
LESS: Final = Rule(
    "MLR204",
    Level.NOTE,
    "Permissions are removed.",
    "Check that no running workload needs them.",
)
TRUST: Final = Rule(
    "MLR205",
    Level.HOLD,
    "An additional principal may assume a role.",
    "Check that the principal and its conditions are intended.",
)
OPEN: Final = Rule(
    "MLR206",
    Level.HOLD,
    "A policy allows access to any principal, without a condition.",
    "Name the principals, or add a condition such as aws:PrincipalOrgID.",
)
DENY_REMOVED: Final = Rule(
    "MLR207",
    Level.HOLD,
    "A statement that denies actions is removed or narrowed.",
    "Keep the statement, or check that no other control depends on it.",
)
UNREADABLE: Final = Rule(
    "MLR208",
    Level.HOLD,
    "An existing policy changes, and the new one cannot be read from the plan.",
    "Check the code of the policy. If it refers to resources of the same plan, apply those first.",
)
UNREADABLE_NEW: Final = Rule(
    "MLR209",
    Level.WARNING,
    "A new policy cannot be read from the plan.",
    "Check the code of the policy.",
)
BOUNDARY: Final = Rule(
    "MLR210",
    Level.HOLD,
    "The permissions boundary of a role or user is removed or changed.",
    "Keep the boundary, or check that the new one is at least as narrow.",
)
CREDENTIALS: Final = Rule(
    "MLR211",
    Level.HOLD,
    "A long-lived password or access key is created.",
    "Use a role instead: OIDC for pipelines, IAM Identity Center for people.",
)
RULES: Final = (
    MORE,
    NEW,
    SWEEPING,
    LESS,
    TRUST,
    OPEN,
    DENY_REMOVED,
    UNREADABLE,
    UNREADABLE_NEW,
    BOUNDARY,
    CREDENTIALS,
)

_KEYS: Final = frozenset({"aws_kms_external_key", "aws_kms_key", "aws_kms_key_policy", "aws_kms_replica_key"})
_CREDENTIALS: Final = frozenset(
    {"aws_iam_access_key", "aws_iam_user_login_profile", "aws_iam_service_specific_credential"}
)
_SWEEPING_POLICIES: Final = ("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess")
_ESCALATES: Final = frozenset(
    action.lower()
    for action in (
        "iam:AddUserToGroup",
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreatePolicyVersion",
        "iam:PassRole",
        "iam:PutGroupPolicy",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateLoginProfile",
        "sts:AssumeRole",
    )
)
"""Actions that, on all resources, allow privilege escalation to an administrator in one or two steps."""
_DOCUMENTS: Final = ("assume_role_policy", "policy", "access_policies", "policy_document", "resource_policy")
"""Attributes with policies, of all resources of the provider."""
_OWNER_PATHS: Final = ("role", "user", "group", "bucket", "repository", "key_id", "queue_url", "arn", "resource_arn")
"""Attributes with the owner of a policy that is a separate resource."""
_PRINCIPALS: Final = frozenset({"aws_iam_role", "aws_iam_user", "aws_iam_group"})
_MOST_SENTENCES: Final = 12


def check(plan: Plan) -> Iterator[Finding]:
    """Check policies, permissions boundaries and credentials."""
    for change in plan.changes:
        if change.kind in {Kind.FORGET, Kind.READ} or _is_deleted_with_owner(plan, change):
            continue
        for path in _documents(change):
            yield from _document(plan, change, path)
        if change.type in _PRINCIPALS:
            yield from _principal(plan, change)
        elif change.type in _CREDENTIALS and change.creates:
            yield CREDENTIALS.at(
                plan.stack, change, f"{change.name('user', 'user_name')} gets a long-lived credential."
            )


def _documents(change: Change) -> Iterator[str]:
    """The attributes of `change` with policies."""
    for name in _DOCUMENTS:
        is_unknown = change.new(name) is UNKNOWN and _holds_policy(change.type, name)
        if is_unknown or _is_policy(change.before.get(name)) or _is_policy(change.after.get(name)):
            yield name


def _is_policy(value: object) -> bool:
    return isinstance(value, str) and '"Statement"' in value


def _holds_policy(kind: str, name: str) -> bool:
    """True for policies set by a team. Others are computed by AWS, or are rules of another kind."""
    if name == "assume_role_policy":
        return True
    return name == "policy" and kind.endswith("_policy") and "lifecycle" not in kind


def _document(plan: Plan, change: Change, path: str) -> Iterator[Finding]:
    owner, is_new = _owner(plan, change)
    after = change.new(path)
    if change.is_sensitive(path):
        if change.differs(path):
            yield unreadable(plan, change, f"The policy of {owner} is sensitive and is not shown.", is_new=is_new)
        return
    try:
        had = grants(change.old(path))
        has = frozenset() if after is UNKNOWN else grants(after)
    except InvalidPolicyError as reason:
        if change.differs(path):
            yield unreadable(plan, change, f"The policy of {owner} cannot be read: {reason}.", is_new=is_new)
        return
    if after is UNKNOWN:
        # A replaced resource without a policy of its own gets the default policy of AWS.
        if not change.replaces or _holds_policy(change.type, path):
            yield unreadable(plan, change, f"The policy of {owner} is known after apply.", is_new=is_new)
        return
    if had != has:
        yield from _compared(
            plan, change, difference(had, has), owner, is_new=is_new, trust=path == "assume_role_policy"
        )


def unreadable(plan: Plan, change: Change, text: str, *, is_new: bool) -> Finding:
    """A finding about permissions that cannot be read from the plan."""
    return (UNREADABLE_NEW if is_new else UNREADABLE).at(plan.stack, change, text)


def _owner(plan: Plan, change: Change) -> tuple[str, bool]:
    """The quoted owner of a policy, and True if it is new."""
    if change.type in _PRINCIPALS:
        return f"{change.type.removeprefix('aws_iam_')} {change.name('name')}", change.kind is Kind.CREATE
    if change.type == "aws_iam_policy":
        return f"each principal with the policy {change.name('name')}", change.kind is Kind.CREATE
    for path in _OWNER_PATHS:
        owner = change.new(path) or change.old(path)
        if owner is not None and not (path == "arn" and not change.type.endswith("_policy")):
            word = f"{path} " if path in {"role", "user", "group"} else ""
            return f"{word}{plan.name(change, path, 'name')}", change.kind is Kind.CREATE and plan.makes(change, path)
    return change.name("name", "id"), change.kind is Kind.CREATE


def _compared(
    plan: Plan, change: Change, found: Difference, who: str, *, is_new: bool, trust: bool = False
) -> Iterator[Finding]:
    if trust:
        yield from _trusted(plan, change, found, who, is_new=is_new)
    else:
        opened = [each for each in found.more if _is_open(each)]
        sweeping = [each for each in found.more if each not in opened and _is_sweeping(change, each)]
        other = [each for each in found.more if each not in opened and each not in sweeping]
        yield from _permissions(OPEN, plan, change, opened, (who, "is now allowed"))
        yield from _permissions(SWEEPING, plan, change, sweeping, (who, "is now allowed"))
        if is_new:
            yield from _permissions(NEW, plan, change, other, (who, "is allowed"))
        else:
            yield from _permissions(
                MORE, plan, change, other, (who, "is now also allowed"), lost_conditions=found.lost_conditions
            )
        yield from _permissions(LESS, plan, change, found.less, (who, "is no longer allowed"))
    yield from _permissions(DENY_REMOVED, plan, change, found.denied_less, (who, "is no longer denied"))


def _is_open(grant: Grant) -> bool:
    return not grant.condition and (is_public(grant.principal) or "Principal" in grant.excepts)


def _trusted(plan: Plan, change: Change, found: Difference, who: str, *, is_new: bool) -> Iterator[Finding]:
    if any(map(_is_open, found.more)):
        yield OPEN.at(plan.stack, change, f"Any principal may now assume {who}.")
    # Service roles are meant to be assumed by a service of AWS.
    more = [
        each for each in found.more if not _is_open(each) and not (is_new and each.principal.startswith("Service "))
    ]
    for rule, some, verb in ((TRUST, more, "may now assume"), (LESS, found.less, "may no longer assume")):
        lines = {
            f"{principal_in_words(each.principal, each.excepts)} {verb} {who}"
            + (f", with condition {quoted(each.condition)}" if each.condition else ""): None
            for each in some
        }
        if lines:
            yield rule.at(plan.stack, change, _joined(list(lines)))


def _permissions(
    rule: Rule,
    plan: Plan,
    change: Change,
    some: Iterable[Grant],
    sentence: tuple[str, str],
    *,
    lost_conditions: Iterable[Grant] = (),
) -> Iterator[Finding]:
    some = tuple(some)
    if not some:
        return
    text = _joined(list(sentences(some, *sentence)))
    if any(each in lost_conditions for each in some):
        text += " A previous condition was removed or changed."
    yield rule.at(plan.stack, change, text)


def _joined(lines: list[str]) -> str:
    text = first_of(lines, _MOST_SENTENCES, "statements") + "."
    return text[0].upper() + text[1:]


def _is_sweeping(change: Change, grant: Grant) -> bool:
    if change.type in _KEYS and grant.principal.endswith(":root"):
        # The default policy of a key: `*` means this key, and the IAM of the account controls access.
        return False
    action = grant.action.lower()
    if action == "*" or "Action" in grant.excepts:
        return True
    everywhere = grant.resource == "*" or "Resource" in grant.excepts
    return everywhere and (action.endswith(":*") or (action in _ESCALATES and not grant.condition))


def _is_deleted_with_owner(plan: Plan, change: Change) -> bool:
    """True if a policy is deleted together with its owner."""
    if change.kind is not Kind.DESTROY:
        return False
    return change.type in _PRINCIPALS or any(_is_destroyed(plan, change.old(path)) for path in _OWNER_PATHS)


def _is_destroyed(plan: Plan, name: object) -> bool:
    return isinstance(name, str) and name in plan.destroyed_names


def _principal(plan: Plan, change: Change) -> Iterator[Finding]:
    who = f"{change.type.removeprefix('aws_iam_')} {change.name('name')}"
    if change.kind is Kind.UPDATE and change.old("permissions_boundary") and change.differs("permissions_boundary"):
        text = f"The permissions boundary of {who} changes {change.shown('permissions_boundary')}."
        yield BOUNDARY.at(plan.stack, change, text)
    if change.destroys and not change.creates:
        return
    is_new = change.kind is Kind.CREATE
    for policy in items(change.new("managed_policy_arns")):
        if policy not in items(change.old("managed_policy_arns")) and isinstance(policy, str):
            yield attached(plan, change, who, policy, is_new=is_new)
    if change.new("inline_policy") is UNKNOWN or change.is_sensitive("inline_policy"):
        return
    had, has = (_inline(value) for value in (change.old("inline_policy"), change.new("inline_policy")))
    for name in dict.fromkeys((*had, *has)):
        try:
            found = difference(grants(had.get(name)), grants(has.get(name)))
        except InvalidPolicyError as reason:
            text = f"The policy {quoted(name)} of {who} cannot be read: {reason}."
            yield unreadable(plan, change, text, is_new=is_new)
            continue
        yield from _compared(plan, change, found, who, is_new=is_new)


def _inline(blocks: object) -> dict[str, Any]:
    return {str(each.get("name")): each.get("policy") for each in items(blocks) if isinstance(each, dict)}


def attached(plan: Plan, change: Change, who: str, policy: str, *, is_new: bool) -> Finding:
    """A finding about a managed policy that is attached to `who`."""
    rule = SWEEPING if policy.endswith(_SWEEPING_POLICIES) else NEW if is_new else MORE
    return rule.at(plan.stack, change, f"The policy {quoted(policy)} is attached to {who}.")
