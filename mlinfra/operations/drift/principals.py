"""Principals that changed a resource, from CloudTrail's event history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mlinfra.operations.drift.report import ChangeEvent, Who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.aws import AwsAccount

LOOKUPS = 60
"""Maximum number of requests to CloudTrail per run. CloudTrail allows two per second, account and region."""

_LONGEST_REASON = 200
"""Characters. Proxies may answer with whole pages."""
_NAMES = 3
_EVENTS = 3
_GLOBAL = ("aws_iam_", "aws_route53_", "aws_cloudfront_")
_GLOBAL_REGION = "us-east-1"
"""The region with CloudTrail's events of global services, in the standard partition."""

_LIMIT = Config(retries={"mode": "adaptive", "max_attempts": 6})


class Principals:
    """Looks up principals in CloudTrail, once per resource."""

    def __init__(self, account: AwsAccount, region: str) -> None:
        """Look up resources of `account` in `region`."""
        self._account = account
        self._region = region
        self._lookups = 0
        self._known: dict[tuple[str, ...], Who] = {}
        self._refusals: dict[str, Who] = {}

    def who_changed(self, type_: str, names: tuple[str, ...]) -> Who:
        """Look up the principals that changed a resource within the last 90 days.

        The result may be incomplete: not every event contains the resource, and data events are not in the history.
        An unknown principal is returned with the reason.

        Args:
            type_: the Terraform type of the resource.
            names: its ids and names in AWS.
        """
        region = _GLOBAL_REGION if type_.startswith(_GLOBAL) else self._region
        key = (region, *names)
        if key not in self._known:
            if region in self._refusals:
                return self._refusals[region]
            try:
                self._known[key] = self._look_up(region, names)
            except (ClientError, BotoCoreError) as error:
                # Further requests would fail in the same way, after as many retries.
                self._refusals[region] = Who(unknown=f"the request to CloudTrail failed ({_in_one_line(error)})")
                return self._refusals[region]
        return self._known[key]

    def _look_up(self, region: str, names: tuple[str, ...]) -> Who:
        if not names:
            return Who(unknown="the resource has no name for a lookup")
        client = self._account.session.client("cloudtrail", region_name=region, config=_LIMIT)
        by_terraform: list[ChangeEvent] = []
        events: dict[str, ChangeEvent] = {}
        for name in names[:_NAMES]:
            if self._lookups >= LOOKUPS:
                return Who(unknown=f"skipped, because a run is limited to {LOOKUPS} lookups")
            self._lookups += 1
            for id_, event, is_terraform in _events(client, name):
                if is_terraform:
                    by_terraform.append(event)
                else:
                    events[id_] = event
            if events:
                break
        if events:
            return Who(tuple(sorted(events.values(), key=lambda event: event.at, reverse=True)[:_EVENTS]))
        if by_terraform:
            last = max(by_terraform, key=lambda event: event.at)
            return Who(unknown=f"CloudTrail has only events by Terraform, the last by {last}")
        return Who(unknown="CloudTrail has no event of the resource within 90 days")


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."


def _events(client: Any, name: str) -> Iterator[tuple[str, ChangeEvent, bool]]:  # noqa: ANN401  boto3
    """Read the write events of `name`, the newest first: id, event, and True for events by Terraform."""
    # One page with the newest 50. LookupEvents cannot filter by ReadOnly and by name at once.
    found = client.lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}], MaxResults=50
    )
    for event in found.get("Events", ()):
        if str(event.get("ReadOnly", "")).lower() == "true":
            continue
        record = json.loads(event.get("CloudTrailEvent") or "{}")
        if record.get("errorCode"):
            continue
        identity = record.get("userIdentity", {})
        principal = identity.get("arn") or identity.get("invokedBy") or event.get("Username") or "an unnamed principal"
        agent = record.get("userAgent", "")
        change = ChangeEvent(principal, event.get("EventName", "an unnamed event"), event["EventTime"])
        yield event["EventId"], change, "terraform" in agent.lower()
