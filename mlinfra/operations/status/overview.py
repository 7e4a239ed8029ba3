"""Everything that runs for a person or a team, in all environments."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, endpoint_is_on_this_machine, reachable
from mlinfra.operations.clusters import daily_spend, list_clusters
from mlinfra.operations.runs import RecordsNotFoundError, RunFilter, RunTable, list_runs_of
from mlinfra.operations.status.notices import (
    Notice,
    cluster_notices,
    interruption_notices,
    run_notices,
    service_notices,
)
from mlinfra.operations.status.services import EndpointStatus, QueueStatus, endpoint_statuses, queue_statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.clusters import Cluster
    from mlinfra.operations.runs import Run
    from mlinfra.operations.status.selection import Chosen, Selection

_THREADS: Final = 8
_RUNS_SINCE: Final = timedelta(days=30)
_MOST_RUNS: Final = 100
_ENDED_RUNS: Final = 5
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class EnvironmentStatus:
    """The selected resources and runs of one environment."""

    environment: str
    region: str
    unreachable: str | None = None
    """The reason why nothing is known about it. None: it was read."""
    clusters: tuple[Cluster, ...] = ()
    active_runs: tuple[Run, ...] = ()
    ended_runs: tuple[Run, ...] = ()
    """The last ones, the newest first."""
    queues: tuple[QueueStatus, ...] = ()
    endpoints: tuple[EndpointStatus, ...] = ()
    usd_today: float | None = None
    """The cost of clusters today (UTC), as counted so far, in USD. None: unknown."""
    usd_month: float | None = None
    """The cost of clusters in the present month, in USD. None: unknown."""
    notices: tuple[Notice, ...] = ()
    problems: tuple[str, ...] = ()
    """Parts that could not be read, as sentences."""


def read_overview(environments: Sequence[Environment], selection: Selection) -> tuple[EnvironmentStatus, ...]:
    """The status of all environments, read at the same time. One that cannot be read has the reason.

    Raises:
        OperationError: if there is no such team, or there are no AWS credentials.
    """
    selection.check(environments)
    in_account = reachable(environments)

    def read(environment: Environment) -> EnvironmentStatus:
        if environment not in in_account:
            return EnvironmentStatus(environment.name, environment.region, _unreachable(environment))
        try:
            account = account_of(environment)
            return _EnvironmentReader(
                environment, account, selection.in_environment(environment, account.caller)
            ).read()
        except OperationError as error:
            return EnvironmentStatus(environment.name, environment.region, str(error))

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="environments") as pool:
        return tuple(pool.map(read, environments))


def _unreachable(environment: Environment) -> str:
    """The reason why an environment is not in the account in use, as a clause that follows its name."""
    where = "on a local AWS" if environment.emulated else f"in the AWS account {environment.account_id}"
    used = "the local AWS" if endpoint_is_on_this_machine() else "another AWS account"
    return f"is {where}, and this shell uses {used}"


class _EnvironmentReader:
    """Reads the parts of one environment at the same time; one that fails is a problem."""

    def __init__(self, environment: Environment, account: AwsAccount, chosen: Chosen) -> None:
        self._environment = environment
        self._account = account
        self._chosen = chosen
        self._table = RunTable(environment, account)
        self._problems: list[str] = []

    def read(self) -> EnvironmentStatus:
        environment, chosen, now = self._environment, self._chosen, self._table.now
        with ThreadPoolExecutor(_THREADS, thread_name_prefix=environment.name) as pool:
            reading: dict[str, Future[Any]] = {
                "clusters": pool.submit(self._part, self._clusters, ()),
                "runs": pool.submit(self._part, self._runs, ()),
                "spend": pool.submit(self._part, lambda: self._spend(now), (None, None)),
                "queues": pool.submit(self._part, self._queues, []),
                "endpoints": pool.submit(self._part, self._endpoints, []),
            }
            parts = {name: each.result() for name, each in reading.items()}
        clusters: tuple[Cluster, ...] = parts["clusters"]
        owners = {each.name: str(each.owner) for each in environment.experiments}
        runs = tuple(each for each in parts["runs"] if chosen.has_run(each, owners.get(each.experiment)))
        interruptions: tuple[Notice, ...] = ()
        interruptions = self._part(lambda: tuple(interruption_notices(self._table, clusters, now)), interruptions)
        notices = [
            *interruptions,
            *cluster_notices(clusters),
            *run_notices(runs, now),
            *service_notices(parts["queues"], parts["endpoints"]),
        ]
        usd_today, usd_month = parts["spend"]
        return EnvironmentStatus(
            environment.name,
            environment.region,
            clusters=clusters,
            active_runs=tuple(each for each in runs if each.is_active),
            ended_runs=tuple(each for each in runs if not each.is_active)[:_ENDED_RUNS],
            queues=tuple(parts["queues"]),
            endpoints=tuple(parts["endpoints"]),
            usd_today=usd_today,
            usd_month=usd_month,
            notices=tuple(notices),
            problems=tuple(self._problems),
        )

    def _part(self, read: Callable[[], _Result], default: _Result) -> _Result:
        try:
            return read()
        except RecordsNotFoundError:
            return default
        except OperationError as error:
            if str(error) not in self._problems:
                self._problems.append(str(error))
            return default

    def _clusters(self) -> tuple[Cluster, ...]:
        return tuple(each for each in list_clusters(self._environment) if self._chosen.owns(each.owner))

    def _runs(self) -> tuple[Run, ...]:
        wanted = RunFilter(submitted_by=self._chosen.submitter, since=self._table.now - _RUNS_SINCE)
        listing = list_runs_of(self._table, wanted, limit=_MOST_RUNS)
        self._problems += listing.problems
        return listing.runs

    def _spend(self, now: datetime) -> tuple[float | None, float | None]:
        today = now.date()
        rows = [
            each
            for each in daily_spend(self._environment, today.replace(day=1), today)
            if self._chosen.owns(each.owner)
        ]
        return sum(each.usd for each in rows if each.day == today), sum(each.usd for each in rows)

    def _queues(self) -> list[QueueStatus]:
        queues = [each for each in self._environment.queues if self._chosen.has_queue(each)]
        return queue_statuses(self._account, self._environment, queues)

    def _endpoints(self) -> list[EndpointStatus]:
        endpoints = [each for each in self._environment.endpoints if self._chosen.owns(str(each.owner))]
        return endpoint_statuses(self._account, self._environment, endpoints)
