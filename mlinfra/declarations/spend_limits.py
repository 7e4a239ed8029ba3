"""Spend limits of an environment, and the most that its declared experiments can cost.

An experiment counts with its nodes, their root volumes and its Lustre file system for the next 730 hours (a month): for
every hour from the present day to the end of its last day and its grace period, on the most expensive terms of its
purchase option, but at most with 120% of its own `spend_limit_usd`, at which even a busy cluster is stopped. Quiet
hours and idleness do not count, because a busy cluster runs through them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from mlinfra.catalog import by_name
from mlinfra.declarations.agreed_prices import Price, Prices
from mlinfra.declarations.base import Declaration, shown
from mlinfra.declarations.purchase import CapacityBlock, Spot
from mlinfra.declarations.types import EmailAddress
from mlinfra.functions.contract import SPEND_BOUND
from mlinfra.functions.prices import block_price, lustre_usd_per_hour, on_demand_price, volume_usd_per_hour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from mlinfra.declarations.experiment import Experiment
    from mlinfra.declarations.people import Person

HOURS_A_MONTH: Final = 730
"""The hours of an average month, AWS's own figure for prices by the month (EC2 and FSx pricing pages)."""
SPEND_FIELDS: Final = frozenset(
    {
        *("cost", "experiments", "expiry_grace_hours", "monthly_spend_limit_usd"),
        *("people", "region", "sizes"),
    }
)
"""The fields of an environment that `spend_problems` reads."""
_MOST_SHOWN: Final = 5

_Usd = Annotated[float, Field(gt=0)]


class SpendLimits(Declaration):
    """Limits of what experiments can cost, in addition to the environment's `monthly_spend_limit_usd`.

    Raises:
        DeclarationError: with every problem at once.
    """

    usd_per_hour: float | None = Field(
        default=None,
        gt=0,
        description="The most that all experiments may cost in an hour, in USD, above 0. Default: no limit.",
    )
    owners: dict[EmailAddress, _Usd] = Field(
        default_factory=dict,
        description="The most that the experiments of an owner may cost in a month, in USD, above 0, by e-mail "
        "address. Default: none.",
    )
    teams: dict[str, _Usd] = Field(
        default_factory=dict,
        description="The most that the experiments of a team may cost in a month, in USD, above 0, by the name of a "
        "team in teams. An experiment is of the team of its owner in people. Default: none.",
    )


@dataclass(frozen=True)
class ExperimentCost:
    """The most that a declared experiment can cost in the next 730 hours."""

    name: str
    owner: str
    nodes: int
    usd_per_hour: float
    """Of all nodes with their volumes and file system, in USD."""
    hours: float
    """The hours in which it can run."""
    spend_limit_usd: float | None
    """Its own spend limit, in USD. None: it declares none."""
    node_usd_per_hour: float
    """Of one node with its root volume, in USD."""
    words: str
    """Its nodes and hours in words."""

    @property
    def usd(self) -> float:
        """The most that it can cost, in USD."""
        cost = self.usd_per_hour * self.hours
        # A busy cluster is stopped at this multiple of its limit (mlinfra/functions/decision.py).
        return cost if self.spend_limit_usd is None else min(cost, self.spend_limit_usd * SPEND_BOUND)


def experiment_costs(
    experiments: Iterable[Experiment], known: Mapping[str, Any], today: date
) -> tuple[ExperimentCost, ...]:
    """The costs of the experiments that have not expired, the most expensive first.

    Args:
        experiments: as declared, without rejected ones.
        known: the fields of the environment: `region`, `sizes`, `cost` and `expiry_grace_hours`.
        today: the first day of the month.
    """
    prices = Prices(known["region"], known["cost"], today)
    found = (_cost(each, known, prices, today) for each in experiments if each.expires >= today)
    return tuple(sorted(found, key=lambda each: (-each.usd, each.name)))


def spend_problems(limits: SpendLimits, known: Mapping[str, Any], today: date) -> Iterator[str]:
    """A problem for each limit that the declared experiments can exceed.

    Args:
        limits: the additional limits.
        known: the valid fields of the environment, in addition `monthly_spend_limit_usd`, `experiments` and `people`.
        today: the first day of the month.
    """
    costs = experiment_costs(known["experiments"], known, today)
    yield from _monthly_problem("monthly_spend_limit_usd", "the experiments", costs, known["monthly_spend_limit_usd"])
    by_owner: dict[str, list[ExperimentCost]] = defaultdict(list)
    by_team: dict[str, list[ExperimentCost]] = defaultdict(list)
    people: Iterable[Person] = known["people"]
    teams = {person.email: person.team for person in people}
    for each in costs:
        by_owner[each.owner].append(each)
        by_team[teams.get(each.owner, "")].append(each)
    for field, groups, values in (("owners", by_owner, limits.owners), ("teams", by_team, limits.teams)):
        for name, limit in values.items():
            yield from _monthly_problem(
                f"spend_limits.{field}.{name}", f"the experiments of {name}", groups[name], limit
            )
    if limits.usd_per_hour is not None:
        yield from _hourly_problem(costs, limits.usd_per_hour)


def team_limit_problems(limits: SpendLimits, teams: Iterable[Any]) -> Iterator[str]:
    """A problem for each limit of a team that is not declared."""
    names = [each.name for each in teams]
    for name in limits.teams:
        if name not in names:
            yield (
                f"spend_limits.teams: {shown(name)} is not a team of the environment. Expected: "
                f"{', '.join(names) or 'no team, since teams declares none'}."
            )


def _monthly_problem(subject: str, group: str, costs: Sequence[ExperimentCost], limit: float) -> Iterator[str]:
    """A problem if `costs` exceed the monthly limit `subject`."""
    total = sum(each.usd for each in costs)
    if total <= limit:
        return
    dearest = _listed(costs, lambda each: f"{each.name} {each.usd:,.0f} USD ({each.words})")
    yield (
        f"{subject}: {limit:,.0f} is less than the {total:,.0f} USD that {group} can cost in the next {HOURS_A_MONTH} "
        f"hours. The most expensive: {dearest}. {_fitting(costs[0], subject, total, limit, costs[0].hours)}"
    )


def _hourly_problem(costs: Sequence[ExperimentCost], limit: float) -> Iterator[str]:
    """A problem if `costs` exceed the hourly limit."""
    total = sum(each.usd_per_hour for each in costs)
    if total <= limit:
        return
    ordered = sorted(costs, key=lambda each: (-each.usd_per_hour, each.name))
    dearest = _listed(ordered, lambda each: f"{each.name} {each.usd_per_hour:,.2f} USD")
    subject = "spend_limits.usd_per_hour"
    yield (
        f"{subject}: {limit:,.2f} is less than the {total:,.2f} USD that the experiments can cost in an hour. The most "
        f"expensive: {dearest}. {_fitting(ordered[0], subject, total, limit, None)}"
    )


def _fitting(dearest: ExperimentCost, subject: str, total: float, limit: float, hours: float | None) -> str:
    """The changes of the most expensive experiment that would fit, and the limit that would.

    Args:
        dearest: the most expensive experiment.
        subject: the limit.
        total: the cost of all experiments, in USD.
        limit: the present limit, in USD.
        hours: the hours that `total` is of. None: one, and spend limits do not matter.
    """
    left = limit - total + (dearest.usd_per_hour if hours is None else dearest.usd)
    options = []
    if left > 0 and dearest.node_usd_per_hour:
        files = dearest.usd_per_hour - dearest.nodes * dearest.node_usd_per_hour
        nodes = int((left / (hours or 1.0) - files) / dearest.node_usd_per_hour)
        if 0 < nodes < dearest.nodes:
            options.append(f"nodes={nodes} of {dearest.name}")
        if hours is not None and left >= SPEND_BOUND:
            options.append(f"spend_limit_usd={int(left / SPEND_BOUND)} of {dearest.name}")
    options.append(f"{subject} of at least {math.ceil(total):,}")
    return f"What fits: {'; or '.join(options)}."


def _listed(costs: Sequence[ExperimentCost], words: Callable[[ExperimentCost], str]) -> str:
    more = f", and {len(costs) - _MOST_SHOWN} more" if len(costs) > _MOST_SHOWN else ""
    return ", ".join(map(words, costs[:_MOST_SHOWN])) + more


def _cost(experiment: Experiment, known: Mapping[str, Any], prices: Prices, today: date) -> ExperimentCost:
    kind = experiment.choose(known["sizes"]).instance_type.name
    first, other = _node(experiment, kind, prices)
    root = volume_usd_per_hour("gp3", experiment.root_volume_gib, region=prices.region)
    files = lustre_usd_per_hour(experiment.lustre.capacity_gib, prices.region) if experiment.lustre else 0.0
    hours = _hours(experiment, known, today)
    on_demand = experiment.purchase.on_demand_nodes if isinstance(experiment.purchase, Spot) else experiment.nodes
    nodes_usd = on_demand * first + (experiment.nodes - on_demand) * other
    words = f"{experiment.nodes} x {kind} for {hours:,.0f} hours"
    limit = experiment.spend_limit_usd
    if limit is not None and nodes_usd * hours > limit * SPEND_BOUND:
        words += f", at most {SPEND_BOUND:.0%} of its spend limit of {limit:,.0f}"
    return ExperimentCost(
        experiment.name,
        experiment.owner,
        experiment.nodes,
        nodes_usd + experiment.nodes * root + files,
        hours,
        limit,
        max(first if on_demand else 0.0, other if on_demand < experiment.nodes else 0.0) + root,
        words,
    )


def _node(experiment: Experiment, kind: str, prices: Prices) -> tuple[float, float]:
    """USD per hour of a node on demand, and of one on spot capacity; both of the most expensive instance type."""
    purchase = experiment.purchase
    if isinstance(purchase, CapacityBlock):
        block = block_price(kind, prices.region)
        usd = purchase.usd_per_hour
        usd = usd if usd is not None else block.usd_per_hour if block else _on_demand(kind, prices)
        return usd, usd
    if not isinstance(purchase, Spot):
        usd = _on_demand(kind, prices)
        return usd, usd
    types = (kind, *(by_name(each).instance_type.name for each in purchase.instance_types))
    on_demand = max(_on_demand(each, prices) for each in types)
    # EC2 charges at most the declared price, by default the on-demand price.
    return on_demand, on_demand if purchase.max_usd_per_hour is None else min(on_demand, purchase.max_usd_per_hour)


def _on_demand(kind: str, prices: Prices) -> float:
    """The agreed or the list price; one that is unknown in the region is replaced as the janitor replaces it."""
    price = prices.on_demand(kind)
    if isinstance(price, Price):
        return price.usd
    assumed = on_demand_price(kind, prices.region)
    return assumed.usd_per_hour if assumed else 0.0


def _hours(experiment: Experiment, known: Mapping[str, Any], today: date) -> float:
    """The hours of the next 730 in which the cluster can run."""
    start = datetime.combine(today, time(), tzinfo=timezone.utc)
    end = start + timedelta(hours=HOURS_A_MONTH)
    purchase = experiment.purchase
    if isinstance(purchase, CapacityBlock):
        seconds = (min(end, purchase.ends) - max(start, purchase.starts)).total_seconds()
        return max(0.0, seconds / 3600)
    last = datetime.combine(experiment.expires, time(), tzinfo=timezone.utc) + timedelta(
        days=1, hours=known["expiry_grace_hours"]
    )
    return max(0.0, (min(end, last) - start).total_seconds() / 3600)
