"""Permissions by attached policies, group memberships, KMS grants and Lambda permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, Mark, items
from mlinfra.operations.review.escaping import listed, quoted
from mlinfra.operations.review.rules.access import attached, unreadable
from mlinfra.operations.review.rules.access_rules import ADMITTED, EXTERNAL, LESS, MORE, NEW, OPEN, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.operations.review.finding import Finding, Rule
    from mlinfra.operations.review.plan import Plan

RULES: Final[tuple[Rule, ...]] = ()
"""None: findings use the rules of `access`."""

_PRINCIPALS: Final = ("role", "user", "group")


def check(plan: Plan) -> Iterator[Finding]:
    """Check permissions that are granted to principals by name."""
    for change in plan.changes:
        check_change = _CHECKS.get(change.type)
        if check_change and change.kind not in {Kind.FORGET, Kind.READ}:
            yield from check_change(plan, change)


def _attachment(plan: Plan, change: Change) -> Iterator[Finding]:
    kind = change.type.removeprefix("aws_iam_").removesuffix("_policy_attachment")
    who = f"{kind} {plan.name(change, kind)}"
    principal = change.old(kind)
    if change.kind is Kind.DESTROY and isinstance(principal, str) and principal in plan.destroyed_names:
        return
    if change.is_sensitive("policy_arn"):
        if change.creates:
            yield UNREADABLE.at(plan.stack, change, f"A policy with a sensitive ARN is attached to {who}.")
        return
    if change.creates:
        policy, is_new = change.new("policy_arn"), plan.makes(change, kind)
        if isinstance(policy, str):
            yield attached(plan, change, who, policy, is_new=is_new)
        else:
            yield unreadable(plan, change, f"A policy that this plan creates is attached to {who}.", is_new=is_new)
    if change.destroys:
        policy = change.old("policy_arn")
        yield LESS.at(plan.stack, change, f"The policy {quoted(policy)} is detached from {who}.")


def _attachment_to_all(plan: Plan, change: Change) -> Iterator[Finding]:
    """`aws_iam_policy_attachment`: all principals with one policy."""
    policy = _policy(change)
    for kind in _PRINCIPALS:
        had, has = set(_texts(change.old(f"{kind}s"))), set(_texts(change.new(f"{kind}s")))
        if change.replaces:
            had = set()
        for name in sorted(has - had):
            yield attached(plan, change, f"{kind} {quoted(name)}", policy, is_new=name in plan.created_names)
        for name in sorted(had - has):
            yield LESS.at(plan.stack, change, f"The policy {quoted(policy)} is detached from {kind} {quoted(name)}.")
        if change.new(f"{kind}s") is UNKNOWN:
            text = f"The {kind}s with the policy {quoted(policy)} are known after apply."
            yield UNREADABLE.at(plan.stack, change, text)


def _policy(change: Change) -> str:
    if change.is_sensitive("policy_arn"):
        return Mark.SENSITIVE.value
    arn = change.new("policy_arn") or change.old("policy_arn")
    return arn if isinstance(arn, str) else "a policy that this plan creates"


def _all_attachments(plan: Plan, change: Change) -> Iterator[Finding]:
    """`aws_iam_role_policy_attachments_exclusive` and the same for users and groups: all policies of one principal."""
    if change.kind is Kind.DESTROY:
        return
    kind = change.type.removeprefix("aws_iam_").removesuffix("_policy_attachments_exclusive")
    who, is_new = f"{kind} {plan.name(change, f'{kind}_name')}", plan.makes(change, f"{kind}_name")
    if change.kind is Kind.CREATE and not is_new:
        text = f"All policies except {listed(_texts(change.new('policy_arns')))} are detached from {who}."
        yield LESS.at(plan.stack, change, text)
    had, has = _texts(change.old("policy_arns")), _texts(change.new("policy_arns"))
    for policy in has:
        if policy not in had:
            yield attached(plan, change, who, policy, is_new=is_new)
    lost = [each for each in had if each not in has]
    if lost and change.new("policy_arns") is not UNKNOWN:
        yield LESS.at(plan.stack, change, f"The policies {listed(lost)} are detached from {who}.")


def _members(plan: Plan, change: Change) -> Iterator[Finding]:
    """`aws_iam_group_membership`: all users of one group."""
    group = plan.name(change, "group").strip("`")
    had, has = (set(_texts(each)) for each in (change.old("users"), change.new("users")))
    yield from _joined(plan, change, [(user, group) for user in sorted(has - had)])
    yield from _left(plan, change, [(user, group) for user in sorted(had - has)])


def _groups(plan: Plan, change: Change) -> Iterator[Finding]:
    """`aws_iam_user_group_membership`: some groups of one user."""
    user = plan.name(change, "user").strip("`")
    had, has = (set(_texts(each)) for each in (change.old("groups"), change.new("groups")))
    yield from _joined(plan, change, [(user, group) for group in sorted(has - had)])
    yield from _left(plan, change, [(user, group) for group in sorted(had - has)])


def _joined(plan: Plan, change: Change, some: list[tuple[str, str]]) -> Iterator[Finding]:
    for user, group in some:
        rule = NEW if {user, group} & plan.created_names else MORE
        yield rule.at(
            plan.stack, change, f"User {quoted(user)} joins the group {quoted(group)}, and gets its permissions."
        )


def _left(plan: Plan, change: Change, some: list[tuple[str, str]]) -> Iterator[Finding]:
    for user, group in some:
        if user not in plan.destroyed_names:
            yield LESS.at(
                plan.stack,
                change,
                f"User {quoted(user)} is removed from the group {quoted(group)}, and loses its permissions.",
            )


def _grant(plan: Plan, change: Change) -> Iterator[Finding]:
    who = plan.name(change, "grantee_principal")
    operations, key = listed(_texts(change.new("operations") or change.old("operations"))), plan.name(change, "key_id")
    if change.creates:
        rule = NEW if plan.makes(change, "key_id") or plan.makes(change, "grantee_principal") else MORE
        rule = EXTERNAL if plan.may_be_foreign(change.new("grantee_principal")) else rule
        yield rule.at(plan.stack, change, f"{who} is now allowed {operations} with the key {key}.")
    elif change.destroys:
        yield LESS.at(plan.stack, change, f"{who} is no longer allowed {operations} with the key {key}.")


def _invocation(plan: Plan, change: Change) -> Iterator[Finding]:
    if change.kind is Kind.DESTROY or (change.kind is Kind.UPDATE and not change.differs("principal")):
        return
    function, principal = plan.name(change, "function_name"), change.new("principal")
    sources = ("source_arn", "source_account", "principal_org_id")
    named = [path for path in sources if change.new(path)]
    if principal == "*" and not named:
        yield OPEN.at(plan.stack, change, f"Any principal (`*`) may now invoke the function {function}.")
        return
    text = f"{_shown(change, 'principal')} may now invoke the function {function}"
    if named:
        text += f", on behalf of {', '.join(_shown(change, path) for path in named)}"
    elif isinstance(principal, str) and principal.endswith(".amazonaws.com"):
        # Any account of AWS can make a service act for it: the confused deputy problem.
        text += " on behalf of any AWS account, because neither `source_arn` nor `source_account` is set"
    rule = NEW if plan.makes(change, "function_name") else MORE
    is_foreign = any(map(plan.is_foreign, map(change.new, ("source_account", "source_arn"))))
    is_foreign = is_foreign or plan.may_be_foreign(principal)
    if rule is MORE and named and isinstance(principal, str) and principal.endswith(".amazonaws.com"):
        # A schedule, a bucket or a topic that calls an existing function gets no permissions by it.
        rule = ADMITTED
    yield (EXTERNAL if is_foreign else rule).at(plan.stack, change, f"{text}.")


def _function_url(plan: Plan, change: Change) -> Iterator[Finding]:
    if change.kind is not Kind.DESTROY and change.new("authorization_type") == "NONE":
        if change.old("authorization_type") == "NONE" and not change.creates:
            return
        function = plan.name(change, "function_name")
        text = f"The URL of the function {function} accepts unauthenticated requests (`NONE`)."
        yield OPEN.at(plan.stack, change, text)


def _shown(change: Change, path: str) -> str:
    if change.is_sensitive(path):
        return f"({Mark.SENSITIVE.value})"
    value = change.new(path)
    return f"a value that is {value.value}" if isinstance(value, Mark) else quoted(value)


def _texts(value: object) -> list[str]:
    return [each for each in items(value) if isinstance(each, str)]


_CHECKS: Final[Mapping[str, Callable[[Plan, Change], Iterator[Finding]]]] = {
    **{f"aws_iam_{kind}_policy_attachment": _attachment for kind in _PRINCIPALS},
    **{f"aws_iam_{kind}_policy_attachments_exclusive": _all_attachments for kind in _PRINCIPALS},
    "aws_iam_policy_attachment": _attachment_to_all,
    "aws_iam_group_membership": _members,
    "aws_iam_user_group_membership": _groups,
    "aws_kms_grant": _grant,
    "aws_lambda_function_url": _function_url,
    "aws_lambda_permission": _invocation,
}
TYPES: Final = frozenset(_CHECKS)
"""The types that this module checks."""
