"""CloudTrail trails by name and by ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def trail(client: Callable[..., Any]) -> Any:
    s3, cloudtrail = client("s3"), client("cloudtrail")
    s3.create_bucket(Bucket="trail")
    for each in cloudtrail.list_trails()["Trails"]:
        cloudtrail.delete_trail(Name=each["TrailARN"])
    return cloudtrail.create_trail(Name="account", S3BucketName="trail")["TrailARN"]


@pytest.mark.parametrize("named", ["account", "arn:aws:cloudtrail:us-east-1:123456789012:trail/account"])
def test_a_trail_is_found_by_name_and_arn(client: Callable[..., Any], trail: str, named: str) -> None:
    cloudtrail = client("cloudtrail")
    cloudtrail.start_logging(Name=named)
    assert cloudtrail.get_trail_status(Name=trail)["IsLogging"] is True
    cloudtrail.stop_logging(Name=named)
    assert cloudtrail.get_trail_status(Name=trail)["IsLogging"] is False
    cloudtrail.delete_trail(Name=named)
    assert error_code(cloudtrail.get_trail, Name=trail) == "TrailNotFoundException"
    assert error_code(cloudtrail.delete_trail, Name=named) == "TrailNotFoundException"


def test_a_trail_reports_its_event_selectors(client: Callable[..., Any], trail: str) -> None:
    cloudtrail = client("cloudtrail")
    assert cloudtrail.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is False
    cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=[{"ReadWriteType": "WriteOnly"}])
    assert cloudtrail.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is True
