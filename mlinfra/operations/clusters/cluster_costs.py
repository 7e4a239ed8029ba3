"""The recorded cost of the clusters of environments in a month, by owner, team or experiment."""

from __future__ import annotations

import calendar
import math
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mlinfra.operations.clusters.spend_history import daily_spend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.clusters.spend_history import DailySpend


class RecordKey(str, Enum):
    """The keys that the cost of clusters is recorded with."""

    OWNER = "owner"
    TEAM = "team"
    EXPERIMENT = "experiment"
    COST_CENTER = "cost_center"
    ENVIRONMENT = "environment"


@dataclass(frozen=True)
class ClusterCost:
    """The cost of one cluster in a month."""

    cluster: str
    environment: str
    owner: str
    """The owner on its last day with cost."""
    team: str
    experiment: str
    days: int
    """The days with cost."""
    usd: float
    """The part with known prices, in USD."""


@dataclass(frozen=True)
class KeyCost:
    """The cost of all clusters with one value of a key."""

    name: str
    """The value; empty if clusters have no such tag."""
    usd: float


@dataclass(frozen=True)
class RecordedCost:
    """The cost of clusters in a month."""

    month: date
    """Its first day."""
    environments: tuple[str, ...]
    key: RecordKey
    rows: tuple[KeyCost, ...]
    """The most expensive first."""
    clusters: tuple[ClusterCost, ...]
    """The most expensive first, also those that no longer exist."""
    unpriced: tuple[str, ...]
    """Instance types with an unknown price, whose cost is missing in all figures."""

    @property
    def usd(self) -> float:
        """The cost of all clusters."""
        return math.fsum(each.usd for each in self.clusters)


def recorded_cost(environments: Sequence[Environment], month: date, key: RecordKey) -> RecordedCost:
    """Read the cost of clusters in a month, as the functions that stop clusters have counted it.

    Args:
        environments: the environments.
        month: its first day.
        key: the key of the sums.

    Raises:
        OperationError: if an account cannot be accessed, or denies reading the records.
    """
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    rows = [(each.name, row) for each in environments for row in daily_spend(each, month, last)]
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for environment, row in rows:
        sums[environment if key is RecordKey.ENVIRONMENT else getattr(row, key.value)].append(row.usd)
    found = [KeyCost(name, math.fsum(parts)) for name, parts in sums.items()]
    return RecordedCost(
        month=month,
        environments=tuple(each.name for each in environments),
        key=key,
        rows=tuple(sorted(found, key=lambda each: (-each.usd, each.name))),
        clusters=_clusters(rows),
        unpriced=tuple(sorted({name for _, row in rows for name in row.unpriced})),
    )


def _clusters(rows: Sequence[tuple[str, DailySpend]]) -> tuple[ClusterCost, ...]:
    days: defaultdict[tuple[str, str], list[DailySpend]] = defaultdict(list)
    for environment, row in rows:
        days[environment, row.cluster].append(row)
    found = [
        ClusterCost(
            cluster=cluster,
            environment=environment,
            owner=each[-1].owner,
            team=each[-1].team,
            experiment=each[-1].experiment,
            days=len(each),
            usd=math.fsum(row.usd for row in each),
        )
        for (environment, cluster), each in days.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.usd, each.environment, each.cluster)))
