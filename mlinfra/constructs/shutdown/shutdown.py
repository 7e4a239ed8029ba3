"""All four layers of shutdown (docs/adr/0009) and the notifications about unhealthy nodes, for one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.constructs.parts import (
    SHUTDOWN_COMPONENT,
    SHUTDOWN_PARAMETER,
    declare_shutdown,
    environment_of,
    subscribe_owner,
)
from mlinfra.constructs.shutdown.idle_alarms import IdleAlarms
from mlinfra.constructs.shutdown.idle_stop import IdleStopFunction
from mlinfra.constructs.shutdown.interruption import InterruptionFunction
from mlinfra.constructs.shutdown.janitor import Janitor
from mlinfra.constructs.shutdown.job_finished import JobFinishedFunction
from mlinfra.constructs.shutdown.node_unhealthy import NodeUnhealthyFunction
from mlinfra.constructs.shutdown.quiet_schedule import QuietSchedule
from mlinfra.constructs.shutdown.records import ClusterRecords

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment


class Shutdown(Construct):
    """The table of records and the shutdown functions of an environment, and the alarms and schedule of each cluster.

    Notifications are sent to the topic of the environment's `Alerts`, which is declared separately.

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
        """Declare the table and the functions, once for an environment.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key of the table, the functions' variables and their logs. Its policy must allow
                CloudWatch Logs to use it.
            environment: the environment of the clusters. Default: the environment of the enclosing MlStack.
        """
        self._environment = environment = environment_of(scope, environment)
        super().__init__(scope, id)
        declare_shutdown(self, environment)
        self._records = ClusterRecords(self, "records", key_arn=key_arn, environment=environment)
        # Clusters in stacks of other projects look it up: without it, their plan fails.
        ssm_parameter.SsmParameter(
            self,
            "parameter",
            name=environment.names.parameter(SHUTDOWN_COMPONENT, SHUTDOWN_PARAMETER),
            description=f"Read by mlinfra's Platform.shutdown_table: the shutdown of {environment.names.prefix} is "
            "deployed.",
            type="String",
            value=self._records.table.name,
        )
        self._janitor = Janitor(self, "janitor", key_arn=key_arn, environment=environment)
        self._job_finished = JobFinishedFunction(self, "job-watch", key_arn=key_arn, environment=environment)
        self._idle_stop = IdleStopFunction(self, "idle-stop", key_arn=key_arn, environment=environment)
        self._node_unhealthy = NodeUnhealthyFunction(self, "node-watch", key_arn=key_arn, environment=environment)
        self._interruption = InterruptionFunction(self, "interruption", key_arn=key_arn, environment=environment)

    @property
    def records(self) -> ClusterRecords:
        """The table of clusters and jobs."""
        return self._records

    @property
    def janitor(self) -> Janitor:
        """Layer 4: the hourly check of everything tagged AutoStop=true."""
        return self._janitor

    @property
    def job_finished(self) -> JobFinishedFunction:
        """Layer 2: stops a cluster at the end of its job."""
        return self._job_finished

    @property
    def idle_stop(self) -> IdleStopFunction:
        """Layer 3: the function that checks all clusters every 5 minutes."""
        return self._idle_stop

    @property
    def node_unhealthy(self) -> NodeUnhealthyFunction:
        """The notifications about unhealthy nodes."""
        return self._node_unhealthy

    @property
    def interruption(self) -> InterruptionFunction:
        """The notifications before EC2 terminates nodes."""
        return self._interruption

    def watch(self, *, cluster_name: str, experiment: Experiment) -> IdleAlarms:
        """Add the idle alarms (layer 3) and the quiet hours (layer 1) of one cluster, and subscribe its owner.

        Args:
            cluster_name: the cluster's auto scaling group. Pass the attribute of its resource, so that Terraform
                creates the group first.
            experiment: the experiment of the cluster. There is no schedule if it sets `works_in_quiet_hours` or the
                environment has no quiet hours.

        Raises:
            ValueError: if the environment does not declare the experiment, or it is already watched.
        """
        environment = self._environment
        environment.expect_declared(experiment)
        if self.node.try_find_child(f"{experiment.name}-idle"):
            message = f"the cluster of {experiment.name!r} is already watched. Expected: one call for each experiment."
            raise ValueError(message)
        subscribe_owner(self, experiment.owner, environment=environment)
        if QuietSchedule.applies_to(experiment, environment) and environment.quiet_hours:
            QuietSchedule(
                self, f"{experiment.name}-quiet-hours", group_name=cluster_name, quiet_hours=environment.quiet_hours
            )
        return IdleAlarms(
            self,
            f"{experiment.name}-idle",
            cluster_name=cluster_name,
            experiment=experiment,
            idle_stop=self._idle_stop,
            environment=environment,
        )
