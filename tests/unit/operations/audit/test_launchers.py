"""Lookups of launchers in the event history of a local AWS."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.operations.audit import launchers
from mlinfra.operations.audit.auditing import account_in_use
from mlinfra.operations.audit.launchers import Lookup, find_launchers
from mlinfra.operations.audit.scan import RegionalClients
from tests.unit.operations.audit.story import run_instances

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture
def regional(local_aws: LocalAws) -> RegionalClients:  # noqa: ARG001
    return RegionalClients(account_in_use(())[0])


def now() -> datetime:
    return datetime.now(timezone.utc)


def test_the_creation_is_found_and_later_changes_are_not(client: Callable[..., Any], regional: RegionalClients) -> None:
    (instance,) = run_instances(client, "box", "t3.micro", 1, "us-east-1")
    client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "a", "Value": "b"}])
    client("ec2").stop_instances(InstanceIds=[instance])
    found, failed = find_launchers(regional, [Lookup("us-east-1", instance, now())], now(), pause=0)
    assert [(each.event, each.name) for each in found.values()] == [("RunInstances", "administrator")]
    assert failed == []


def test_resources_older_than_the_history_are_not_looked_up(regional: RegionalClients) -> None:
    requests: list[str] = []
    events = regional.get("cloudtrail", "us-east-1").meta.events
    events.register("before-call.cloudtrail", lambda **_: requests.append("lookup"))
    assert find_launchers(regional, [Lookup("us-east-1", "i-1", now() - timedelta(days=91))], now()) == ({}, [])
    assert requests == []


def test_the_number_of_lookups_of_a_region_is_limited(
    regional: RegionalClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launchers, "LOOKUPS", 3)
    requests: list[str] = []
    for region in ("us-east-1", "eu-west-1"):
        cloudtrail = regional.get("cloudtrail", region)
        cloudtrail.meta.events.register("before-call.cloudtrail", lambda region=region, **_: requests.append(region))
    lookups = [Lookup(region, f"i-{n}", now()) for n in range(5) for region in ("us-east-1", "eu-west-1")]
    find_launchers(regional, lookups, now(), pause=0)
    assert sorted(requests) == ["eu-west-1"] * 3 + ["us-east-1"] * 3


def test_a_refused_lookup_ends_those_of_its_region_and_is_named(regional: RegionalClients) -> None:
    requests: list[str] = []

    def refuse(**_: Any) -> None:
        requests.append("lookup")
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "denied"}}, "LookupEvents")

    regional.get("cloudtrail", "us-east-1").meta.events.register("before-call.cloudtrail", refuse)
    lookups = [Lookup("us-east-1", f"i-{number}", now()) for number in range(3)]
    found, (failed,) = find_launchers(regional, lookups, now(), pause=0)
    assert (found, requests) == ({}, ["lookup"])
    assert (failed.service, failed.kinds, failed.code) == ("cloudtrail", ("launched_by",), "AccessDeniedException")
