"""Comparison of IAM policies: grants of single statements, their differences, and texts for them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.escaping import listed, quoted
from mlinfra.operations.review.patterns import is_like

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_GRANTS: Final = 50_000
"""Maximum number of grants of a policy. AWS refuses policies that are much smaller."""
_MOST_COMPARISONS: Final = 200_000
_ACCOUNT: Final = re.compile(r"[0-9]{12}")


class InvalidPolicyError(ValueError):
    """A document that is not a policy, or is too large to be compared."""


@dataclass(frozen=True)
class Grant:
    """The smallest part of a statement: one effect, for one principal, of one action, on one resource."""

    effect: str
    principal: str
    """`*`, or such as `AWS arn:aws:iam::111111111111:root`; empty in a policy of a role or a user."""
    action: str
    resource: str
    condition: str
    """The statement's condition as JSON; empty: it has none."""
    excepts: tuple[str, ...] = ()
    """The parts given as `NotAction`, `NotResource` or `NotPrincipal`, which list exceptions."""


def grants(policy: object) -> frozenset[Grant]:
    """Split a policy into grants.

    Args:
        policy: the document, as JSON text or parsed. None and empty text are a policy without statements.

    Raises:
        InvalidPolicyError: if the document is not a policy, or is too large.
    """
    if policy is None or policy == "":
        return frozenset()
    document = policy
    if isinstance(policy, str):
        try:
            document = json.loads(policy)
        except (ValueError, RecursionError) as error:
            message = "the document is not JSON"
            raise InvalidPolicyError(message) from error
    if not isinstance(document, dict):
        message = "the document is not an object"
        raise InvalidPolicyError(message)
    found: set[Grant] = set()
    for statement in _list(document.get("Statement")):
        if not isinstance(statement, dict):
            message = "a statement is not an object"
            raise InvalidPolicyError(message)
        for grant in _of_statement(statement):
            found.add(grant)
            if len(found) > _MOST_GRANTS:
                message = "the document is larger than the limits of AWS"
                raise InvalidPolicyError(message)
    return frozenset(found)


@dataclass(frozen=True)
class Difference:
    """The difference of two policies, in both directions."""

    more: tuple[Grant, ...]
    """Allowed only by the new policy."""
    less: tuple[Grant, ...]
    """Allowed only by the old policy."""
    denied_more: tuple[Grant, ...]
    denied_less: tuple[Grant, ...]
    lost_conditions: frozenset[Grant] = frozenset()
    """Those of `more` that the old policy allowed under another condition."""


def difference(before: frozenset[Grant], after: frozenset[Grant]) -> Difference:
    """Compare two policies.

    A grant that a wider statement already included is not new: `s3:GetObject` after `s3:*` is less, not more.
    """
    added, removed = _allowed(after - before), _allowed(before - after)
    more = _not_covered(added, _allowed(before))
    known = {(each.principal, each.action, each.resource, each.excepts) for each in removed}
    return Difference(
        more=more,
        less=_not_covered(removed, _allowed(after)),
        denied_more=_sorted(_denied(after - before)),
        denied_less=_not_covered(_denied(before - after), _denied(after)),
        lost_conditions=frozenset(
            each for each in more if (each.principal, each.action, each.resource, each.excepts) in known
        ),
    )


def sentences(some: Iterable[Grant], who: str, verb: str) -> Iterator[str]:
    """Grants in words, one sentence for all that differ only in their action.

    Args:
        some: the grants.
        who: the quoted principal of grants that name none.
        verb: such as `is now also allowed`.
    """
    together: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for each in some:
        together.setdefault((each.principal, each.resource, each.condition, each.excepts), []).append(each.action)
    for (principal, resource, condition, excepts), actions in together.items():
        subject = principal_in_words(principal, excepts) if principal else who
        what = f"all actions except {listed(actions)}" if "Action" in excepts else listed(actions)
        where = f" on {'all resources except ' if 'Resource' in excepts else ''}{quoted(resource)}" if resource else ""
        when = f", with condition {quoted(condition)}" if condition else ""
        yield f"{subject} {verb} {what}{where}{when}"


def principal_in_words(principal: str, excepts: tuple[str, ...] = ()) -> str:
    """A principal in words."""
    if "Principal" in excepts:
        return f"any principal except {quoted(principal)}"
    if is_public(principal):
        return "any principal (`*`)"
    kind, _, name = principal.partition(" ")
    return {"Service": f"the service {quoted(name)}", "Federated": f"an identity authenticated by {quoted(name)}"}.get(
        kind, quoted(name or kind)
    )


def is_public(principal: str) -> bool:
    """True if a principal includes unauthenticated principals."""
    return principal in {"*", "AWS *"}


def _of_statement(statement: Mapping[str, Any]) -> Iterator[Grant]:
    excepts = tuple(part for part in ("Action", "Resource", "Principal") if f"Not{part}" in statement)
    condition = statement.get("Condition")
    normal = json.dumps(_normal(condition), sort_keys=True) if condition else ""
    actions = _values(statement, "Action", excepts) or [""]
    resources = _values(statement, "Resource", excepts) or [""]
    effect = "Deny" if str(statement.get("Effect")).lower() == "deny" else "Allow"
    for principal in _principals(statement.get("NotPrincipal", statement.get("Principal"))) or [""]:
        for action in actions:
            for resource in resources:
                yield Grant(effect, principal, action, resource, normal, excepts)


def _values(statement: Mapping[str, Any], part: str, excepts: tuple[str, ...]) -> list[str]:
    values = [str(each) for each in _list(statement.get(f"Not{part}", statement.get(part)))]
    # Exceptions apply together: each of them alone would allow what the others exclude.
    return [" and ".join(sorted(values))] if part in excepts and values else values


def _principals(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{kind} {_of_account(each)}" for kind, several in value.items() for each in _list(several)]
    return [str(each) for each in _list(value)]


def _of_account(principal: object) -> str:
    """A principal. The number of an account becomes the ARN of its root, which IAM treats as the same."""
    text = str(principal)
    return f"arn:aws:iam::{text}:root" if _ACCOUNT.fullmatch(text) else text


def _normal(value: object) -> object:
    """A normalized condition: single values become lists, and lists are sorted."""
    if isinstance(value, dict):
        return {key: _normal(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted({str(each) for each in value})
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _allowed(some: Iterable[Grant]) -> list[Grant]:
    return [each for each in some if each.effect == "Allow"]


def _denied(some: Iterable[Grant]) -> list[Grant]:
    return [each for each in some if each.effect == "Deny"]


def _not_covered(some: list[Grant], others: list[Grant]) -> tuple[Grant, ...]:
    """Those of `some` that none of `others` covers."""
    if len(some) * len(others) > _MOST_COMPARISONS:
        return _sorted(some)
    return _sorted(each for each in some if not any(_covers(other, each) for other in others))


def _covers(wide: Grant, narrow: Grant) -> bool:
    return (
        wide.excepts == narrow.excepts
        and wide.condition in {"", narrow.condition}
        and (wide.principal == narrow.principal or (is_public(wide.principal) and not wide.excepts))
        and _matches(wide.action, narrow.action, exact="Action" in wide.excepts, ignore_case=True)
        and _matches(wide.resource, narrow.resource, exact="Resource" in wide.excepts, ignore_case=False)
    )


def _matches(wide: str, narrow: str, *, exact: bool, ignore_case: bool) -> bool:
    if wide == narrow or (ignore_case and wide.lower() == narrow.lower()):
        return True
    if exact or ("*" not in wide and "?" not in wide):
        return False
    return is_like(wide.lower(), narrow.lower()) if ignore_case else is_like(wide, narrow)


def _sorted(some: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(some, key=lambda each: (each.principal, each.resource, each.condition, each.action)))
