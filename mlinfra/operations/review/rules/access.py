"""Who may do more, or less: policies compared statement by statement, trust policies too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.policies import (
    Difference,
    Grant,
    NoPolicyError,
    difference,
    grants,
    is_everybody,
    principal_in_words,
    sentences,
)
from mlinfra.operations.review.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.operations.review.plan import Plan

MORE: Final = Rule(
    "MLR201",
    Level.HOLD,
    "Somebody who is there already may do more.",
    "See that each action and resource is needed; name them instead of using wildcards.",
)
NEW: Final = Rule(
    "MLR202",
    Level.WARNING,
    "What is new comes with rights: a role, user or group, or the policy of a new resource.",
    "See that each action and resource is needed.",
)
SWEEPING: Final = Rule(
    "MLR203",
    Level.HOLD,
    "A policy allows everything, everything of a service on everything, or what gives more rights to oneself.",
    "Name the actions and resources that are needed.",
)
LESS: Final = Rule(
    "MLR204",
    Level.NOTE,
    "Somebody may do less.",
    "See that nothing that runs still needs it.",
)
TRUST: Final = Rule(
    "MLR205",
    Level.HOLD,
    "Somebody else may take on a role.",
    "See that the principal and its conditions are meant.",
)
OPEN: Final = Rule(
    "MLR206",
    Level.HOLD,
    "A policy lets everybody in, without a condition.",
    "Name the principals, or add a condition such as aws:PrincipalOrgID.",
)
DENY_GONE: Final = Rule(
    "MLR207",
    Level.HOLD,
    "A statement that denied something goes, or denies less.",
    "Leave it, or see that nothing else relied on it.",
)
UNSEEN: Final = Rule(
    "MLR208",
    Level.HOLD,
    "A policy that is in force changes to what cannot be read in the plan.",
    "Look at the code that makes it. Where it names what the same apply creates, apply that first.",
)
UNSEEN_NEW: Final = Rule(
    "MLR209",
    Level.WARNING,
    "A new policy cannot be read in the plan.",
    "Look at the code that makes it.",
)
BOUNDARY: Final = Rule(
    "MLR210",
    Level.HOLD,
    "The boundary of what a role or user may at most be allowed goes or changes.",
    "Leave it, or see that the new one is as narrow.",
)
CREDENTIALS: Final = Rule(
    "MLR211",
    Level.HOLD,
    "A long-lived password or key is made.",
    "Use a role: OIDC for pipelines, IAM Identity Center for people.",
)
RULES: Final = (
    MORE,
    NEW,
    SWEEPING,
    LESS,
    TRUST,
    OPEN,
    DENY_GONE,
    UNSEEN,
    UNSEEN_NEW,
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
"""Actions that on any resource make whoever has them an administrator, in one or two steps."""
_DOCUMENTS: Final = ("assume_role_policy", "policy", "access_policies", "policy_document", "resource_policy")
"""The attributes that hold policies, in every resource of the provider that has one."""
_OWNER_PATHS: Final = ("role", "user", "group", "bucket", "repository", "key_id", "queue_url", "arn", "resource_arn")
"""The attributes that say whose a policy is, where it is a resource of its own."""
_SOME: Final = frozenset({"aws_iam_role", "aws_iam_user", "aws_iam_group"})
_MOST_SENTENCES: Final = 12


def look(plan: Plan) -> Iterator[Finding]:
    """Findings about who may do what."""
    for change in plan.changes:
        if change.kind in {Kind.FORGET, Kind.READ} or _goes_too(plan, change):
            continue
        for path in _documents(change):
            yield from _document(plan, change, path)
        if change.type in _SOME:
            yield from _holder(plan, change)
        elif change.type in _CREDENTIALS and change.creates:
            yield CREDENTIALS.at(
                plan.stack, change, f"{change.name('user', 'user_name')} gets a long-lived credential."
            )


def _documents(change: Change) -> Iterator[str]:
    """The attributes that hold policies."""
    for name in _DOCUMENTS:
        is_unknown = change.new(name) is UNKNOWN and _holds_policy(change.type, name)
        if is_unknown or _is_policy(change.before.get(name)) or _is_policy(change.after.get(name)):
            yield name


def _is_policy(value: object) -> bool:
    return isinstance(value, str) and '"Statement"' in value


def _holds_policy(kind: str, name: str) -> bool:
    """Whether it is a policy that a team gives; others AWS fills in itself, or are rules of another kind."""
    if name == "assume_role_policy":
        return True
    return name == "policy" and kind.endswith("_policy") and "lifecycle" not in kind


def _document(plan: Plan, change: Change, path: str) -> Iterator[Finding]:
    who, is_new = _whose(plan, change)
    after = change.new(path)
    if change.is_sensitive(path):
        if change.differs(path):
            yield unseen(plan, change, f"The policy of {who} is sensitive and not shown.", is_new=is_new)
        return
    try:
        had = grants(change.old(path))
        has = frozenset() if after is UNKNOWN else grants(after)
    except NoPolicyError as reason:
        if change.differs(path):
            yield unseen(plan, change, f"The policy of {who} cannot be read: {reason}.", is_new=is_new)
        return
    if after is UNKNOWN:
        # What is made anew gets the policy that AWS gives it, where none is given.
        if not change.replaces or _holds_policy(change.type, path):
            yield unseen(plan, change, f"The policy of {who} is known only when it is applied.", is_new=is_new)
        return
    if had != has:
        yield from _compared(plan, change, difference(had, has), who, is_new=is_new, trust=path == "assume_role_policy")


def unseen(plan: Plan, change: Change, text: str, *, is_new: bool) -> Finding:
    """The finding that what is given cannot be read."""
    return (UNSEEN_NEW if is_new else UNSEEN).at(plan.stack, change, text)


def _whose(plan: Plan, change: Change) -> tuple[str, bool]:
    """Who is meant by a policy, quoted, and whether they are new."""
    if change.type in _SOME:
        return f"{change.type.removeprefix('aws_iam_')} {change.name('name')}", change.kind is Kind.CREATE
    if change.type == "aws_iam_policy":
        return f"whoever has the policy {change.name('name')}", change.kind is Kind.CREATE
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
        opened = [each for each in found.more if _lets_everybody_in(each)]
        sweeping = [each for each in found.more if each not in opened and _is_sweeping(change, each)]
        other = [each for each in found.more if each not in opened and each not in sweeping]
        yield from _said(OPEN, plan, change, opened, (who, "may now do"))
        yield from _said(SWEEPING, plan, change, sweeping, (who, "may now do"))
        if is_new:
            yield from _said(NEW, plan, change, other, (who, "may do"))
        else:
            yield from _said(MORE, plan, change, other, (who, "may now also do"), lost_conditions=found.lost_conditions)
        yield from _said(LESS, plan, change, found.less, (who, "may no longer do"))
    yield from _said(DENY_GONE, plan, change, found.denied_less, (who, "is no longer denied"))


def _lets_everybody_in(grant: Grant) -> bool:
    return not grant.condition and (is_everybody(grant.principal) or "Principal" in grant.excepts)


def _trusted(plan: Plan, change: Change, found: Difference, who: str, *, is_new: bool) -> Iterator[Finding]:
    if any(map(_lets_everybody_in, found.more)):
        yield OPEN.at(plan.stack, change, f"Everybody may now take on {who}.")
    # That a service of AWS takes on a new role is what roles of services are made for.
    more = [
        each
        for each in found.more
        if not _lets_everybody_in(each) and not (is_new and each.principal.startswith("Service "))
    ]
    for rule, some, verb in ((TRUST, more, "may now take on"), (LESS, found.less, "may no longer take on")):
        lines = {
            f"{principal_in_words(each.principal, each.excepts)} {verb} {who}"
            + (f", where {quoted(each.condition)}" if each.condition else ""): None
            for each in some
        }
        if lines:
            yield rule.at(plan.stack, change, _joined(list(lines)))


def _said(
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
        text += " A condition that was there before is gone or another one."
    yield rule.at(plan.stack, change, text)


def _joined(lines: list[str]) -> str:
    more = f"; and {len(lines) - _MOST_SENTENCES} more statements" if len(lines) > _MOST_SENTENCES else ""
    text = "; ".join(lines[:_MOST_SENTENCES]) + more + "."
    return text[0].upper() + text[1:]


def _is_sweeping(change: Change, grant: Grant) -> bool:
    if change.type in _KEYS and grant.principal.endswith(":root"):
        # AWS's own default for a key: `*` is the key, and the account's IAM decides who.
        return False
    action = grant.action.lower()
    if action == "*" or "Action" in grant.excepts:
        return True
    everywhere = grant.resource == "*" or "Resource" in grant.excepts
    return everywhere and (action.endswith(":*") or (action in _ESCALATES and not grant.condition))


def _goes_too(plan: Plan, change: Change) -> bool:
    """Whether a policy goes with whose it is."""
    if change.kind is not Kind.DESTROY:
        return False
    return change.type in _SOME or any(_is_destroyed(plan, change.old(path)) for path in _OWNER_PATHS)


def _is_destroyed(plan: Plan, name: object) -> bool:
    return isinstance(name, str) and name in plan.destroyed_names


def _holder(plan: Plan, change: Change) -> Iterator[Finding]:
    who = f"{change.type.removeprefix('aws_iam_')} {change.name('name')}"
    if change.kind is Kind.UPDATE and change.old("permissions_boundary") and change.differs("permissions_boundary"):
        text = f"The boundary of {who} goes {change.shown('permissions_boundary')}."
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
        except NoPolicyError as reason:
            text = f"The policy {quoted(name)} of {who} cannot be read: {reason}."
            yield unseen(plan, change, text, is_new=is_new)
            continue
        yield from _compared(plan, change, found, who, is_new=is_new)


def _inline(blocks: object) -> dict[str, Any]:
    return {str(each.get("name")): each.get("policy") for each in items(blocks) if isinstance(each, dict)}


def attached(plan: Plan, change: Change, who: str, policy: str, *, is_new: bool) -> Finding:
    """The finding that `who` gets a managed policy."""
    rule = SWEEPING if policy.endswith(_SWEEPING_POLICIES) else NEW if is_new else MORE
    return rule.at(plan.stack, change, f"{who} gets all that the policy {quoted(policy)} allows.")
