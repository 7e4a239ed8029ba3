"""All four layers that stop clusters (docs/adr/0005), and who tells of bad nodes, for one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra.constructs.parts import environment_of
from mlinfra.constructs.shutdown.idle_alarms import IdleGuard
from mlinfra.constructs.shutdown.idle_stop import IdleStop
from mlinfra.constructs.shutdown.janitor import Janitor
from mlinfra.constructs.shutdown.job_watch import JobWatch
from mlinfra.constructs.shutdown.node_watch import NodeWatch
from mlinfra.constructs.shutdown.quiet_schedule import QuietSchedule
from mlinfra.constructs.shutdown.records import ClusterRecords

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment


class Shutdown(Construct):
    """The table of records and the functions of an environment, and what watches each cluster.

    People are told through the environment's `Alerts`, which are made elsewhere.

        shutdown = Shutdown(self, "shutdown", key_arn=platform.compute_key_arn)
        shutdown.watch(cluster_name=cluster.group.name, experiment=experiment)
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare what the environment has once.

        Args:
            scope: what it belongs to.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key for the table, the functions' variables and their logs. CloudWatch Logs
                has to be allowed to use it.
            environment: whose clusters are stopped. Default: the environment of the enclosing MlStack.
        """
        self._environment = environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._records = ClusterRecords(self, "records", key_arn=key_arn, environment=environment)
        self._janitor = Janitor(self, "janitor", key_arn=key_arn, environment=environment)
        self._job_watch = JobWatch(self, "job-watch", key_arn=key_arn, environment=environment)
        self._idle_stop = IdleStop(self, "idle-stop", key_arn=key_arn, environment=environment)
        self._node_watch = NodeWatch(self, "node-watch", key_arn=key_arn, environment=environment)

    @property
    def records(self) -> ClusterRecords:
        """What is remembered of clusters and jobs."""
        return self._records

    @property
    def janitor(self) -> Janitor:
        """Layer 4: every hour, over everything."""
        return self._janitor

    @property
    def job_watch(self) -> JobWatch:
        """Layer 2: when a job has ended."""
        return self._job_watch

    @property
    def idle_stop(self) -> IdleStop:
        """Layer 3: what idle alarms call."""
        return self._idle_stop

    @property
    def node_watch(self) -> NodeWatch:
        """Who tells of nodes that were not as expected."""
        return self._node_watch

    def watch(self, *, cluster_name: str, experiment: Experiment) -> IdleGuard:
        """Watch one cluster: when its GPUs are idle (layer 3), and in the quiet hours (layer 1).

        Args:
            cluster_name: the cluster's auto scaling group. Best the attribute of its resource, so that
                Terraform makes the group first.
            experiment: whose cluster it is. A cluster that has a reason to work in quiet hours gets no
                schedule; no more does one of an environment that has none.

        Raises:
            ValueError: where the environment does not declare the experiment, or it is watched already.
        """
        environment = self._environment
        environment.expect_declared(experiment)
        if self.node.try_find_child(f"{experiment.name}-idle"):
            message = f"the cluster of {experiment.name!r} is watched already. Expected: each experiment once."
            raise ValueError(message)
        if QuietSchedule.applies_to(experiment, environment) and environment.quiet_hours:
            QuietSchedule(
                self, f"{experiment.name}-quiet-hours", group_name=cluster_name, quiet_hours=environment.quiet_hours
            )
        return IdleGuard(
            self,
            f"{experiment.name}-idle",
            cluster_name=cluster_name,
            experiment=experiment,
            idle_stop=self._idle_stop,
            environment=environment,
        )
