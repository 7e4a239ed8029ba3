"""EC2: instances, volumes, snapshots, addresses, NAT gateways, capacity reservations, security groups.

Sizes of pages: the maximum of each operation (EC2 API reference, read 2026-11-29).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Metric as Names
from mlinfra.operations.audit.accelerators import accelerators_of
from mlinfra.operations.audit.found import GROUP_TAG, Charge, Found, Metric, Place, Purchase, tags_of
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE: Final = 1000
_VOLUMES_A_PAGE: Final = 500
_EXISTING: Final = ["pending", "running", "stopping", "stopped"]
_PURCHASES: Final[Mapping[str, Purchase]] = {"spot": "spot", "capacity-block": "block"}
_BILLED: Final = frozenset({"pending", "running"})
"""States in which EC2 bills an instance (EC2 user guide, "Amazon EC2 instance state changes"). A stopped one is not
billed; its volumes are."""

_FREE_IOPS: Final = 3000
_FREE_THROUGHPUT: Final = 125
"""Included in the price of a gp3 volume, in IOPS and MiB/s (EBS user guide, "General Purpose SSD volumes")."""


def _instances(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-state-name", "Values": _EXISTING}], PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        for reservation in page["Reservations"]:
            for each in reservation["Instances"]:
                yield _instance(each, reservation, place)


def _instance(each: Mapping[str, Any], reservation: Mapping[str, Any], place: Place) -> Found:
    tags = tags_of(each.get("Tags"))
    state, type_, launched = each["State"]["Name"], each["InstanceType"], each.get("LaunchTime")
    address = each.get("PublicIpAddress", "")
    charges: list[Charge] = []
    if state in _BILLED:
        purchase = _PURCHASES.get(each.get("InstanceLifecycle", ""), "on-demand")
        note = "" if each.get("Platform") != "windows" else "The price is that of Linux; Windows costs more."
        charges.append(Charge("ec2", type_, since=launched, purchase=purchase, note=note))
    if address:
        charges.append(Charge("vpc", "public_ipv4_in_use", since=launched))
    group = tags.get(GROUP_TAG)
    profile = each.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2]
    hints = {
        "key pair": each.get("KeyName", ""),
        "instance profile": profile,
        "reservation": reservation.get("ReservationId", ""),
    }
    problems = []
    if each.get("MetadataOptions", {}).get("HttpTokens") == "optional":
        problems.append("The instance metadata service accepts requests without a token (IMDSv1).")
    return Found(
        place.region,
        "ec2",
        "instance",
        each["InstanceId"],
        tags.get("Name", ""),
        place.arn("ec2", f"instance/{each['InstanceId']}"),
        state,
        launched,
        tags,
        tuple(charges),
        tuple(_metrics(each["InstanceId"], type_)) if state == "running" else (),
        part_of=("auto-scaling-group", group) if group else None,
        problems=tuple(problems),
        instance_type=type_,
        hints={source: value for source, value in hints.items() if value},
        security_groups=tuple(group["GroupId"] for group in each.get("SecurityGroups", ())),
        public_address=address,
    )


def _metrics(instance_id: str, instance_type: str) -> Iterator[Metric]:
    dimensions = {Names.INSTANCE: instance_id}
    yield Metric("cpu", Names.EC2_NAMESPACE, Names.CPU_UTILISATION, dimensions)
    if accelerators_of(instance_type):
        yield Metric("gpu", Names.NAMESPACE, Names.GPU_UTILISATION, dimensions)


def _volumes(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": _VOLUMES_A_PAGE})
    for page in pages:
        for each in page["Volumes"]:
            tags = tags_of(each.get("Tags"))
            instance = next((used["InstanceId"] for used in each.get("Attachments", ()) if "InstanceId" in used), None)
            yield Found(
                place.region,
                "ec2",
                "volume",
                each["VolumeId"],
                tags.get("Name", ""),
                place.arn("ec2", f"volume/{each['VolumeId']}"),
                each["State"],
                each.get("CreateTime"),
                tags,
                tuple(_volume_charges(each)),
                part_of=("instance", instance) if instance else None,
                is_unattached=each["State"] == "available",
                problems=() if each.get("Encrypted") else ("A volume is not encrypted.",),
            )


def _volume_charges(each: Mapping[str, Any]) -> Iterator[Charge]:
    type_, since = each.get("VolumeType", "standard"), each.get("CreateTime")
    iops, throughput = each.get("Iops") or 0, each.get("Throughput") or 0
    yield Charge("ebs", f"{type_}_storage", each["Size"], since)
    if type_ == "io1":
        yield Charge("ebs", "io1_iops", iops, since)
    if type_ == "io2":
        note = "" if iops <= 32_000 else "IOPS above 32,000 are priced as those below, and cost less."  # noqa: PLR2004
        yield Charge("ebs", "io2_iops_first_32000", iops, since, note=note)
    if type_ == "gp3" and iops > _FREE_IOPS:
        yield Charge("ebs", "gp3_iops_over_3000", iops - _FREE_IOPS, since)
    if type_ == "gp3" and throughput > _FREE_THROUGHPUT:
        yield Charge("ebs", "gp3_throughput_over_125", throughput - _FREE_THROUGHPUT, since)


def _snapshots(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": _PAGE})
    for page in pages:
        for each in page["Snapshots"]:
            tags = tags_of(each.get("Tags"))
            note = "The whole volume is assumed; a snapshot stores changed blocks only."
            archived = each.get("StorageTier") == "archive"
            item = "snapshot_archive" if archived else "snapshot_standard"
            yield Found(
                place.region,
                "ec2",
                "snapshot",
                each["SnapshotId"],
                tags.get("Name", ""),
                # Source: service authorization reference, "Resource types defined by Amazon EC2", read 2026-11-29.
                f"arn:{place.partition}:ec2:{place.region}::snapshot/{each['SnapshotId']}",
                each["State"],
                each.get("StartTime"),
                tags,
                (Charge("ebs", item, each["VolumeSize"], note=note),),
                problems=() if each.get("Encrypted") else ("The snapshot is not encrypted.",),
            )


def _addresses(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    # DescribeAddresses has no pages.
    for each in ec2.describe_addresses()["Addresses"]:
        tags = tags_of(each.get("Tags"))
        id_ = each.get("AllocationId") or each["PublicIp"]
        instance = each.get("InstanceId") or None
        is_used = bool(each.get("AssociationId") or instance)
        item = "public_ipv4_in_use" if is_used else "public_ipv4_idle"
        yield Found(
            place.region,
            "ec2",
            "address",
            id_,
            tags.get("Name") or each.get("PublicIp", ""),
            place.arn("ec2", f"elastic-ip/{id_}"),
            "associated" if is_used else "not associated",
            None,
            tags,
            # The address of an instance is one of its own charges.
            () if instance else (Charge("vpc", item),),
            part_of=("instance", instance) if instance else None,
            is_unattached=not is_used,
        )


def _nat_gateways(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_nat_gateways").paginate(
        Filter=[{"Name": "state", "Values": ["pending", "available"]}], PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        for each in page["NatGateways"]:
            tags = tags_of(each.get("Tags"))
            yield Found(
                place.region,
                "ec2",
                "nat-gateway",
                each["NatGatewayId"],
                tags.get("Name", ""),
                place.arn("ec2", f"natgateway/{each['NatGatewayId']}"),
                each["State"],
                each.get("CreateTime"),
                tags,
                (Charge("nat", "gateway", note="Transferred data is not included."),),
            )


def _capacity_reservations(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_capacity_reservations").paginate(
        Filters=[{"Name": "state", "Values": ["active", "scheduled"]}], PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        for each in page["CapacityReservations"]:
            if each.get("OwnerId", place.account_id) == place.account_id:
                yield _capacity_reservation(each, place)


def _capacity_reservation(each: Mapping[str, Any], place: Place) -> Found:
    tags = tags_of(each.get("Tags"))
    is_block = each.get("ReservationType") == "capacity-block"
    total, unused = each["TotalInstanceCount"], each["AvailableInstanceCount"]
    note = "Only unused instances; used ones are counted with their clusters."
    charges: tuple[Charge, ...] = ()
    if each["State"] == "active":
        purchase: Purchase = "block" if is_block else "on-demand"
        charges = (Charge("ec2", each["InstanceType"], unused, purchase=purchase, note=note),)
    return Found(
        place.region,
        "ec2",
        "capacity-block" if is_block else "capacity-reservation",
        each["CapacityReservationId"],
        tags.get("Name", ""),
        each.get("CapacityReservationArn", ""),
        f"{each['State']}, {total - unused} of {total} {each['InstanceType']} used",
        each.get("StartDate") or each.get("CreateDate"),
        tags,
        charges,
        is_unattached=each["State"] == "active" and unused == total,
    )


def _security_groups(ec2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": _PAGE})
    for page in pages:
        for each in page["SecurityGroups"]:
            ports = dict.fromkeys(_ports(rule) for rule in each.get("IpPermissions", ()) if _is_open(rule))
            yield Found(
                place.region, "ec2", "security-group", each["GroupId"], each["GroupName"], open_ports=tuple(ports)
            )


def _is_open(rule: Mapping[str, Any]) -> bool:
    return any(each.get("CidrIp") == "0.0.0.0/0" for each in rule.get("IpRanges", ())) or any(
        each.get("CidrIpv6") == "::/0" for each in rule.get("Ipv6Ranges", ())
    )


def _ports(rule: Mapping[str, Any]) -> str:
    if rule["IpProtocol"] == "-1":
        return "all ports"
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] in {"icmp", "icmpv6", "1", "58"} or first is None:
        return str(rule["IpProtocol"])
    return f"{rule['IpProtocol']} {first}" if first == last else f"{rule['IpProtocol']} {first}-{last}"


READERS: Final = (
    Reader("ec2", ("instance",), ("ec2:DescribeInstances",), _instances),
    Reader("ec2", ("volume",), ("ec2:DescribeVolumes",), _volumes),
    Reader("ec2", ("snapshot",), ("ec2:DescribeSnapshots",), _snapshots),
    Reader("ec2", ("address",), ("ec2:DescribeAddresses",), _addresses),
    Reader("ec2", ("nat-gateway",), ("ec2:DescribeNatGateways",), _nat_gateways),
    Reader(
        "ec2",
        ("capacity-reservation", "capacity-block"),
        ("ec2:DescribeCapacityReservations",),
        _capacity_reservations,
    ),
    Reader("ec2", ("security-group",), ("ec2:DescribeSecurityGroups",), _security_groups),
)
"""All readers of EC2."""
