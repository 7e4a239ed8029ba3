"""Which principal changed a resource, from CloudTrail's event history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mlinfra.operations.drift.report import Act, Who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.aws import AwsAccount

LOOKUPS = 60
"""The most questions to CloudTrail in one run. It answers two in a second, in each account and region."""

_LONGEST_REASON = 200
"""Characters. What is in the way of AWS answers with whole pages."""
_NAMES = 3
_ACTS = 3
_GLOBAL = ("aws_iam_", "aws_route53_", "aws_cloudfront_")
_GLOBAL_REGION = "us-east-1"
"""Where CloudTrail records what is done to global services, in the standard partition."""

_LIMIT = Config(retries={"mode": "adaptive", "max_attempts": 6})


class Principals:
    """Asks CloudTrail, each resource once."""

    def __init__(self, account: AwsAccount, region: str) -> None:
        """Ask for resources of `account` in `region`."""
        self._account = account
        self._region = region
        self._lookups = 0
        self._known: dict[tuple[str, ...], Who] = {}
        self._refusals: dict[str, Who] = {}

    def who_changed(self, type_: str, names: tuple[str, ...]) -> Who:
        """Who changed the resource of `type_` that AWS calls by one of `names`, within the last 90 days.

        Best effort: not every event names the resource, and what is done to data is no management event.
        Where it is not known, that is what is returned, with the reason.
        """
        region = _GLOBAL_REGION if type_.startswith(_GLOBAL) else self._region
        key = (region, *names)
        if key not in self._known:
            if region in self._refusals:
                return self._refusals[region]
            try:
                self._known[key] = self._ask(region, names)
            except (ClientError, BotoCoreError) as error:
                # It would answer every other question so, after as many tries.
                self._refusals[region] = Who(unknown=f"CloudTrail cannot be asked ({_in_one_line(error)})")
                return self._refusals[region]
        return self._known[key]

    def _ask(self, region: str, names: tuple[str, ...]) -> Who:
        if not names:
            return Who(unknown="the resource has no name to look up")
        client = self._account.session.client("cloudtrail", region_name=region, config=_LIMIT)
        by_terraform: list[Act] = []
        acts: dict[str, Act] = {}
        for name in names[:_NAMES]:
            if self._lookups >= LOOKUPS:
                return Who(unknown=f"not asked: {LOOKUPS} look-ups are the most in one run")
            self._lookups += 1
            for id_, act, is_terraform in _acts(client, name):
                if is_terraform:
                    by_terraform.append(act)
                else:
                    acts[id_] = act
            if acts:
                break
        if acts:
            return Who(tuple(sorted(acts.values(), key=lambda act: act.at, reverse=True)[:_ACTS]))
        if by_terraform:
            last = max(by_terraform, key=lambda act: act.at)
            return Who(unknown=f"CloudTrail has only what Terraform did, the last by {last}")
        return Who(unknown="CloudTrail has no event of it within 90 days")


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."


def _acts(client: Any, name: str) -> Iterator[tuple[str, Act, bool]]:  # noqa: ANN401  boto3
    """What was done to `name`, the newest first: the event's id, the act, and whether Terraform did it."""
    # One page of the newest 50. ReadOnly cannot be asked for together with a name.
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
        act = Act(principal, event.get("EventName", "an unnamed event"), event["EventTime"])
        yield event["EventId"], act, "terraform" in agent.lower()
