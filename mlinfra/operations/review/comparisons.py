"""Comparisons for tables of dangerous settings that need more than equality: numbers, texts, versions of TLS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.operations.review.guards import Test
    from mlinfra.operations.review.plan import Plan

_ACCOUNT: Final = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):")
_MINOR: Final = re.compile(r"(?:TLS13[-_]1[-_]|TLS[-_v]?1[-_.]|FS-1-)(\d)", re.IGNORECASE)
_DATE: Final = re.compile(r"(20\d\d)-(\d\d)")
_OLDEST: Final = (
    "SSLv3",
    "TLSv1",
    "TLSv1_2016",
    "ELBSecurityPolicy-2016-08",
    "ELBSecurityPolicy-2015-05",
    "ELBSecurityPolicy-FS-2018-06",
)
"""Names without the version 1.0 that they admit. Elastic Load Balancing, "Security policies for your Application Load
Balancer"; CloudFront Developer Guide, "Supported protocols and ciphers between viewers and CloudFront" (read
2026-11-29)."""


def born_below(limit: float) -> Test:
    """The resource is created with a number less than `limit`."""
    return lambda _, before, after: not before and any(each < limit for each in numbers(after))


def above(limit: float) -> Test:
    """A number becomes, or is created as, more than `limit`."""

    def is_above(given: Iterable[Any]) -> bool:
        return any(each > limit for each in numbers(given))

    return lambda _, before, after: is_above(after) and not is_above(before)


def drops(*parts: str) -> Test:
    """A text, or JSON, no longer contains one of `parts`. White space and case are ignored."""
    wanted = [compact(each) for each in parts]

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        if UNKNOWN in after:
            return False
        had, has = "".join(map(compact, before)), "".join(map(compact, after))
        return any(part in had and part not in has for part in wanted)

    return check


def switched_off() -> Test:
    """A member of a map stops being true, or is removed."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        had, has = (next((each for each in side if isinstance(each, dict)), {}) for side in (before, after))
        return UNKNOWN not in after and any(on is True and has.get(name) is not True for name, on in had.items())

    return check


def names_foreign() -> Test:
    """A text, or JSON, begins to contain an ARN of an account that is not that of the plan."""

    def accounts(given: Iterable[Any]) -> set[str]:
        return {account for each in given for account in _ACCOUNT.findall(_text(each))}

    return lambda plan, before, after: any(map(plan.may_be_foreign, accounts(after) - accounts(before)))


def older_tls() -> Test:
    """The oldest admitted version of TLS gets older. Names without a version are compared by their date."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        had, has = (list(filter(None, map(oldest_tls, side))) for side in (before, after))
        return bool(had and has) and min(has) < min(had)

    return check


def oldest_tls(policy: object) -> tuple[int, ...] | None:
    """The oldest version of TLS that a security policy of AWS admits, or its date. None: not recognized."""
    if not isinstance(policy, str):
        return None
    if policy in _OLDEST:
        return (1, 0)
    if found := _MINOR.search(policy):
        return (1, int(found[1]))
    found = _DATE.search(policy)
    return (int(found[1]), int(found[2])) if found else None


def compact(value: object) -> str:
    """A value as text without white space, in lower case. Empty: unknown or not set."""
    return "".join(_text(value).split()).lower()


def _text(value: object) -> str:
    if value is UNKNOWN or value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def numbers(given: Iterable[Any]) -> list[float]:
    """The values that are numbers, also as text."""
    return [found for each in given if (found := number(each)) is not None]
