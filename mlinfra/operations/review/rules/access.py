"""Changes of permissions: policies and trust policies are compared statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.counting import counted
from mlinfra.operations.review.accounts import ELB_LOG_DELIVERY, account_of
from mlinfra.operations.review.actions import (
    DESTROYING,
    ESCALATING,
    EXPOSING as EXPOSING_ACTIONS,
    is_any,
    is_whole_service,
    is_wide,
    reached,
)
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items
from mlinfra.operations.review.conditions import admitted_accounts, restricts, restricts_caller, restricts_subject
from mlinfra.operations.review.escaping import first_of, listed, quoted
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
from mlinfra.operations.review.rules.access_rules import (
    ADMITTED,
    BOUNDARY,
    CREDENTIALS,
    DENY_REMOVED,
    ENDPOINT,
    EXPOSING,
    EXTERNAL,
    KEY_ROOT,
    LESS,
    MORE,
    NEW,
    OPEN,
    RULES,
    SWEEPING,
    TRUST,
    UNREADABLE,
    UNREADABLE_NEW,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.operations.review.finding import Finding, Rule
    from mlinfra.operations.review.plan import Plan

__all__ = ["RULES", "attached", "check", "unreadable"]

_KEYS: Final = frozenset({"aws_kms_external_key", "aws_kms_key", "aws_kms_key_policy", "aws_kms_replica_key"})
_CREDENTIALS: Final = frozenset(
    {"aws_iam_access_key", "aws_iam_user_login_profile", "aws_iam_service_specific_credential"}
)
_SWEEPING_POLICIES: Final = ("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess")
DOCUMENTS: Final = (
    *("assume_role_policy", "policy", "access_policies", "policy_document", "resource_policy", "inline_policy"),
    *("access_policy", "content", "delivery_destination_policy", "repository_policy", "session_policy"),
    "details.0.policy",
)
"""Attributes with policies, of all resources of the provider."""
_TOP_LEVEL: Final = frozenset(each.partition(".")[0] for each in DOCUMENTS)
_OWNER_PATHS: Final = ("role", "user", "group", "bucket", "repository", "key_id", "queue_url", "arn", "resource_arn")
"""Attributes with the owner of a policy that is a separate resource."""
_PRINCIPALS: Final = frozenset({"aws_iam_role", "aws_iam_user", "aws_iam_group"})
_MOST_SENTENCES: Final = 12
_MOST_SENTENCES_OF_NEW: Final = 2
_MOST_GRANTS_OF_NEW: Final = 4
_ENDPOINTS: Final = frozenset({"aws_vpc_endpoint", "aws_vpc_endpoint_policy"})
TYPES: Final = frozenset({*_PRINCIPALS, *_CREDENTIALS, "aws_iam_policy"})
"""The types that this module checks, beside all with an attribute of `DOCUMENTS`."""


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
    if not change.has_any(_TOP_LEVEL):
        return
    for name in DOCUMENTS:
        is_unknown = _holds_policy(change.type, name) and change.new(name) is UNKNOWN
        if is_unknown or _is_policy(change.old(name)) or _is_policy(change.new(name)):
            yield name


def _is_policy(value: object) -> bool:
    return isinstance(value, str) and '"Statement"' in value


def _holds_policy(kind: str, name: str) -> bool:
    """True for policies set by a team. Others are computed by AWS, or are rules of another kind."""
    if name == "assume_role_policy":
        return True
    documents = {"policy", "policy_document", "resource_policy", "access_policy", "inline_policy"}
    return name in documents and kind.endswith("_policy") and "lifecycle" not in kind


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
        kinds: dict[Rule, list[Grant]] = {}
        for each in found.more:
            kinds.setdefault(_kind(plan, change, each, is_new=is_new), []).append(each)
        for rule in (OPEN, EXTERNAL, ENDPOINT, SWEEPING, EXPOSING):
            yield from _permissions(rule, plan, change, kinds.get(rule, ()), (who, "is now allowed"))
        yield from _permissions(ADMITTED, plan, change, kinds.get(ADMITTED, ()), (who, "is allowed"))
        new = kinds.get(NEW, [])
        if new:
            yield NEW.at(plan.stack, change, summary(new, who))
        more = kinds.get(MORE, [])
        yield from _permissions(
            MORE, plan, change, more, (who, "is now also allowed"), lost_conditions=found.lost_conditions
        )
        yield from _permissions(LESS, plan, change, found.less, (who, "is no longer allowed"))
        if change.type in _KEYS and any(map(_is_root_of_key, found.less)):
            yield KEY_ROOT.at(plan.stack, change, f"The policy of {who} no longer allows `kms:*` to its account.")
    yield from _permissions(DENY_REMOVED, plan, change, found.denied_less, (who, "is no longer denied"))


def _kind(plan: Plan, change: Change, grant: Grant, *, is_new: bool) -> Rule:  # noqa: PLR0911  one per kind
    """The rule for a grant that a policy did not contain before."""
    if change.type in _ENDPOINTS:
        return _kind_of_endpoint(grant, is_new=is_new)
    if _is_open(grant):
        return OPEN
    if _is_external(plan, grant):
        return EXTERNAL
    if _is_sweeping(change, grant):
        return SWEEPING
    if not grant.principal and is_wide(grant.resource) and not restricts(grant.condition):
        if reached(grant, ESCALATING):
            return SWEEPING
        if reached(grant, EXPOSING_ACTIONS) or reached(grant, DESTROYING):
            return EXPOSING
    if not is_new:
        return MORE
    is_admitted = grant.principal and not grant.principal.startswith("Service ") and not _is_root_of_key(grant)
    return ADMITTED if is_admitted else NEW


def _kind_of_endpoint(grant: Grant, *, is_new: bool) -> Rule:
    """Policies of endpoints name no caller as a rule: they limit the network, not the permissions."""
    is_everything = is_any(grant.action) or is_whole_service(grant.action) or "Action" in grant.excepts
    is_open = is_public(grant.principal) and is_wide(grant.resource) and not restricts(grant.condition)
    if is_open or is_everything:
        # The default policy of AWS, without a policy in the code, allows everything too.
        return ADMITTED if is_new else ENDPOINT
    return NEW if is_new else MORE


def _is_open(grant: Grant) -> bool:
    is_anyone = is_public(grant.principal) or "Principal" in grant.excepts
    return is_anyone and not restricts_caller(grant.condition)


def _is_external(plan: Plan, grant: Grant) -> bool:
    """True if a principal, or the account in a condition on the caller, is outside the account of the plan."""
    kind, _, name = grant.principal.partition(" ")
    if kind == "AWS":
        return plan.may_be_foreign(name) and account_of(name) not in ELB_LOG_DELIVERY
    if kind == "CanonicalUser":
        return True
    if kind == "Service" or is_public(grant.principal):
        return any(map(plan.is_foreign, admitted_accounts(grant.condition)))
    return False


def _is_root_of_key(grant: Grant) -> bool:
    return grant.action.lower() == "kms:*" and grant.principal.endswith(":root")


def _trusted(plan: Plan, change: Change, found: Difference, who: str, *, is_new: bool) -> Iterator[Finding]:
    if any(map(_is_open, found.more)):
        yield OPEN.at(plan.stack, change, f"Any principal may now assume {who}.")
    # Service roles are meant to be assumed by a service of AWS.
    more = [each for each in found.more if not _is_open(each) and not (is_new and _is_own_service(plan, each))]
    admitted = [each for each in more if is_new and not _is_external(plan, each) and _is_known(each)]
    for rule, some, verb in (
        (TRUST, [each for each in more if each not in admitted], "may now assume"),
        (ADMITTED, admitted, "may assume"),
        (LESS, found.less, "may no longer assume"),
    ):
        lines = {
            f"{principal_in_words(each.principal, each.excepts)} {verb} {who}"
            + (f", with condition {quoted(each.condition)}" if each.condition else ""): None
            for each in some
        }
        if lines:
            yield rule.at(plan.stack, change, _joined(list(lines)))


def _is_own_service(plan: Plan, grant: Grant) -> bool:
    return grant.principal.startswith("Service ") and not _is_external(plan, grant)


def _is_known(grant: Grant) -> bool:
    """True unless a trust policy admits all identities of a provider."""
    kind, _, provider = grant.principal.partition(" ")
    if kind != "Federated" or ":saml-provider/" in provider:
        return True
    if ":oidc-provider/" not in provider and f'"{provider}:aud"' in grant.condition:
        # The application of an identity pool or of a social identity provider.
        return True
    return restricts_subject(grant.condition)


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


def summary(some: list[Grant], who: str) -> str:
    """The permissions of a new principal or resource: few of them in full, else their services and number."""
    lines = list(sentences(some, who, "is allowed"))
    if len(lines) <= _MOST_SENTENCES_OF_NEW and len(some) <= _MOST_GRANTS_OF_NEW:
        return _joined(lines)
    actions, resources = {each.action for each in some}, {each.resource for each in some}
    services = sorted({each.partition(":")[0].lower() for each in actions})
    counts = f"{counted(len(actions), 'action')} of {listed(services)} on {counted(len(resources), 'resource')}"
    text = f"{who} is allowed {counts}. The changed attributes contain the policy."
    return text[0].upper() + text[1:]


def _joined(lines: list[str]) -> str:
    text = first_of(lines, _MOST_SENTENCES, "statements") + "."
    return text[0].upper() + text[1:]


def _is_sweeping(change: Change, grant: Grant) -> bool:
    if change.type in _KEYS and _is_root_of_key(grant):
        # The default policy of a key: `*` means this key, and the IAM of the account controls access.
        return False
    if change.type == "aws_organizations_policy":
        # Service control policies grant nothing; they limit.
        return False
    if "Action" in grant.excepts or is_any(grant.action):
        return True
    everywhere = is_wide(grant.resource) or "Resource" in grant.excepts
    return everywhere and is_whole_service(grant.action) and not restricts(grant.condition)


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
