"""Gap: capacity reservations, which hold instances of one type in one zone.

moto has none. In AWS, a reservation for immediate use is active immediately, lasts until it is cancelled or
its end date has passed, and is still described for some time afterwards. It is made for all its instances or refused.
One in a placement group holds instances of that group, which reduce its available capacity. Source: EC2 API reference,
CreateCapacityReservation, ModifyCapacityReservation, CancelCapacityReservation, DescribeCapacityReservations,
CapacityReservation and "Error codes", read 2026-11-24; EC2 user guide, "Launch instances into an existing Capacity
Reservation" and "Use Capacity Reservations with placement groups", read 2026-11-30.

The local AWS has all capacity, except in the placement group of an auto scaling group whose launches it refuses
(`scaling_activities`).

Not covered: reservations for a future date. Capacity Blocks: see `capacity_blocks`.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id

from mlinfra.local_aws.gaps.autoscaling.scaling_activities import launch_refusal
from mlinfra.local_aws.gaps.ec2.placement_groups import placement_groups
from mlinfra.local_aws.mechanisms.ec2_requests import (
    DescribedResource,
    check,
    created_tags,
    filtered,
    make_taggable,
    page,
    refuse,
    refuse_value,
)
from mlinfra.local_aws.mechanisms.extending import add_operations, kept
from mlinfra.local_aws.mechanisms.launch_errors import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.ec2.models import EC2Backend

RESOURCE_TYPE = "capacity-reservation"
_PREFIX = "cr"


def is_open() -> bool:
    """True if moto has no capacity reservations."""
    return not hasattr(EC2Response, "create_capacity_reservation")


def close() -> None:
    """Close the gap: add capacity reservations."""
    make_taggable(RESOURCE_TYPE, _PREFIX)
    add_operations(
        EC2Response,
        create_capacity_reservation,
        describe_capacity_reservations,
        modify_capacity_reservation,
        cancel_capacity_reservation,
    )


class CapacityReservation(DescribedResource):
    """A capacity reservation for immediate use."""

    filters = frozenset(
        {
            "instance-type",
            "owner-id",
            "instance-platform",
            "availability-zone",
            "tenancy",
            "outpost-arn",
            "state",
            "start-date",
            "end-date",
            "end-date-type",
            "instance-match-criteria",
            "placement-group-arn",
        }
    )
    outpost_arn = None
    reservation_type = "default"
    ephemeral_storage = False

    def __init__(self, backend: EC2Backend, parameters: Mapping[str, Any]) -> None:
        self.ec2_backend = backend
        self.client_token = parameters.get("ClientToken")
        self.id = self.capacity_reservation_id = random_id(_PREFIX)
        self.owner_id = backend.account_id
        self.capacity_reservation_arn = (
            f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}:{RESOURCE_TYPE}/{self.id}"
        )
        self.instance_type = _instance_type(parameters)
        self.instance_platform = parameters["InstancePlatform"]
        self.availability_zone, self.availability_zone_id = _zone(backend, parameters)
        self.tenancy = parameters.get("Tenancy") or "default"
        self.ebs_optimized = bool(parameters.get("EbsOptimized"))
        self.instance_match_criteria = parameters.get("InstanceMatchCriteria") or "open"
        self.placement_group_arn = _placement_group_arn(backend, parameters)
        self.create_date = self.start_date = utcnow()
        self.end_date_type, self.end_date = _end(parameters, "unlimited", None)
        self.total_instance_count = _count(parameters["InstanceCount"])
        self._is_cancelled = False

    @property
    def state(self) -> str:
        """The state: `active`, `cancelled` or `expired`."""
        if self._is_cancelled:
            return "cancelled"
        return "expired" if self.end_date and self.end_date <= datetime.now(timezone.utc) else "active"

    @property
    def available_instance_count(self) -> int:
        """The number of instances that are still available."""
        return max(0, self.total_instance_count - self._used) if self.state == "active" else 0

    @property
    def _used(self) -> int:
        """The instances that run in it. None run in those outside of placement groups, which no instance names."""
        if self.placement_group_arn is None:
            return 0
        group = self.placement_group_arn.rpartition("/")[2]
        return sum(
            instance.instance_type == self.instance_type and instance.placement.group_name == group
            for reservation in self.ec2_backend.reservations.values()
            for instance in reservation.instances
            if instance.state in {"pending", "running"}
        )

    def modify(self, parameters: Mapping[str, Any]) -> None:
        """Change the settings that the request names, unless the reservation has ended."""
        self._refuse_if_ended()
        end_date_type, end_date = _end(parameters, self.end_date_type, self.end_date)
        if parameters.get("InstanceCount") is not None:
            self.total_instance_count = _count(parameters["InstanceCount"])
        self.end_date_type, self.end_date = end_date_type, end_date
        self.instance_match_criteria = parameters.get("InstanceMatchCriteria") or self.instance_match_criteria

    def cancel(self) -> None:
        """Release the capacity."""
        self._refuse_if_ended()
        self._is_cancelled = True

    def _refuse_if_ended(self) -> None:
        if self.state != "active":
            message = f"The capacity reservation '{self.id}' is in the state '{self.state}'."
            refuse("InvalidCapacityReservationState", message)


def capacity_reservations(backend: EC2Backend) -> dict[str, CapacityReservation]:
    """The capacity reservations of an account and region, by id."""
    return kept(backend, "capacity reservations", dict)


def create_capacity_reservation(response: EC2Response) -> ActionResult:
    """CreateCapacityReservation."""
    parameters = check(response, "CreateCapacityReservation")
    backend = response.ec2_backend
    token = parameters.get("ClientToken")
    repeated = [each for each in capacity_reservations(backend).values() if token and each.client_token == token]
    if repeated:
        return ActionResult({"CapacityReservation": repeated[0]})
    tags = created_tags(response, RESOURCE_TYPE)
    reservation = CapacityReservation(backend, parameters)
    _expect_capacity(reservation)
    reservation.add_tags(tags)
    capacity_reservations(backend)[reservation.id] = reservation
    return ActionResult({"CapacityReservation": reservation})


def describe_capacity_reservations(response: EC2Response) -> ActionResult:
    """DescribeCapacityReservations."""
    parameters = check(response, "DescribeCapacityReservations")
    ids = parameters.get("CapacityReservationIds") or []
    asked_for = [_known(response, each) for each in ids] or capacity_reservations(response.ec2_backend).values()
    found, token = page(parameters, filtered(response, asked_for))
    return ActionResult({"CapacityReservations": found, "NextToken": token})


def modify_capacity_reservation(response: EC2Response) -> ActionResult:
    """ModifyCapacityReservation."""
    parameters = check(response, "ModifyCapacityReservation")
    _known(response, parameters["CapacityReservationId"]).modify(parameters)
    return ActionResult({"Return": True})


def cancel_capacity_reservation(response: EC2Response) -> ActionResult:
    """CancelCapacityReservation."""
    parameters = check(response, "CancelCapacityReservation")
    _known(response, parameters["CapacityReservationId"]).cancel()
    return ActionResult({"Return": True})


def _expect_capacity(reservation: CapacityReservation) -> None:
    """Refuse a reservation of more instances than there is capacity for."""
    backend = reservation.ec2_backend
    groups = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups.values()
    placement_group = (reservation.placement_group_arn or "").rpartition("/")[2]
    for group in groups:
        refusal = launch_refusal(group) if placement_group and group.placement_group == placement_group else None
        if refusal is not None and reservation.total_instance_count > refusal.above:
            refuse(refusal.code, MESSAGES[refusal.code].removesuffix(" Launching EC2 instance failed."))


def _known(response: EC2Response, identifier: str) -> CapacityReservation:
    if not identifier.startswith(f"{_PREFIX}-"):
        message = f'Invalid id: "{identifier}" (expecting "{_PREFIX}-...")'
        refuse("InvalidCapacityReservationId.Malformed", message)
    reservations = capacity_reservations(response.ec2_backend)
    if identifier not in reservations:
        message = f"The capacity reservation ID '{identifier}' does not exist."
        refuse("InvalidCapacityReservationId.NotFound", message)
    return reservations[identifier]


def _instance_type(parameters: Mapping[str, Any]) -> str:
    name = str(parameters["InstanceType"])
    if name not in INSTANCE_TYPES:
        refuse_value(f"Invalid value '{name}' for InstanceType.")
    return name


def _zone(backend: EC2Backend, parameters: Mapping[str, Any]) -> tuple[str, str]:
    name, identifier = parameters.get("AvailabilityZone"), parameters.get("AvailabilityZoneId")
    if not name and not identifier:
        message = "The request must contain the parameter availabilityZone or availabilityZoneId"
        refuse("MissingParameter", message)
    zones = backend.describe_availability_zones()
    zone = next((each for each in zones if each.name == name or each.zone_id == identifier), None)
    if zone is None:
        refuse_value(f"Invalid availability zone: [{name or identifier}]")
    return zone.name, zone.zone_id


def _placement_group_arn(backend: EC2Backend, parameters: Mapping[str, Any]) -> str | None:
    arn = parameters.get("PlacementGroupArn")
    groups = {each.group_arn: each for each in placement_groups(backend).values()}
    if arn and arn not in groups:
        refuse("InvalidPlacementGroup.Unknown", f"The Placement Group '{arn}' is unknown.")
    if arn and groups[arn].strategy != "cluster":
        refuse_value(f"The placement group '{arn}' does not have the strategy 'cluster'.")
    return arn


def _end(
    parameters: Mapping[str, Any], present_type: str, present_date: datetime | None
) -> tuple[str, datetime | None]:
    end_type, date = parameters.get("EndDateType"), parameters.get("EndDate")
    if end_type is None and date is None:
        return present_type, present_date
    if (end_type or present_type) == "unlimited":
        if date is not None:
            message = "EndDate cannot be specified when EndDateType is unlimited."
            refuse("InvalidParameterCombination", message)
        return "unlimited", None
    date = date or present_date
    if date is None:
        message = "EndDate must be specified when EndDateType is limited."
        refuse("InvalidParameterCombination", message)
    date = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
    if date <= datetime.now(timezone.utc):
        refuse_value("The end date must be in the future.")
    return "limited", date


def _count(count: int) -> int:
    if count < 1:
        refuse_value(f"Value ({count}) for parameter instanceCount is invalid. It must be at least 1.")
    return count
