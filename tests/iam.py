"""Evaluation of IAM policies with the elements that mlinfra's policies use.

Replaces AWS's policy simulator, which requires AWS and does not support service control policies of other accounts.
Follows the IAM user guide, "Policy evaluation logic" and "Condition operators". Only the operators of the policies
under test are implemented; any other raises NotImplementedError.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mlinfra.checks.wildcards import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

Context = dict[str, str | list[str]]


def applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """True if `statement` applies to the request."""
    if not any(_like(action.lower(), each.lower()) for each in listed(statement["Action"])):
        return False
    if "NotResource" in statement:
        if any(_like(resource, each) for each in listed(statement["NotResource"])):
            return False
    elif not any(_like(resource, each) for each in listed(statement["Resource"])):
        return False
    return all(
        _holds(operator, key, listed(values), context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def denied(policy: Mapping[str, Any], action: str, resource: str = "arn:aws:x:::y", **context: Any) -> bool:
    """True if `policy` denies the request, regardless of other policies."""
    return _any(policy, "Deny", action, resource, context)


def allowed(policy: Mapping[str, Any], action: str, resource: str = "arn:aws:x:::y", **context: Any) -> bool:
    """True if `policy` allows the request and does not deny it."""
    return _any(policy, "Allow", action, resource, context) and not denied(policy, action, resource, **context)


def _any(policy: Mapping[str, Any], effect: str, action: str, resource: str, context: Mapping[str, Any]) -> bool:
    given: Context = {key.replace("__", ":"): value for key, value in context.items()}
    return any(
        each["Effect"] == effect and applies(each, action, resource, given) for each in listed(policy["Statement"])
    )


def _holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    if operator.endswith("IfExists"):
        return key not in context or _holds(operator.removesuffix("IfExists"), key, values, context)
    given = listed(context.get(key, []))
    assert len(given) <= 1 or operator.startswith("ForAnyValue:"), (
        f"{key} has several values, but {operator} compares one"
    )
    if operator.startswith(("ArnNot", "StringNot")):
        return not _holds(operator.replace("Not", "", 1), key, values, context)
    match operator:
        case "ArnEquals" | "ArnLike":  # IAM treats both the same
            return any(_like_arn(each, value) for each in given for value in values)
        case "Bool" | "ForAnyValue:StringEquals" | "StringEquals":
            return any(each in values for each in given)
        case "Null":
            return (not given) == (values == ["true"])
        case "StringLike":
            return any(_like(each, value) for each in given for value in values)
    message = f"{operator} is not implemented"
    raise NotImplementedError(message)


def _like_arn(given: str, pattern: str) -> bool:
    # The six parts are compared separately: a star does not match a colon.
    parts, wanted = given.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) and all(map(_like, parts, wanted))


def _like(given: str, pattern: str) -> bool:
    # fnmatch supports brackets, IAM does not.
    return fnmatchcase(given, pattern.replace("[", "[[]"))
