"""Capacity Blocks of EC2."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit.local_aws.conftest import error_code, error_message

P5 = {"InstanceType": "p5.48xlarge", "InstanceCount": 2, "CapacityDurationHours": 48}


def offered(ec2: Any, **changes: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ec2.describe_capacity_block_offerings(**{**P5, **changes})["CapacityBlockOfferings"]
    return found


def purchased(ec2: Any) -> dict[str, Any]:
    offering = offered(ec2)[0]
    block: dict[str, Any] = ec2.purchase_capacity_block(
        CapacityBlockOfferingId=offering["CapacityBlockOfferingId"], InstancePlatform="Linux/UNIX"
    )["CapacityReservation"]
    return block


def test_an_offering_has_dates_and_an_upfront_price(ec2: Any) -> None:
    first = offered(ec2)[0]
    assert (first["InstanceType"], first["InstanceCount"], first["CurrencyCode"]) == ("p5.48xlarge", 2, "USD")
    assert first["EndDate"] - first["StartDate"] == timedelta(hours=48)
    assert (first["EndDate"].hour, first["EndDate"].minute) == (11, 30)
    assert float(first["UpfrontFee"]) == pytest.approx(41.528 * 2 * 48, abs=0.01)


def test_offerings_can_be_limited_to_a_time(ec2: Any) -> None:
    assert offered(ec2, StartDateRange=datetime(2099, 1, 1, tzinfo=timezone.utc)) == []
    assert offered(ec2, EndDateRange=datetime.now(timezone.utc)) == []


def test_a_type_without_blocks_in_the_region_has_no_offering(ec2: Any) -> None:
    assert offered(ec2, InstanceType="g5.xlarge") == []


@pytest.mark.parametrize("hours", [0, 12, 25, 15 * 24, 183 * 24])
def test_a_duration_that_is_not_offered_is_refused(ec2: Any, hours: int) -> None:
    assert "capacityDurationHours is invalid" in error_message(
        ec2.describe_capacity_block_offerings, **{**P5, "CapacityDurationHours": hours}
    )


@pytest.mark.parametrize("change", [{"InstanceCount": 65}, {"InstanceType": "p9.large"}])
def test_an_invalid_count_or_type_is_refused(ec2: Any, change: dict[str, Any]) -> None:
    assert error_code(ec2.describe_capacity_block_offerings, **{**P5, **change}) == "InvalidParameterValue"


def test_a_type_is_required(ec2: Any) -> None:
    assert error_code(ec2.describe_capacity_block_offerings, CapacityDurationHours=24) == "MissingParameter"


def test_a_purchased_block_is_a_scheduled_targeted_reservation(ec2: Any) -> None:
    block = purchased(ec2)
    (found,) = ec2.describe_capacity_reservations(CapacityReservationIds=[block["CapacityReservationId"]])[
        "CapacityReservations"
    ]
    assert (found["State"], found["ReservationType"], found["InstanceMatchCriteria"], found["TotalInstanceCount"]) == (
        "scheduled",
        "capacity-block",
        "targeted",
        2,
    )


def test_an_unknown_offering_cannot_be_purchased(ec2: Any) -> None:
    request = {"CapacityBlockOfferingId": "cbr-0123456789abcdef0", "InstancePlatform": "Linux/UNIX"}
    assert error_code(ec2.purchase_capacity_block, **request) == "InvalidParameterValue"


def test_a_block_can_be_neither_changed_nor_cancelled(ec2: Any) -> None:
    identifier = purchased(ec2)["CapacityReservationId"]
    assert error_code(ec2.cancel_capacity_reservation, CapacityReservationId=identifier) == "UnsupportedOperation"
    change = {"CapacityReservationId": identifier, "InstanceCount": 3}
    assert error_code(ec2.modify_capacity_reservation, **change) == "UnsupportedOperation"
