"""The result of a preflight."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from mlinfra.operations.preflight.demand import Demand


class Verdict(str, Enum):
    """The verdict about one demand."""

    UNAVAILABLE = "unavailable"
    """An obstacle was found: the capacity cannot be had as declared."""
    UNKNOWN = "unknown"
    """A part could not be checked, and the others show no obstacle."""
    NO_OBSTACLE = "no obstacle"
    """No obstacle was found. Only a reservation guarantees capacity."""


@dataclass(frozen=True)
class QuotaState:
    """A vCPU quota, and what it must allow."""

    code: str
    name: str
    purchase: Literal["on_demand", "spot"]
    limit: float | None
    """The quota, in vCPUs. None: unknown."""
    used: float | None
    """The vCPUs of running instances and of unused reservations in the region. None: unknown."""
    asked: int
    """The vCPUs that the demand needs in addition to its running nodes."""
    asked_by_all: int
    """The vCPUs that all demands of the environment need in addition to their running nodes."""
    requested: float | None = None
    """The quota that an open request asks for. None: no request is open, or it is unknown."""
    basis: Literal["applied", "default", "unknown"] = "applied"
    """`applied`: the account's own value. `default`: AWS's default, which applies to the account."""

    @property
    def free(self) -> float | None:
        """The vCPUs that are left. None: unknown."""
        return None if self.limit is None or self.used is None else max(0.0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        """True if the demand alone needs more than what is left."""
        return self.free is not None and self.asked > self.free

    @property
    def is_exceeded_by_all(self) -> bool:
        """True if all demands together need more than what is left."""
        return self.free is not None and self.asked > 0 and self.asked_by_all > self.free


@dataclass(frozen=True)
class SpotState:
    """Spot prices of an instance type, in USD per hour."""

    instance_type: str
    prices: Mapping[str, float]
    """The present price by zone. Empty: unknown."""
    low: float
    """The lowest price of the last days."""
    high: float
    on_demand: float | None
    """The on-demand price in the region. None: unknown."""
    interruptions: str | None
    """AWS's band of monthly interruptions, by the catalog. None: unknown."""
    interruptions_as_of: date | None
    """The date of `interruptions`. None: unknown."""
    source: Literal["aws", "catalog"]


@dataclass(frozen=True)
class BlockQuote:
    """An offering of a Capacity Block, as a quote. Its price is fixed only when it is purchased."""

    offering_id: str
    instance_type: str
    instances: int
    zone: str
    starts: datetime
    ends: datetime
    usd: float
    """The price of the whole block, paid in advance."""
    usd_per_instance_hour: float


@dataclass(frozen=True)
class Reservation:
    """A capacity reservation of the account."""

    id: str
    instance_type: str
    zone: str
    instances: int
    unused: int
    state: str
    is_block: bool
    is_targeted: bool
    starts: datetime | None
    ends: datetime | None


@dataclass(frozen=True)
class CapacityLine:
    """One demand, the facts about it, and what to do."""

    demand: Demand
    verdict: Verdict
    zones: tuple[str, ...] | None
    """The zones of the region that offer one of the types. None: unknown."""
    zones_source: Literal["aws", "catalog", "unknown"]
    quotas: tuple[QuotaState, ...]
    usd_per_hour: float | None
    """The price of all nodes by the declared purchase option, in USD per hour. None: unknown."""
    spot: tuple[SpotState, ...] = ()
    quotes: tuple[BlockQuote, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    obstacles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class EndpointLine:
    """A SageMaker endpoint with instances, the quota of its instance type, and what to do."""

    name: str
    owner: str
    instance_type: str
    instances: int
    """The most instances of all its variants."""
    asked_by_all: int
    """The most instances of all declared endpoints of the type."""
    quota_code: str | None
    limit: float | None
    """The quota, in instances. None: unknown."""
    used: int | None
    """The instances of endpoints that the environment does not declare. None: unknown."""
    usd_per_hour: float | None
    """The price of the most instances, in USD per hour. None: unknown."""
    verdict: Verdict
    obstacles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def free(self) -> float | None:
        """The instances that are left for the environment. None: unknown."""
        return None if self.limit is None or self.used is None else max(0.0, self.limit - self.used)

    def with_remarks(
        self, verdict: Verdict, *, obstacles: tuple[str, ...], notes: tuple[str, ...], actions: tuple[str, ...]
    ) -> EndpointLine:
        """A copy with a verdict and its reasons."""
        return replace(self, verdict=verdict, obstacles=obstacles, notes=notes, actions=actions)


@dataclass(frozen=True)
class Preflight:
    """The result for one environment."""

    environment: str
    region: str
    lines: tuple[CapacityLine, ...]
    asked_aws: bool
    """False if only the catalog was read."""
    failed: tuple[str, ...] = field(default=())
    """The checks that failed, with their reasons."""
    endpoints: tuple[EndpointLine, ...] = ()

    @property
    def unavailable(self) -> tuple[CapacityLine | EndpointLine, ...]:
        """The demands and endpoints with an obstacle."""
        everything: list[CapacityLine | EndpointLine] = [*self.lines, *self.endpoints]
        return tuple(each for each in everything if each.verdict is Verdict.UNAVAILABLE)


def as_json(result: Preflight) -> dict[str, Any]:
    """The result as JSON values, apart from dates."""
    return asdict(result) | {
        "lines": [
            asdict(line)
            | {
                "verdict": line.verdict.value,
                "quotas": [asdict(quota) | {"free": quota.free} for quota in line.quotas],
            }
            for line in result.lines
        ],
        "endpoints": [asdict(each) | {"verdict": each.verdict.value, "free": each.free} for each in result.endpoints],
    }
