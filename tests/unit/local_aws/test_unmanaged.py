"""The example of an account that was used by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.unmanaged import BUCKET, OTHER_REGION, create_unmanaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.local_aws.unmanaged import Created

pytestmark = pytest.mark.local_aws


def test_resources_of_three_people_are_created_in_two_regions(local_aws: LocalAws, client: Callable[..., Any]) -> None:
    created: list[Created] = []
    create_unmanaged(local_aws, created.append)
    assert len(created) == 7
    assert {each.region for each in created} == {"us-east-1", "us-west-2"}
    assert [each["Name"] for each in client("s3").list_buckets()["Buckets"]] == [BUCKET]
    reservations = client("ec2", OTHER_REGION).describe_instances()["Reservations"]
    assert [each["InstanceType"] for each in reservations[0]["Instances"]] == ["p4d.24xlarge"] * 4
    assert all(each["PublicIpAddress"] for each in reservations[0]["Instances"])


def test_the_event_history_names_the_person_who_launched(local_aws: LocalAws, client: Callable[..., Any]) -> None:
    create_unmanaged(local_aws)
    attributes = [{"AttributeKey": "EventName", "AttributeValue": "RunInstances"}]
    (event,) = client("cloudtrail", OTHER_REGION).lookup_events(LookupAttributes=attributes)["Events"]
    assert event["Username"] == "ben@example.com"


def test_a_second_call_is_refused(local_aws: LocalAws) -> None:
    create_unmanaged(local_aws)
    with pytest.raises(OperationError, match="contains these resources already"):
        create_unmanaged(local_aws)
