"""Conditions of policies: the callers that they admit."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.accounts import account_of
from mlinfra.operations.review.networks import is_large

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLER: Final = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"),
        *("aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourcevpcarn"),
        *("aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist"),
        *("kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn"),
        "elasticfilesystem:accessedviamounttarget",
    }
)
"""Keys that restrict the caller or its network (IAM User Guide, "AWS global condition context keys"; S3 User Guide,
"The meaning of 'public'", as repeated in the AWS SDK for .NET under PublicAccessBlockConfiguration, read 2026-11-29).
Others describe the request: transport, region, time, headers."""
_POSITIVE: Final = re.compile(
    r"(?:foranyvalue:)?(?:string(?:equals|like|equalsignorecase)|arn(?:equals|like)|ipaddress|bool|numericequals)"
)
"""Operators that admit only what they name. `...IfExists` also admits requests without the key, `ForAllValues` too."""
_REQUEST: Final = frozenset(
    {
        *("aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:securetransport", "aws:useragent"),
        *("aws:referer", "aws:tlsversion", "s3:tlsversion", "aws:tokenissuetime", "s3:signatureversion"),
        *("s3:authtype", "s3:signatureage", "aws:multifactorauthage", "aws:viaawsservice"),
    }
)
"""Keys that any caller can satisfy, and that limit no resource either."""
_ANY_SUBJECT: Final = re.compile(r"(?:[^:/*?]*:)*[*?]+|[^/]*/[*?].*")
"""A subject of an OIDC token without a fixed project: `*`, `repo:*`, `repo:company/*`."""


def restricts_caller(condition: str) -> bool:
    """True if a normalized condition admits only some callers or networks."""
    return any(True for _ in _restrictions(condition))


def restricts(condition: str) -> bool:
    """True if a normalized condition admits only some callers, resources or parameters of requests."""
    return any(key not in _REQUEST and not key.startswith("s3:x-amz-") for _, key, _ in _parts(condition))


def admitted_accounts(condition: str) -> frozenset[str]:
    """The accounts that a condition names as those of its callers."""
    return frozenset(
        account for _, values in _restrictions(condition) for each in values if (account := account_of(each))
    )


def restricts_subject(condition: str) -> bool:
    """True if a condition names the subject or the project of a web identity, without a wildcard instead of it."""
    for operator, key, values in _parts(condition):
        name = key.rpartition(":")[2]
        if _POSITIVE.fullmatch(operator) and name in {"sub", "project_path", "project_id", "repository"}:
            return not any(_ANY_SUBJECT.fullmatch(each) for each in values)
    return False


def _restrictions(condition: str) -> Iterator[tuple[str, list[str]]]:
    """Keys that restrict the caller, with the admitted values."""
    for operator, key, values in _parts(condition):
        if key in _CALLER and _POSITIVE.fullmatch(operator) and not any(_is_any(key, each) for each in values):
            yield key, values


@lru_cache(maxsize=512)
def _parts(condition: str) -> tuple[tuple[str, str, list[str]], ...]:
    """Operator, key and values, in lower case except for the values."""
    found: Any = json.loads(condition) if condition else {}
    return tuple(
        (str(operator).lower(), str(key).lower(), list(map(str, values)))
        for operator, keys in (found.items() if isinstance(found, dict) else ())
        if isinstance(keys, dict)
        for key, values in keys.items()
        if isinstance(values, list)
    )


def _is_any(key: str, value: str) -> bool:
    """True if a value of a condition admits any caller."""
    # `AROAEXAMPLE:*` are the sessions of one role, `*:name` those of any.
    if not value.strip("*?") or (key == "aws:userid" and value.startswith(("*", "?"))):
        return True
    if key in {"aws:sourceip", "aws:vpcsourceip"}:
        return is_large(value)
    if key.endswith("arn") and value.startswith("arn:"):
        # S3's ARNs have no account, but its buckets have unique names.
        parts = value.split(":", 5)
        account, name = (parts[4], parts[5]) if len(parts) > 5 else ("", "*")  # noqa: PLR2004  the parts of an ARN
        return "*" in account or (not account and not name.strip("*?"))
    if key == "aws:principalisawsservice":
        return value != "true"
    return "*" in value and key in {"aws:principalorgid", "aws:sourceorgid"} and not value.strip("o-*?")
