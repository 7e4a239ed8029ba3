"""The assessment of a demand: obstacles, remarks, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mlinfra.catalog import ZONES_AS_OF, aws_regions, block_rate, ec2_rate, spot_range, zone_ids_offering
from mlinfra.operations.preflight.answers import BlockSearch, is_usable
from mlinfra.operations.preflight.quota_states import increase, quota_states, shortage
from mlinfra.operations.preflight.report import CapacityLine, SpotState, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlinfra.operations.preflight.answers import Answers
    from mlinfra.operations.preflight.demand import Demand, Place
    from mlinfra.operations.preflight.report import BlockQuote, QuotaState, Reservation

_MOST_REGIONS: Final = 6
_MOST_QUOTES: Final = 3
_MOST_INSTANCES: Final = 64
"""The maximum of one Capacity Block (EC2 API reference, DescribeCapacityBlockOfferings, read 2026-11-29)."""
_MOST_DAYS: Final = 182


@dataclass
class _Remarks:
    """The remarks about one demand."""

    obstacles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    unknown: bool = False
    """True if a required part is unknown."""


def assess(place: Place, demand: Demand, everything: Sequence[Demand], answers: Answers | None) -> CapacityLine:
    """Assess one demand of an place.

    Args:
        place: the environment.
        demand: the demand.
        everything: all demands of the environment, which share the quotas.
        answers: the answers of AWS. None: AWS was not asked, and only the catalog is used.
    """
    remarks = _Remarks()
    zones = _zones(place, demand, answers, remarks)
    quotas = quota_states(place, demand, everything, answers)
    remarks.unknown |= any(each.free is None for each in quotas)
    _judge_quotas(place, quotas, remarks)
    spot = tuple(_spot(place, demand, answers)) if demand.purchase == "spot" else ()
    if spot:
        _judge_spot(demand, spot, remarks)
    reservations = _reservations(demand, answers)
    _judge_reservations(demand, reservations, answers, remarks)
    quotes = _quotes(place, demand, answers)
    remarks.actions += [_offer(each) for each in quotes[:1]]
    without_obstacle = Verdict.UNKNOWN if remarks.unknown else Verdict.NO_OBSTACLE
    return CapacityLine(
        demand=demand,
        verdict=Verdict.UNAVAILABLE if remarks.obstacles else without_obstacle,
        zones=zones,
        zones_source="unknown" if zones is None else "aws" if answers and answers.offered is not None else "catalog",
        quotas=quotas,
        usd_per_hour=_price(place, demand, spot),
        spot=spot,
        quotes=quotes,
        reservations=reservations,
        obstacles=tuple(remarks.obstacles),
        notes=tuple(remarks.notes),
        actions=tuple(dict.fromkeys(remarks.actions)),
    )


def _judge_quotas(place: Place, quotas: Sequence[QuotaState], remarks: _Remarks) -> None:
    """A quota that is exceeded is an obstacle, unless spot nodes can be of other types with another quota."""
    for quota in quotas:
        if not quota.is_exceeded_by_all:
            continue
        alternatives = [each for each in quotas if each.purchase == quota.purchase]
        is_obstacle = quota.is_exceeded and all(each.is_exceeded for each in alternatives)
        (remarks.obstacles if is_obstacle else remarks.notes).append(shortage(place, quota))
        remarks.actions.append(increase(place, quota))


def block_search(place: Place, demand: Demand) -> BlockSearch | None:
    """The search for Capacity Blocks that could serve a demand until it expires. None: none is offered for it.

    Args:
        place: the environment.
        demand: the demand.
    """
    name = demand.instance_types[0]
    if demand.kind != "experiment" or demand.purchase != "on_demand" or block_rate(name, place.region) is None:
        return None
    days = 1 if place.today is None or demand.expires is None else (demand.expires - place.today).days + 1
    return BlockSearch(name, min(demand.nodes, _MOST_INSTANCES), block_days(days))


def block_days(days: int) -> int:
    """The shortest duration of a Capacity Block that covers `days`; at most 182, in days.

    Source: EC2 API reference, DescribeCapacityBlockOfferings: 1 to 14 days, then multiples of 7 up to 182, read
    2026-11-29. Offerings of 14 to 21 days are not listed.
    """
    longest_by_day = 14
    if days <= longest_by_day:
        return max(1, days)
    return min(_MOST_DAYS, max(21, -(-days // 7) * 7))


def _zones(place: Place, demand: Demand, answers: Answers | None, remarks: _Remarks) -> tuple[str, ...] | None:
    """The zones that offer a type, by AWS, else by the catalog, with obstacles."""
    region = place.region
    names = " or ".join(demand.instance_types)
    if answers is None or answers.offered is None:
        known = [zone_ids_offering(name, region) for name in demand.instance_types]
        if any(each is None for each in known):
            remarks.unknown = True
            return None
        ids = tuple(sorted({zone for each in known for zone in each or ()}))
        if not ids:
            remarks.obstacles.append(f"{region} does not offer {names}, by the catalog of {ZONES_AS_OF}.")
            remarks.actions += _other_regions(demand, region)
        return ids
    zones = tuple(sorted({zone for name in demand.instance_types for zone in answers.offered.get(name, ())}))
    if not zones:
        remarks.obstacles.append(f"{region} does not offer {names}.")
        remarks.actions += _other_regions(demand, region)
        return zones
    if demand.zone and demand.zone not in zones:
        remarks.obstacles.append(f"{demand.zone} does not offer {names}.")
        remarks.actions.append(f"Set zone to one of {', '.join(zones)}, or omit it.")
        return zones
    if answers.network_zones is not None:
        network = answers.network_zones[: place.availability_zones]
        if network and not set(network) & set(zones):
            remarks.obstacles.append(
                f"The network of {place.name} has subnets in {', '.join(network)}, and {names} is offered in "
                f"{', '.join(zones)}."
            )
            positions = [answers.network_zones.index(zone) for zone in zones if zone in answers.network_zones]
            remarks.actions.append(
                f"Set availability_zones={min(positions) + 1} in the environment, so that the network has a subnet in "
                f"a zone that offers it."
                if positions
                else "Use another region or instance type: the network has no subnets in Local Zones."
            )
    return zones


def _other_regions(demand: Demand, region: str) -> list[str]:
    found = [
        each
        for each in aws_regions()
        if each != region and any(_is_offered(name, each) for name in demand.instance_types)
    ]
    if not found:
        return ["Select another instance type: mlinfra catalog"]
    more = f" and {len(found) - _MOST_REGIONS} more" if len(found) > _MOST_REGIONS else ""
    return [f"Use another region, such as {', '.join(found[:_MOST_REGIONS])}{more}, or another instance type."]


def _is_offered(name: str, region: str) -> bool:
    zones = zone_ids_offering(name, region)
    return bool(zones) if zones is not None else ec2_rate(name, region) is not None


def _spot(place: Place, demand: Demand, answers: Answers | None) -> Iterable[SpotState]:
    region = place.region
    for name in demand.instance_types:
        on_demand, known = ec2_rate(name, region), spot_range(name, region)
        usual = on_demand.usd if on_demand else None
        band = (known.interruptions, known.interruptions_as_of) if known else (None, None)
        prices = answers.spot.get(name) if answers and answers.spot is not None else None
        if prices:
            seen = [usd for zone in prices.values() for usd in zone]
            present = {zone: usd[0] for zone, usd in sorted(prices.items())}
            yield SpotState(name, present, min(seen), max(seen), usual, *band, "aws")
        elif known:
            yield SpotState(name, {}, known.low, known.high, usual, *band, "catalog")


def _judge_spot(demand: Demand, spot: Sequence[SpotState], remarks: _Remarks) -> None:
    present = [usd for each in spot for usd in each.prices.values()]
    limit = demand.max_usd_per_hour
    if limit is not None and present and min(present) > limit:
        remarks.obstacles.append(
            f"The lowest spot price is {min(present):.4f} USD per hour, above max_usd_per_hour={limit:g}. No spot node "
            f"can be launched."
        )
        remarks.actions.append("Raise max_usd_per_hour, or omit it to pay up to the on-demand price.")
    for each in spot:
        full = [zone for zone, usd in each.prices.items() if each.on_demand is not None and usd >= each.on_demand]
        if full and len(full) == len(each.prices):
            remarks.notes.append(
                f"The spot price of {each.instance_type} is the on-demand price in all zones, which usually means that "
                f"there is no spare capacity."
            )
        if each.interruptions in {">20%", "15-20%"}:
            remarks.notes.append(
                f"{each.interruptions} of the spot instances of type {each.instance_type} are interrupted in a month, "
                f"by the catalog of {each.interruptions_as_of}."
            )


def _reservations(demand: Demand, answers: Answers | None) -> tuple[Reservation, ...]:
    if answers is None or answers.reservations is None:
        return ()
    return tuple(
        each
        for each in answers.reservations
        if each.id == demand.reservation_id or (each.instance_type in demand.instance_types and is_usable(each))
    )


def _judge_reservations(
    demand: Demand, reservations: Sequence[Reservation], answers: Answers | None, remarks: _Remarks
) -> None:
    if demand.reservation_id is None:
        remarks.notes += [_unused(each) for each in reservations if each.unused and not each.is_block]
        return
    if answers is None or answers.reservations is None:
        remarks.unknown = True
        return
    found = next((each for each in reservations if each.id == demand.reservation_id), None)
    if found is None:
        remarks.obstacles.append(
            f"There is no capacity reservation {demand.reservation_id} of {demand.instance_types[0]} in the account "
            f"and region."
        )
        remarks.actions.append("Declare the id of an existing reservation: aws ec2 describe-capacity-reservations")
        return
    remarks.obstacles += _reservation_problems(demand, found)
    if remarks.obstacles:
        remarks.actions.append(f"Change the declaration to the existing reservation: {_described(found)}.")


def _reservation_problems(demand: Demand, found: Reservation) -> Iterable[str]:
    if not is_usable(found):
        yield f"The reservation {found.id} is {found.state}."
    if found.instances < demand.nodes:
        yield f"The reservation {found.id} has {found.instances} instances, and {demand.nodes} nodes are declared."
    if demand.zone and found.zone != demand.zone:
        yield f"The reservation {found.id} is in {found.zone}, and zone={demand.zone} is declared."
    if (demand.purchase == "block") is not found.is_block:
        kinds = {True: "a Capacity Block", False: "a capacity reservation"}
        yield f"{found.id} is {kinds[found.is_block]}, and {kinds[not found.is_block]} is declared."
        return
    for name, declared, real in (("starts", demand.starts, found.starts), ("ends", demand.ends, found.ends)):
        if declared is not None and real is not None and declared != real:
            yield (
                f"The Capacity Block {found.id} {name} {real:%Y-%m-%d %H:%M} UTC, and the declaration says "
                f"{declared.isoformat()}."
            )


def _unused(each: Reservation) -> str:
    how = "declare CapacityReservation to use it" if each.is_targeted else "matching instances use it automatically"
    return (
        f"The reservation {each.id} has {each.unused} unused {each.instance_type} in {each.zone}, billed at the "
        f"on-demand price; {how}."
    )


def _described(each: Reservation) -> str:
    kind = "Capacity Block" if each.is_block else "capacity reservation"
    times = f", from {each.starts:%Y-%m-%d %H:%M}" if each.starts else ""
    times += f" to {each.ends:%Y-%m-%d %H:%M} UTC" if each.ends else ""
    return f"{kind} of {each.instances} x {each.instance_type} in {each.zone}, {each.state}{times}"


def _quotes(place: Place, demand: Demand, answers: Answers | None) -> tuple[BlockQuote, ...]:
    search = block_search(place, demand)
    return answers.quotes.get(search, ())[:_MOST_QUOTES] if answers and search else ()


def _offer(each: BlockQuote) -> str:
    return (
        f"Quote, nothing is purchased: a Capacity Block of {each.instances} x {each.instance_type} in {each.zone} from "
        f"{each.starts:%Y-%m-%d %H:%M} to {each.ends:%Y-%m-%d %H:%M} UTC costs {each.usd:,.0f} USD in advance "
        f"({each.usd_per_instance_hour:.2f} USD per instance and hour)."
    )


def _price(place: Place, demand: Demand, spot: Sequence[SpotState]) -> float | None:
    """The price of all nodes, if they are of the preferred type. Spot nodes have the lowest known price."""
    name, region = demand.instance_types[0], place.region
    on_demand = ec2_rate(name, region)
    if demand.purchase == "block":
        block = block_rate(name, region)
        return block.usd * demand.nodes if block else None
    if demand.purchase != "spot":
        return on_demand.usd * demand.nodes if on_demand else None
    found = next((each for each in spot if each.instance_type == name), None)
    if found is None or (demand.on_demand_nodes and on_demand is None):
        return None
    lowest = min(found.prices.values(), default=found.low)
    base = on_demand.usd * demand.on_demand_nodes if on_demand else 0.0
    return round(lowest * (demand.nodes - demand.on_demand_nodes) + base, 6)
