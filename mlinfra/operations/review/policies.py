"""What an IAM policy allows, taken apart, so that two can be compared and the difference said in words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_GRANTS: Final = 50_000
"""AWS refuses policies that are much smaller; what is larger is not taken apart."""
_MOST_COMPARISONS: Final = 200_000
_ACCOUNT: Final = re.compile(r"[0-9]{12}")


class NoPolicyError(ValueError):
    """A text that is no policy, or one that is too large to be taken apart."""


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
    """Which of its parts are `NotAction`, `NotResource` or `NotPrincipal`: those list what is left out."""


def grants(policy: object) -> frozenset[Grant]:
    """All that a policy says.

    Args:
        policy: the document as JSON text, or as JSON. None and empty text are a policy that says nothing.

    Raises:
        NoPolicyError: where it is none.
    """
    if policy is None or policy == "":
        return frozenset()
    document = policy
    if isinstance(policy, str):
        try:
            document = json.loads(policy)
        except (ValueError, RecursionError) as error:
            message = "it is not JSON"
            raise NoPolicyError(message) from error
    if not isinstance(document, dict):
        message = "it is not an object"
        raise NoPolicyError(message)
    found: set[Grant] = set()
    for statement in _list(document.get("Statement")):
        if not isinstance(statement, dict):
            message = "a statement is not an object"
            raise NoPolicyError(message)
        for grant in _of_statement(statement):
            found.add(grant)
            if len(found) > _MOST_GRANTS:
                message = "it is larger than any policy that AWS takes"
                raise NoPolicyError(message)
    return frozenset(found)


@dataclass(frozen=True)
class Difference:
    """What one policy says and another does not, in both directions."""

    more: tuple[Grant, ...]
    """What is allowed now and was not."""
    less: tuple[Grant, ...]
    """What was allowed and is not any more."""
    denied_more: tuple[Grant, ...]
    denied_less: tuple[Grant, ...]
    lost_conditions: frozenset[Grant] = frozenset()
    """Those of `more` that were allowed before under another condition only."""


def difference(before: frozenset[Grant], after: frozenset[Grant]) -> Difference:
    """Compare two policies.

    What a wider statement allowed already is nothing new: `s3:GetObject` after `s3:*` is less, not more.
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
    """Grants in words, one sentence for those that differ in the action alone.

    Args:
        some: the grants.
        who: who is meant where a grant names no principal, quoted.
        verb: such as `may now also do`.
    """
    together: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for each in some:
        together.setdefault((each.principal, each.resource, each.condition, each.excepts), []).append(each.action)
    for (principal, resource, condition, excepts), actions in together.items():
        subject = principal_in_words(principal, excepts) if principal else who
        said = f"everything but {listed(actions)}" if "Action" in excepts else listed(actions)
        where = f" on {'everything but ' if 'Resource' in excepts else ''}{quoted(resource)}" if resource else ""
        when = f", where {quoted(condition)}" if condition else ""
        yield f"{subject} {verb} {said}{where}{when}"


def principal_in_words(principal: str, excepts: tuple[str, ...] = ()) -> str:
    """Who is meant by a principal."""
    if "Principal" in excepts:
        return f"everybody but {quoted(principal)}"
    if is_everybody(principal):
        return "everybody (`*`)"
    kind, _, name = principal.partition(" ")
    return {"Service": f"the service {quoted(name)}", "Federated": f"whoever {quoted(name)} signs in"}.get(
        kind, quoted(name or kind)
    )


def is_everybody(principal: str) -> bool:
    """Whether a principal is everybody in the world."""
    return principal in {"*", "AWS *"}


def _of_statement(statement: Mapping[str, Any]) -> Iterator[Grant]:
    excepts = tuple(part for part in ("Action", "Resource", "Principal") if f"Not{part}" in statement)
    condition = statement.get("Condition")
    said = json.dumps(_normal(condition), sort_keys=True) if condition else ""
    actions = _together(statement, "Action", excepts) or [""]
    resources = _together(statement, "Resource", excepts) or [""]
    effect = "Deny" if str(statement.get("Effect")).lower() == "deny" else "Allow"
    for principal in _principals(statement.get("NotPrincipal", statement.get("Principal"))) or [""]:
        for action in actions:
            for resource in resources:
                yield Grant(effect, principal, action, resource, said, excepts)


def _together(statement: Mapping[str, Any], part: str, excepts: tuple[str, ...]) -> list[str]:
    values = [str(each) for each in _list(statement.get(f"Not{part}", statement.get(part)))]
    # What is left out is left out together: each alone would allow what another leaves out.
    return [" and ".join(sorted(values))] if part in excepts and values else values


def _principals(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{kind} {_of_account(each)}" for kind, several in value.items() for each in _list(several)]
    return [str(each) for each in _list(value)]


def _of_account(principal: object) -> str:
    """A principal, where it is an account's number as the ARN that IAM takes that for."""
    text = str(principal)
    return f"arn:aws:iam::{text}:root" if _ACCOUNT.fullmatch(text) else text


def _normal(value: object) -> object:
    """A condition in which one value and a list of one are the same, and order does not matter."""
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
    """Those of `some` that none of `others` says already."""
    if len(some) * len(others) > _MOST_COMPARISONS:
        return _sorted(some)
    return _sorted(each for each in some if not any(_covers(other, each) for other in others))


def _covers(wide: Grant, narrow: Grant) -> bool:
    return (
        wide.excepts == narrow.excepts
        and wide.condition in {"", narrow.condition}
        and (wide.principal == narrow.principal or (is_everybody(wide.principal) and not wide.excepts))
        and _matches(wide.action, narrow.action, exact="Action" in wide.excepts, ignore_case=True)
        and _matches(wide.resource, narrow.resource, exact="Resource" in wide.excepts, ignore_case=False)
    )


def _matches(wide: str, narrow: str, *, exact: bool, ignore_case: bool) -> bool:
    if wide == narrow or (ignore_case and wide.lower() == narrow.lower()):
        return True
    if exact or ("*" not in wide and "?" not in wide):
        return False
    return _is_like(wide.lower(), narrow.lower()) if ignore_case else _is_like(wide, narrow)


def _is_like(pattern: str, text: str) -> bool:
    """Whether `text`, which may hold wildcards itself, is within `pattern`. Its time has a bound, unlike a regex's."""
    at = in_text = 0
    star, retry = -1, 0
    while in_text < len(text):
        here = pattern[at : at + 1]
        if here == "*":
            star, retry = at, in_text
            at += 1
        elif here == text[in_text] or (here == "?" and text[in_text] != "*"):
            at += 1
            in_text += 1
        elif star >= 0:
            retry += 1
            at, in_text = star + 1, retry
        else:
            return False
    return not pattern[at:].strip("*")


def _sorted(some: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(some, key=lambda each: (each.principal, each.resource, each.condition, each.action)))
