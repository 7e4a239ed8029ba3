"""Principals that created resources, from CloudTrail's event history.

CloudTrail allows two LookupEvents requests per second, account and region, and keeps events of 90 days (CloudTrail user
guide, "Working with CloudTrail event history", and API reference, "LookupEvents", read 2026-11-29). So only the dearest
resources are looked up, one request for each, in a window around the launch.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.scan import FAILURES, failed_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mlinfra.operations.audit.item import FailedRead
    from mlinfra.operations.audit.scan import RegionalClients

LOOKUPS: Final = 40
"""The maximum number of resources that are looked up in a region: 20 seconds."""
_SECONDS_A_LOOKUP: Final = 0.5
_KEPT: Final = timedelta(days=90)
_AROUND: Final = timedelta(minutes=30)
"""The window before and after a launch. Services record the launch of a resource up to minutes after its event."""

_CREATION: Final = re.compile(r"Create|Run|Allocate|Start|Purchase|Register|Request", re.ASCII)
_OF_OTHERS: Final = frozenset({"CreateGrant", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", "CreateTags"})
"""Events that name a resource, and create another."""
_SESSION: Final = re.compile(r"arn:[\w-]+:sts::\d+:assumed-role/(?P<role>[^/]+)/(?P<session>.+)", re.ASCII)
_SSO_ROLE: Final = re.compile(r"AWSReservedSSO_(?P<set>.+)_[0-9a-f]{16}", re.ASCII)
"""The role of a permission set (IAM Identity Center user guide, "Referencing permission sets", read 2026-11-29)."""


@dataclass(frozen=True)
class Lookup:
    """A resource to look up."""

    region: str
    id: str
    launched: datetime


@dataclass(frozen=True)
class Launcher:
    """The principal that created a resource."""

    principal: str
    """Its ARN, or the name of a service of AWS."""
    event: str
    at: datetime

    @property
    def name(self) -> str:
        """A short name: the user, the session of a role with the role, or the service."""
        if match := _SESSION.fullmatch(self.principal):
            sso = _SSO_ROLE.fullmatch(match["role"])
            return f"{match['session']} ({sso['set'] if sso else match['role']})"
        return self.principal.rpartition("/")[2] or self.principal

    @property
    def person(self) -> str:
        """The e-mail address or user name of a person. Empty: the principal is a role of a program, or a service."""
        match = _SESSION.fullmatch(self.principal)
        if match:
            return match["session"] if "@" in match["session"] or _SSO_ROLE.fullmatch(match["role"]) else ""
        return self.principal.rpartition("/")[2] if ":user/" in self.principal else ""


def find_launchers(
    clients: RegionalClients, lookups: Sequence[Lookup], now: datetime, *, pause: float = _SECONDS_A_LOOKUP
) -> tuple[dict[tuple[str, str], Launcher], list[FailedRead]]:
    """The principals that created resources, by region and id, and the failures.

    Args:
        clients: the clients.
        lookups: the resources, the most important first. More than `LOOKUPS` of a region are left out.
        now: the present time. Resources that are older than 90 days are not looked up.
        pause: the time between two requests to a region, in seconds.
    """
    by_region: dict[str, list[Lookup]] = defaultdict(list)
    for each in lookups:
        if now - each.launched < _KEPT and len(by_region[each.region]) < LOOKUPS:
            by_region[each.region].append(each)
    found: dict[tuple[str, str], Launcher] = {}
    failed: list[FailedRead] = []

    def read(region: str) -> FailedRead | None:
        cloudtrail = clients.get("cloudtrail", region)
        for number, each in enumerate(by_region[region]):
            if number:
                time.sleep(pause)
            try:
                launcher = _launcher(cloudtrail, each)
            except (*FAILURES, KeyError, TypeError, ValueError) as error:
                # The other requests would fail in the same way, after as many retries.
                return failed_read(region, "cloudtrail", error, ("launched_by",))
            if launcher:
                found[region, each.id] = launcher
        return None

    if by_region:
        with ThreadPoolExecutor(len(by_region)) as pool:
            failed += [each for each in pool.map(read, by_region) if each]
    return found, failed


def _launcher(cloudtrail: Any, lookup: Lookup) -> Launcher | None:  # noqa: ANN401  boto3 makes its clients at run time
    answer = cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": lookup.id}],
        StartTime=lookup.launched - _AROUND,
        EndTime=lookup.launched + _AROUND,
        MaxResults=50,
    )
    return _first(answer.get("Events", ()))


def _first(events: Iterable[Mapping[str, Any]]) -> Launcher | None:
    """The principal of the first creation among the events."""
    found = []
    for event in events:
        name = event.get("EventName", "")
        record = json.loads(event.get("CloudTrailEvent") or "{}")
        if not _CREATION.match(name) or name in _OF_OTHERS or record.get("errorCode"):
            continue
        identity = record.get("userIdentity", {})
        principal = identity.get("arn") or identity.get("invokedBy") or event.get("Username")
        if principal:
            found.append(Launcher(str(principal), name, event["EventTime"]))
    return min(found, key=lambda each: each.at, default=None)
