"""The facts that AWS knows about capacity: zones, quotas, usage, spot prices, reservations and Capacity Blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mlinfra.catalog import instance_types, quotas_of
from mlinfra.functions.contract import Tag
from mlinfra.operations.preflight.report import BlockQuote, Reservation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    import boto3

    from mlinfra.catalog import Quota, QuotaKind

T = TypeVar("T")

_NO_SUCH_QUOTA = "NoSuchResourceException"
_OPEN_REQUESTS: Final = frozenset({"PENDING", "CASE_OPENED"})
"""The states of requests that are not decided (Service Quotas API reference, RequestedServiceQuotaChange, read
2026-11-29)."""
_VALUES_A_FILTER: Final = 100
"""EC2 accepts up to 200 values in all filters of a call together."""
_SPOT_DAYS: Final = 7
_PRODUCT: Final = "Linux/UNIX"
_RESERVATION_STATES: Final = ("active", "scheduled", "pending", "payment-pending", "assessing", "delayed")
QUICK: Final = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 1})
"""Settings of a client whose answer is optional."""
PATIENT: Final = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6})
"""Settings of a client that repeats throttled requests."""


@dataclass(frozen=True)
class RunningInstance:
    """A pending or running instance of the region."""

    instance_type: str
    market: str
    """`on_demand`, `spot` or `block`."""
    vcpus: int
    project: str
    environment: str
    name: str
    """The experiment or queue. Empty: none."""


@dataclass(frozen=True)
class BlockSearch:
    """A search for Capacity Blocks."""

    instance_type: str
    instances: int
    days: int


@dataclass(frozen=True)
class QuotaValue:
    """A quota, as Service Quotas returns it."""

    code: str
    name: str
    value: float
    is_default: bool


@dataclass
class Answers:
    """The answers of AWS. A part without an answer is None, and the reason is in `failed`."""

    offered: Mapping[str, tuple[str, ...]] | None = None
    """The zones that offer each type, sorted."""
    network_zones: tuple[str, ...] | None = None
    """The zones of the region in which a network can have subnets, sorted."""
    running: Sequence[RunningInstance] | None = None
    quotas: dict[str, QuotaValue | None] = field(default_factory=dict)
    """The quotas by the code that the catalog prefers. None: AWS has none of them."""
    requested: dict[str, float | None] = field(default_factory=dict)
    """The quotas that open requests ask for, in the same way. None: no request is open."""
    spot: Mapping[str, Mapping[str, Sequence[float]]] | None = None
    """The prices by type and zone, the present one first."""
    reservations: Sequence[Reservation] | None = None
    quotes: dict[BlockSearch, tuple[BlockQuote, ...]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Questions:
    """The questions to AWS."""

    types: tuple[str, ...]
    quotas: tuple[tuple[Quota, ...], ...]
    """Alternatives for each quota, of which the first that AWS has counts."""
    spot_types: tuple[str, ...] = ()
    searches: tuple[BlockSearch, ...] = ()


_Task: TypeAlias = "tuple[str, Callable[[], Any], Callable[[Any], None]]"
"""The label of a question, the question, and the place for its answer."""


def ask(
    session: boto3.session.Session, questions: Questions, *, region: str, config: Config, seconds: float | None
) -> Answers:
    """Ask AWS, all questions at the same time. A question that fails does not affect the others.

    Args:
        session: a session with credentials of the account.
        questions: the questions.
        region: the region.
        config: the settings of the clients.
        seconds: the time after which missing answers count as failed. None: wait for all.
    """
    found = Answers()
    # Sessions are not thread-safe, clients are (boto3 guide, "Multithreading with clients").
    ec2 = session.client("ec2", region_name=region, config=config)
    service_quotas = session.client("service-quotas", region_name=region, config=config)
    tasks: list[_Task] = [
        ("zones that offer the instance types", partial(_offered, ec2, questions.types), _into(found, "offered")),
        ("zones of the region", partial(_network_zones, ec2), _into(found, "network_zones")),
        ("running instances", partial(_running, ec2), _into(found, "running")),
        ("capacity reservations", partial(_reservations, ec2, questions.types), _into(found, "reservations")),
    ]
    if questions.spot_types:
        tasks.append(("spot prices", partial(_spot_prices, ec2, questions.spot_types), _into(found, "spot")))
    tasks += [
        (
            f"quota {quotas[0].name!r}",
            partial(_quota, service_quotas, quotas),
            partial(found.quotas.__setitem__, quotas[0].code),
        )
        for quotas in questions.quotas
    ]
    tasks += [
        (
            f"open requests for the quota {quotas[0].name!r}",
            partial(_requested, service_quotas, quotas),
            partial(found.requested.__setitem__, quotas[0].code),
        )
        for quotas in questions.quotas
    ]
    tasks += [
        (
            f"Capacity Blocks of {search.instance_type}",
            partial(_quotes, ec2, search),
            partial(found.quotes.__setitem__, search),
        )
        for search in questions.searches
    ]
    executor = ThreadPoolExecutor(max_workers=8)
    futures = [(executor.submit(run), label, store) for label, run, store in tasks]
    wait([future for future, _, _ in futures], timeout=seconds)
    for future, label, store in futures:
        _collect(future, label, store, found.failed, seconds)
    executor.shutdown(wait=False, cancel_futures=True)
    return found


def _into(found: Answers, name: str) -> Callable[[Any], None]:
    return partial(setattr, found, name)


def _collect(
    future: Future[Any], label: str, store: Callable[[Any], None], failed: list[str], seconds: float | None
) -> None:
    if not future.done():
        failed.append(f"{label}: no answer within {seconds:g} seconds")
        return
    try:
        store(future.result())
    except ClientError as error:
        given = error.response.get("Error", {})
        failed.append(f"{label}: {error.operation_name} failed with {given.get('Code')}: {given.get('Message')}")
    except BotoCoreError as error:
        failed.append(f"{label}: {error}")


def _offered(ec2: Any, types: Sequence[str]) -> dict[str, tuple[str, ...]]:  # noqa: ANN401  boto3 makes its clients at run time
    zones: dict[str, set[str]] = {name: set() for name in types}
    for some in _parts(types):
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": list(some)}]
        )
        for each in (each for page in pages for each in page["InstanceTypeOfferings"]):
            zones.setdefault(each["InstanceType"], set()).add(each["Location"])
    return {name: tuple(sorted(found)) for name, found in zones.items()}


def _network_zones(ec2: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The zones from which the network takes the first ones: available, without Local Zones."""
    answer = ec2.describe_availability_zones(
        Filters=[
            {"Name": "state", "Values": ["available"]},
            {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
        ]
    )
    return tuple(sorted(each["ZoneName"] for each in answer["AvailabilityZones"]))


def _running(ec2: Any) -> list[RunningInstance]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}],
        PaginationConfig={"PageSize": 1000},
    )
    return [
        _instance(instance)
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def _instance(instance: Mapping[str, Any]) -> RunningInstance:
    tags = {tag["Key"]: tag.get("Value", "") for tag in instance.get("Tags", ())}
    cpu = instance.get("CpuOptions", {})
    known = instance_types().get(instance["InstanceType"])
    markets = {"spot": "spot", "capacity-block": "block"}
    return RunningInstance(
        instance_type=instance["InstanceType"],
        market=markets.get(instance.get("InstanceLifecycle", ""), "on_demand"),
        vcpus=known.vcpu if known else cpu.get("CoreCount", 0) * cpu.get("ThreadsPerCore", 1),
        project=tags.get(Tag.PROJECT, ""),
        environment=tags.get(Tag.ENVIRONMENT, ""),
        name=tags.get(Tag.EXPERIMENT) or tags.get("Queue", ""),
    )


def _quota(client: Any, quotas: Sequence[Quota]) -> QuotaValue | None:  # noqa: ANN401
    """The account's value of the first quota that AWS has; without one of its own, AWS's default."""
    for quota in quotas:
        request = {"ServiceCode": quota.service, "QuotaCode": quota.code}
        for call, is_default in (
            (client.get_service_quota, False),
            (client.get_aws_default_service_quota, True),
        ):
            try:
                answer = call(**request)["Quota"]
            except ClientError as error:
                if error.response["Error"]["Code"] != _NO_SUCH_QUOTA:
                    raise
                continue
            return QuotaValue(quota.code, answer.get("QuotaName", quota.name), float(answer["Value"]), is_default)
    return None


def _requested(client: Any, quotas: Sequence[Quota]) -> float | None:  # noqa: ANN401
    """The highest value that an open request asks for."""
    found: list[float] = []
    paginator = client.get_paginator("list_requested_service_quota_change_history_by_quota")
    for quota in quotas:
        try:
            pages = list(paginator.paginate(ServiceCode=quota.service, QuotaCode=quota.code))
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_SUCH_QUOTA:
                raise
            continue
        requests = [each for page in pages for each in page["RequestedQuotas"]]
        found += [each["DesiredValue"] for each in requests if each["Status"] in _OPEN_REQUESTS]
    return max(found, default=None)


def _spot_prices(ec2: Any, types: Sequence[str]) -> dict[str, dict[str, list[float]]]:  # noqa: ANN401
    now = datetime.now(timezone.utc)
    pages = ec2.get_paginator("describe_spot_price_history").paginate(
        InstanceTypes=list(types),
        ProductDescriptions=[_PRODUCT],
        StartTime=now - timedelta(days=_SPOT_DAYS),
        EndTime=now,
    )
    seen = [each for page in pages for each in page["SpotPriceHistory"]]
    found: dict[str, dict[str, list[float]]] = {}
    for each in sorted(seen, key=lambda price: price["Timestamp"], reverse=True):
        zones = found.setdefault(each["InstanceType"], {})
        zones.setdefault(each["AvailabilityZone"], []).append(float(each["SpotPrice"]))
    return found


def _reservations(ec2: Any, types: Sequence[str]) -> list[Reservation]:  # noqa: ANN401
    found: list[Reservation] = []
    for some in _parts(types):
        pages = ec2.get_paginator("describe_capacity_reservations").paginate(
            Filters=[{"Name": "instance-type", "Values": list(some)}]
        )
        found += [_reservation(each) for page in pages for each in page["CapacityReservations"]]
    return found


def _reservation(each: Mapping[str, Any]) -> Reservation:
    return Reservation(
        id=each["CapacityReservationId"],
        instance_type=each["InstanceType"],
        zone=each.get("AvailabilityZone", ""),
        instances=each.get("TotalInstanceCount", 0),
        unused=each.get("AvailableInstanceCount", 0),
        state=each.get("State", ""),
        is_block=each.get("ReservationType") == "capacity-block",
        is_targeted=each.get("InstanceMatchCriteria") == "targeted",
        starts=each.get("StartDate"),
        ends=each.get("EndDate"),
    )


def _quotes(ec2: Any, search: BlockSearch) -> tuple[BlockQuote, ...]:  # noqa: ANN401
    pages = ec2.get_paginator("describe_capacity_block_offerings").paginate(
        InstanceType=search.instance_type,
        InstanceCount=search.instances,
        CapacityDurationHours=search.days * 24,
    )
    found = [_quote(each) for page in pages for each in page["CapacityBlockOfferings"]]
    return tuple(sorted(found, key=lambda each: (each.starts, each.usd)))


def _quote(each: Mapping[str, Any]) -> BlockQuote:
    minutes = each["CapacityBlockDurationHours"] * 60 + each.get("CapacityBlockDurationMinutes", 0)
    usd = float(each["UpfrontFee"])
    return BlockQuote(
        offering_id=each["CapacityBlockOfferingId"],
        instance_type=each["InstanceType"],
        instances=each["InstanceCount"],
        zone=each["AvailabilityZone"],
        starts=each["StartDate"],
        ends=each["EndDate"],
        usd=usd,
        usd_per_instance_hour=round(usd / each["InstanceCount"] / (minutes / 60), 4),
    )


def quota_alternatives(types: Iterable[str], purchases: Iterable[QuotaKind]) -> tuple[tuple[Quota, ...], ...]:
    """The quotas that limit `types`, without duplicates."""
    purchases = tuple(purchases)
    found = (quotas_of(name, purchase) for name in types for purchase in purchases)
    return tuple(dict.fromkeys(each for each in found if each))


def counts_for_quota(reservation: Reservation) -> bool:
    """True if the unused instances of a reservation count towards the On-Demand quota.

    Source: EC2 user guide, "Capacity Reservations": they count even if they are unused. Capacity Blocks have limits of
    their own.
    """
    return not reservation.is_block and reservation.state == "active"


def is_usable(reservation: Reservation) -> bool:
    """True if the reservation has, or will have, capacity."""
    return reservation.state in _RESERVATION_STATES


def _parts(values: Sequence[T]) -> list[Sequence[T]]:
    return [values[start : start + _VALUES_A_FILTER] for start in range(0, len(values), _VALUES_A_FILTER)]
