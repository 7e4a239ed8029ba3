"""The capacity that an environment declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from mlinfra.declarations import CapacityBlock, CapacityReservation, Spot
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from mlinfra.declarations import Environment, Experiment, Queue

Purchase: TypeAlias = Literal["on_demand", "spot", "reservation", "block"]


class Place(Protocol):
    """The part of an environment that a preflight compares demands with. `Environment` has it."""

    @property
    def name(self) -> str:
        """The name of the environment."""

    @property
    def project(self) -> str:
        """The name of the project."""

    @property
    def region(self) -> str:
        """The region."""

    @property
    def availability_zones(self) -> int:
        """The number of zones, in the order of their names, in which the network has subnets."""

    @property
    def today(self) -> date | None:
        """The present day. None: unknown."""


@dataclass(frozen=True)
class Demand:
    """The declared capacity of an experiment or a queue."""

    name: str
    kind: Literal["experiment", "queue"]
    owner: str
    instance_types: tuple[str, ...]
    """The acceptable instance types, the preferred one first."""
    nodes: int
    """The number of nodes; for a queue, the maximum."""
    purchase: Purchase
    on_demand_nodes: int = 0
    """The nodes of a spot cluster that are bought on demand."""
    max_usd_per_hour: float | None = None
    """The highest spot price of a node. None: the on-demand price."""
    zone: str | None = None
    """The declared zone. None: any zone of the network."""
    in_one_zone: bool = False
    """True if all nodes are launched in one zone."""
    expires: date | None = None
    reservation_id: str | None = None
    starts: datetime | None = None
    """The declared start of a Capacity Block."""
    ends: datetime | None = None


def demands(environment: Environment, experiment: str | None = None) -> tuple[Demand, ...]:
    """The capacity that `environment` declares: experiments that have not expired, and queues.

    Args:
        environment: the environment.
        experiment: the only experiment or queue. Default: all.

    Raises:
        OperationError: if `experiment` is not declared, or has expired.
    """
    found = [*_experiments(environment), *_queues(environment)]
    if experiment is None:
        return tuple(found)
    selected = tuple(each for each in found if each.name == experiment)
    if selected:
        return selected
    if any(each.name == experiment for each in environment.experiments):
        message = (
            f"The experiment {experiment!r} of {environment.name!r} has expired, and its cluster has no nodes. To run "
            f"it again, set a later `expires`."
        )
        raise OperationError(message)
    names = ", ".join(dict.fromkeys(each.name for each in found)) or "none"
    message = f"{environment.name!r} declares no experiment or queue {experiment!r}. Declared: {names}."
    raise OperationError(message)


def _experiments(environment: Environment) -> Iterator[Demand]:
    for each in environment.experiments:
        nodes = environment.cluster_size(each)
        if nodes:
            yield _of_experiment(environment, each, nodes)


def _of_experiment(environment: Environment, experiment: Experiment, nodes: int) -> Demand:
    name = environment.instance_type(experiment).name
    purchase = experiment.purchase
    spot = purchase if isinstance(purchase, Spot) else None
    block = purchase if isinstance(purchase, CapacityBlock) else None
    reserved = isinstance(purchase, CapacityReservation | CapacityBlock)
    kind: Purchase = "spot" if spot else "block" if block else "reservation" if reserved else "on_demand"
    return Demand(
        name=experiment.name,
        kind="experiment",
        owner=experiment.owner,
        instance_types=(name, *(spot.instance_types if spot else ())),
        nodes=nodes,
        purchase=kind,
        on_demand_nodes=min(spot.on_demand_nodes, nodes) if spot else 0,
        max_usd_per_hour=spot.max_usd_per_hour if spot else None,
        zone=experiment.zone,
        in_one_zone=environment.uses_efa(experiment) or experiment.lustre is not None,
        expires=experiment.expires,
        reservation_id=purchase.reservation_id if isinstance(purchase, CapacityReservation | CapacityBlock) else None,
        starts=block.starts if block else None,
        ends=block.ends if block else None,
    )


def _queues(environment: Environment) -> Iterator[Demand]:
    """The spot nodes of each queue, and its on-demand nodes, which may exist at the same time."""
    for queue in environment.queues:
        yield _of_queue(queue, "spot")
        yield _of_queue(queue, "on_demand")


def _of_queue(queue: Queue, purchase: Purchase) -> Demand:
    return Demand(
        name=queue.name,
        kind="queue",
        owner=queue.owner,
        instance_types=tuple(each.name for each in queue.node_types),
        nodes=queue.max_nodes,
        purchase=purchase,
    )
