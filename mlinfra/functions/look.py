"""The look: a check of every cluster of one environment, every 5 minutes. Layer 3 of docs/adr/0009."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.assessment import assess, gpu_histories
from mlinfra.functions.contract import Variable
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.decision import Action, Decision, NotificationFrequency
from mlinfra.functions.fleet import Fleet, Target
from mlinfra.functions.launches import Launches
from mlinfra.functions.notices import Notices
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.records import Records
from mlinfra.functions.shutdown import IncompleteRunError, Shutdown, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.metrics import History
    from mlinfra.functions.settings import Settings


class Look:
    """One check of all clusters of an environment."""

    def __init__(self, settings: Settings, clients: Clients, now: datetime) -> None:
        """Prepare a check.

        Args:
            settings: the settings of the run.
            clients: the AWS clients.
            now: the time of the check.

        Raises:
            ValueError: if the settings name no prefix: without one, the clusters of all environments would be checked.
        """
        if not settings.prefix:
            message = (
                f"{Variable.PREFIX} is not set. It must be the name prefix of the environment's clusters, such as "
                f"recsys-dev-."
            )
            raise ValueError(message)
        self._settings = settings
        self._clients = clients
        self._now = now
        self._fleet = Fleet(clients)
        self._records = Records(clients, settings.table)
        self._notifier = Notifier(clients, settings, "idle", now)
        self._launches = Launches(clients, self._records, self._notifier, now, dry_run=settings.dry_run)
        self._notices = Notices(self._records, self._notifier, now)
        self._shutdown = Shutdown(clients, settings, self._records, self._notifier, now)

    def run(self) -> dict[str, Any]:
        """Check each cluster, stop those that are idle or above their bound, and notify.

        Returns:
            The decision and reason for each cluster, and the count of each decision, as JSON values.

        Raises:
            IncompleteRunError: at the end, if a listing or a notification failed. A failure with a single cluster is a
                notification, not an error of the run.
        """
        listing = self._fleet.clusters(self._settings.prefix)
        ours = [target for target in listing.targets if is_of_environment(target.tags, self._settings)]
        gpus = gpu_histories(self._clients, ours, self._now)
        clusters = [self._outcome(target, gpus) for target in ours]
        problems = listing.problems + self._notifier.undelivered
        summary = {
            "at": clock.written(self._now),
            "dry_run": self._settings.dry_run,
            "counts": dict(Counter(each["decision"] for each in clusters)),
            "clusters": clusters,
            "problems": problems,
        }
        self._notifier.log("Look Done", **summary)
        if problems:
            raise IncompleteRunError("; ".join(problems))
        return summary

    def run_for(self, cluster: str) -> dict[str, Any]:
        """The same for one cluster, by its name. It is not changed if it is of another environment.

        Returns:
            The cluster, the decision and the reason, as JSON values.

        Raises:
            DescribeFailedError: if it could not be described. The next check of all clusters includes it.
            IncompleteRunError: at the end, if a notification was not delivered.
        """
        target = self._fleet.group(cluster)
        if target is None:
            return {"cluster": cluster, "decision": "nothing", "reason": "the auto scaling group does not exist"}
        if refused := refusal(target, self._settings):
            return {"cluster": cluster, "decision": "nothing", "reason": refused.reason}
        outcome = self._outcome(target, gpu_histories(self._clients, [target], self._now))
        self._notifier.log("Done", **outcome)
        if self._notifier.undelivered:
            raise IncompleteRunError("; ".join(self._notifier.undelivered))
        return outcome

    def _outcome(self, target: Target, gpus: Mapping[str, History]) -> dict[str, str]:
        try:
            decision = self._handle(target, gpus)
            outcome = decision.outcome(dry_run=self._settings.dry_run)
        except Exception as error:  # noqa: BLE001  a failure with one cluster must not stop the others
            reason = f"evaluation failed: {type(error).__name__}: {error}"
            decision, outcome = Decision(Action.LEAVE, reason, NotificationFrequency.HOURLY), "failed"
            self._shutdown.notify_left_running(target, decision)
        return {"cluster": target.name, "decision": outcome, "reason": decision.reason}

    def _handle(self, target: Target, gpus: Mapping[str, History]) -> Decision:
        seen = assess(self._clients, target, self._records, gpus, self._now)
        # Of a stopped cluster too: quiet hours and users stop nodes without a count.
        if seen.memory is not None and not self._settings.dry_run and (target.nodes or target.ended):
            counted = count_cost(self._records, target, self._now, memory=seen.memory)
            seen = seen.with_cost(counted or seen.cost, self._now)
        if target.is_stopped:
            return seen.decision
        self._launches.check(target)
        self._notices.send(seen)
        decision = seen.decision
        if seen.memory is not None:
            self._shutdown.notify_hung(target, seen.memory, self._now)
        if decision.action is Action.STOP:
            decision = _hourly(self._shutdown.stop(target, decision, lambda: self._again(target)))
        else:
            # The janitor notifies about a busy cluster that has expired or is over its spend limit.
            decision = _without_every_run(decision)
            decision = self._shutdown.release_nodes(target, decision, lambda: self._again(target))
        if decision.action is Action.LEAVE:
            self._shutdown.notify_left_running(target, decision)
        return decision

    def _again(self, target: Target) -> tuple[Target, Decision] | None:
        """Assess it again immediately before a change: a job may have started, or the owner may have extended it."""
        return assess_cluster(self._clients, self._fleet, self._records, self._settings, target.name)


def assess_cluster(
    clients: Clients, fleet: Fleet, records: Records, settings: Settings, name: str
) -> tuple[Target, Decision] | None:
    """Describe and assess one cluster now, with current metrics. None: it does not exist.

    Args:
        clients: the AWS clients.
        fleet: reads the cluster.
        records: the table.
        settings: the settings of the run; a cluster of another environment is refused.
        name: the name of the auto scaling group.
    """
    target = fleet.group(name)
    if target is None:
        return None
    if refused := refusal(target, settings):
        return target, refused
    moment = clock.now()
    return target, assess(clients, target, records, gpu_histories(clients, [target], moment), moment).decision


def _hourly(decision: Decision) -> Decision:
    """The decision with a notification once an hour instead of every 5 minutes."""
    if decision.frequency is NotificationFrequency.EVERY_RUN:
        return replace(decision, frequency=NotificationFrequency.HOURLY)
    return decision


def _without_every_run(decision: Decision) -> Decision:
    if decision.frequency is NotificationFrequency.EVERY_RUN:
        return replace(decision, frequency=NotificationFrequency.NEVER)
    return decision
