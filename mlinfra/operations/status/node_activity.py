"""Nodes of training clusters as they are now: utilization, memory, temperature, network, run, cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions import clock, cost
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Metric, NodeReport as Attribute, Table, Tag, epoch_seconds
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.metrics import GPU, Source, histories
from mlinfra.functions.node_report import NodeReport
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.runs import RunFilter, RunTable, list_runs_of
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mlinfra.declarations import Environment
    from mlinfra.functions.fleet import Node, Target
    from mlinfra.functions.metrics import History
    from mlinfra.operations.runs import Run

HISTORY_MINUTES: Final = 30
"""The length of the history of the utilization, in minutes."""
_FLEET_SECONDS: Final = 20
_METRIC_SECONDS: Final = 60
"""Nodes report metrics once a minute, and each metric that GetMetricData returns is charged (CloudWatch pricing, read
2026-11-29)."""
_RUNS_SINCE: Final = timedelta(days=30)
_MOST_RUNS: Final = 100
_RECENT: Final = timedelta(minutes=5)
_MINUTE: Final = timedelta(minutes=1)
_MEMORY_USED = Source("GPU memory", Metric.NAMESPACE, Metric.GPU_MEMORY_USED, "Average", _MINUTE)
_MEMORY_TOTAL = Source("GPU memory", Metric.NAMESPACE, Metric.GPU_MEMORY_TOTAL, "Average", _MINUTE)
_TEMPERATURE = Source("GPU temperature", Metric.NAMESPACE, Metric.GPU_TEMPERATURE, "Maximum", _MINUTE)


@dataclass(frozen=True)
class NodeActivity:
    """A node of a cluster."""

    environment: str
    cluster: str
    experiment: str
    """Empty: its cluster has no tag with it."""
    number: int
    """Its number in the cluster, from 0, in the order of launch."""
    instance_id: str
    instance_type: str
    zone: str | None
    state: str
    """Its EC2 state, such as `running`."""
    market: str
    """`on-demand`, `spot` or `capacity-block`."""
    launched: datetime | None
    owner: str | None
    activity: str
    """`busy`, `idle` or `unknown`, as its guard reports; `silent`: there is no report of the last 12 minutes."""
    why: str
    """The strongest sign of activity."""
    idle_minutes: int | None
    gpu_percent: float | None
    """The utilization of its busiest accelerator in the last minute, in percent."""
    gpu_history: tuple[float | None, ...]
    """The utilization in each of the last 30 minutes, the latest last."""
    memory_percent: float | None
    """The used part of the memory of its GPUs, in percent."""
    temperature: float | None
    """The temperature of its hottest GPU, in degrees Celsius."""
    network_bytes: float | None
    """The bytes received and sent in a second."""
    users: tuple[str, ...]
    """The users of the compute processes."""
    run_id: str | None
    run_name: str | None
    usd_per_hour: float | None
    """None: its price is unknown."""
    usd_so_far: float | None
    """The cost since its launch, in USD."""


@dataclass(frozen=True)
class NodeListing:
    """The nodes of the clusters of an environment."""

    environment: str
    at: datetime
    nodes: tuple[NodeActivity, ...]
    problems: tuple[str, ...] = ()


@dataclass
class _Metrics:
    gpu: Mapping[str, History] = field(default_factory=dict)
    used: Mapping[str, History] = field(default_factory=dict)
    total: Mapping[str, History] = field(default_factory=dict)
    temperature: Mapping[str, History] = field(default_factory=dict)


class NodeMonitor:
    """Reads the nodes of one environment again and again, each source only as often as it changes."""

    def __init__(self, environment: Environment, *, now: Callable[[], datetime] = clock.now) -> None:
        """Read the nodes of `environment`.

        Args:
            environment: the environment.
            now: the clock. Default: that of this machine.

        Raises:
            OperationError: if the credentials do not belong to its account.
        """
        self._environment = environment
        self._table = RunTable(environment)
        self._clients = Clients(self._table.account.session)
        self._now = now
        self._fleet: tuple[datetime, list[Target], list[str]] | None = None
        self._runs: tuple[datetime, tuple[Run, ...]] | None = None
        self._metrics: tuple[datetime, frozenset[str], _Metrics] | None = None

    def read(self) -> NodeListing:
        """The nodes, by cluster and number.

        Raises:
            OperationError: if AWS cannot be reached or denies a request.
        """
        now = self._now()
        with aws_errors_explained():
            targets, problems = self._targets(now)
            running = {node.instance_id for each in targets for node in each.nodes}
            metrics = self._read_metrics(frozenset(running), now)
            of_node = self._runs_by_node(now) if running else {}
            nodes = [node for target in targets for node in self._nodes_of(target, metrics, of_node, now)]
        problems += sorted({each.problem for each in metrics.gpu.values() if each.problem})
        return NodeListing(self._environment.name, now, tuple(nodes), tuple(problems))

    def _targets(self, now: datetime) -> tuple[list[Target], list[str]]:
        if self._fleet is None or now - self._fleet[0] >= timedelta(seconds=_FLEET_SECONDS):
            listing = Fleet(self._clients).clusters(f"{self._environment.names.prefix}-")
            self._fleet = (now, sorted(listing.targets, key=lambda each: each.name), listing.problems)
        return self._fleet[1], list(self._fleet[2])

    def _runs_by_node(self, now: datetime) -> dict[str, Run]:
        if self._runs is None or now - self._runs[0] >= timedelta(seconds=_FLEET_SECONDS):
            wanted = RunFilter(statuses=RunStatus.ACTIVE, since=now - _RUNS_SINCE)
            self._runs = (now, list_runs_of(self._table, wanted, limit=_MOST_RUNS).runs)
        return {node.instance_id: run for run in reversed(self._runs[1]) for node in run.living}

    def _read_metrics(self, instance_ids: frozenset[str], now: datetime) -> _Metrics:
        known = self._metrics
        if known is None or known[1] != instance_ids or now - known[0] >= timedelta(seconds=_METRIC_SECONDS):
            history = dict.fromkeys(instance_ids, timedelta(minutes=HISTORY_MINUTES))
            recent = dict.fromkeys(instance_ids, _RECENT)
            metrics = _Metrics(
                gpu=histories(self._clients, history, now, GPU),
                used=histories(self._clients, recent, now, _MEMORY_USED),
                total=histories(self._clients, recent, now, _MEMORY_TOTAL),
                temperature=histories(self._clients, recent, now, _TEMPERATURE),
            )
            known = self._metrics = (now, instance_ids, metrics)
        return known[2]

    def _nodes_of(
        self, target: Target, metrics: _Metrics, runs: Mapping[str, Run], now: datetime
    ) -> Iterator[NodeActivity]:
        if not target.nodes:
            return
        items = {
            str(item[Table.RECORD]).removeprefix(Table.NODE_PREFIX): item
            for item in self._table.items(target.name, Table.NODE_PREFIX)
        }
        ordered = sorted(target.nodes, key=lambda node: (node.launched or now, node.instance_id))
        for number, node in enumerate(ordered):
            yield self._node(number, node, target, (items.get(node.instance_id, {}), metrics, runs), now)

    def _node(
        self,
        number: int,
        node: Node,
        target: Target,
        known: tuple[Mapping[str, Any], _Metrics, Mapping[str, Run]],
        now: datetime,
    ) -> NodeActivity:
        item, metrics, runs = known
        report = NodeReport.of(item)
        is_fresh = report.is_fresh(now)
        run = runs.get(node.instance_id)
        price = cost.node_price(node, target.tags)
        history = _by_minute(metrics.gpu.get(node.instance_id), now)
        percent = epoch_seconds(item.get(Attribute.ACCELERATOR_PERCENT)) if is_fresh else None
        network = epoch_seconds(item.get(Attribute.NETWORK_BYTES)) if is_fresh else None
        return NodeActivity(
            environment=self._environment.name,
            cluster=target.name,
            experiment=target.tags.get(Tag.EXPERIMENT, ""),
            number=number,
            instance_id=node.instance_id,
            instance_type=node.instance_type,
            zone=node.zone,
            state=node.state or "unknown",
            market=node.market,
            launched=node.launched,
            owner=target.owner,
            activity=report.activity if is_fresh else "silent",
            why=report.why if is_fresh else "",
            idle_minutes=int(report.idle_for / _MINUTE) if is_fresh else None,
            gpu_percent=_latest_known(history) if percent is None else percent,
            gpu_history=history,
            memory_percent=_share(metrics.used.get(node.instance_id), metrics.total.get(node.instance_id)),
            temperature=_latest(metrics.temperature.get(node.instance_id)),
            network_bytes=None if network is None else network / _MINUTE.total_seconds(),
            users=tuple(filter(None, str(item.get(Attribute.USERS) or "").split(","))) if is_fresh else (),
            run_id=run.run_id if run else None,
            run_name=run.name if run else None,
            usd_per_hour=price.usd_per_hour if price else None,
            usd_so_far=price.usd_per_hour * _hours(node, now) if price else None,
        )


def _by_minute(history: History | None, now: datetime) -> tuple[float | None, ...]:
    """The readings of the last minutes, the latest last. The present minute is incomplete and left out."""
    end = now.replace(second=0, microsecond=0)
    readings = history.readings if history else {}
    return tuple(readings.get(end - ago * _MINUTE) for ago in range(HISTORY_MINUTES, 0, -1))


def _latest_known(history: tuple[float | None, ...]) -> float | None:
    """The last reading, if it is one of the last 5 minutes: metrics arrive some minutes late."""
    recent = history[-int(_RECENT / _MINUTE) :]
    return next((each for each in reversed(recent) if each is not None), None)


def _latest(history: History | None) -> float | None:
    return history.readings[max(history.readings)] if history and history.readings else None


def _share(used: History | None, total: History | None) -> float | None:
    of_all, of_used = _latest(total), _latest(used)
    return 100 * of_used / of_all if of_all and of_used is not None else None


def _hours(node: Node, now: datetime) -> float:
    return max(0.0, (now - node.launched) / timedelta(hours=1)) if node.launched else 0.0
