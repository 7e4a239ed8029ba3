"""Evaluation of IAM policies, with the elements that mlinfra's policies use.

Follows the IAM user guide: "Policy evaluation logic", "IAM JSON policy elements: Condition operators" and "Set
operators for multivalued context keys", read 2026-11-29. Policy variables, such as `${aws:username}`, are compared as
plain text. Condition operators for numbers except NumericGreaterThan, and those for dates, IP addresses and binary
values, raise NotImplementedError.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal

from mlinfra.checks.wildcards import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Decision = Literal["allowed", "denied", "neutral"]
"""`neutral`: no statement applies, which is an implicit denial."""


@dataclass(frozen=True)
class Request:
    """One action on one resource."""

    action: str
    """The IAM action, such as `s3:GetObject`."""
    resource: str = "*"
    """The ARN. Default: `*`, for actions without resources, and where the ARN is not known."""
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Values by condition key. Keys are not case-sensitive. Default: none."""


def decide(policies: Iterable[Mapping[str, Any]], request: Request) -> Decision:
    """The decision of several policies about a request. A denial overrides every permission.

    Args:
        policies: the policies, as JSON values.
        request: the request.

    Raises:
        NotImplementedError: a condition has an operator that is not implemented.
    """
    context = {key.lower(): values for key, values in request.context.items()}
    decision: Decision = "neutral"
    for policy in policies:
        for statement in listed(policy["Statement"]):
            if not _matches(statement, request) or not conditions_hold(statement.get("Condition", {}), context):
                continue
            if statement["Effect"] == "Deny":
                return "denied"
            decision = "allowed"
    return decision


def conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, Sequence[str]]) -> bool:
    """True if all conditions of a statement are met.

    Args:
        conditions: values by operator and condition key.
        context: the values of the request, by condition key in lower case.

    Raises:
        NotImplementedError: an operator is not implemented.
    """
    return all(
        _holds(operator, context.get(key.lower()), [str(each) for each in listed(values)])
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    if "NotAction" in statement:
        if _action_in(request.action, statement["NotAction"]):
            return False
    elif not _action_in(request.action, statement["Action"]):
        return False
    if "NotResource" in statement:
        return not any(like(request.resource, each) for each in listed(statement["NotResource"]))
    # The policies of trust have no resource: it is the role itself.
    return any(like(request.resource, each) for each in listed(statement.get("Resource", "*")))


def _action_in(action: str, patterns: object) -> bool:
    return _any_matches(action.lower(), tuple(listed(patterns)))


@functools.lru_cache(maxsize=5_000)  # most requests are of an action and a policy that occurred before
def _any_matches(action: str, patterns: tuple[str, ...]) -> bool:
    service = action.partition(":")[0]
    for each in patterns:
        pattern = each.lower()
        known = pattern.partition(":")[0]
        if (known == service or "*" in known) and like(action, pattern):
            return True
    return False


def _holds(operator: str, given: Sequence[str] | None, values: Sequence[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if operator != name and given is None:
        return True
    if name == "Null":
        return (given is None) == (values[0].lower() == "true")
    quantifier, _, single = name.rpartition(":")
    if quantifier == "ForAllValues":
        return all(_compare(single, each, values) for each in given or ())
    if quantifier == "ForAnyValue":
        return any(_compare(single, each, values) for each in given or ())
    if given is None:
        # A key that is absent from the request matches no value, so it differs from every value.
        return "Not" in name
    if len(given) > 1:
        message = f"the request has {len(given)} values for a condition, but {operator} compares one"
        raise ValueError(message)
    return _compare(name, given[0], values)


def _compare(operator: str, given: str, values: Sequence[str]) -> bool:
    if "Not" in operator:
        return not _compare(operator.replace("Not", "", 1), given, values)
    match operator:
        case "StringEquals":
            return given in values
        case "Bool":
            return given.lower() in {each.lower() for each in values}
        case "StringLike":
            return any(like(given, each) for each in values)
        case "ArnEquals" | "ArnLike":  # IAM treats both the same
            return any(_like_arn(given, each) for each in values)
        case "NumericGreaterThan":
            number = _number(given)
            return number is not None and any(number > (_number(each) or 0) for each in values)
    message = f"the condition operator {operator} is not implemented in the local AWS"
    raise NotImplementedError(message)


def _number(text: str) -> Decimal | None:
    """`text` as a number. None: it is not one, and no condition about numbers holds."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _like_arn(given: str, pattern: str) -> bool:
    # The six parts are compared separately: a wildcard does not match a colon between them.
    parts, wanted = given.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) and all(map(like, parts, wanted))


def like(given: str, pattern: str) -> bool:
    """True if `pattern`, with the wildcards `*` and `?`, matches the text `given`."""
    if "*" not in pattern and "?" not in pattern:
        return given == pattern
    return _compiled(pattern).fullmatch(given) is not None


@functools.lru_cache(maxsize=20_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if each == "*" else "." if each == "?" else re.escape(each) for each in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)
