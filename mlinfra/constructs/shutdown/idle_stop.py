"""The function that checks every cluster every 5 minutes: layer 3 of docs/adr/0009."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import cloudwatch_metric_alarm
from mlinfra.constructs.parts import EventRule
from mlinfra.constructs.shutdown.cluster_function import ClusterFunction
from mlinfra.constructs.shutdown.permissions import for_idle_clusters
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment

_INTERVAL_MINUTES = 5
_SILENT_MINUTES = 15


class IdleStopFunction(ClusterFunction):
    """A function that checks every cluster every 5 minutes, and the cluster of an idle node or alarm at once.

    It stops a cluster whose nodes are all known to be idle, if the experiment allows it, and one that is above its
    bound. It notifies the owner. An alarm reports when it has not run for 15 minutes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function and its schedule, and allow the alarms of the environment to invoke it.

        For the arguments see `ClusterFunction`.
        """
        super().__init__(
            scope,
            id,
            handler="mlinfra.functions.idle.handler",
            name_suffix="idle",
            description="Checks all clusters every 5 minutes, and stops those that are idle or above their bound.",
            statements=for_idle_clusters,
            key_arn=key_arn,
            timeout_seconds=900,
            memory_mib=512,
            # The next run checks everything again.
            event_age_seconds=_INTERVAL_MINUTES * 60,
            environment=environment,
        )
        environment = self._environment
        # One permission for all alarms: with one for each, about 50 clusters would fill the function's policy.
        self._function.allow_invoke(
            "AllowAlarms",
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_arn=(
                f"arn:aws:cloudwatch:{environment.region}:{environment.account_id}:alarm:{environment.names.prefix}-*"
            ),
        )
        self._rule = EventRule(
            self,
            "rule",
            function=self._function,
            description=f"Starts the check of all clusters every {_INTERVAL_MINUTES} minutes.",
            schedule=f"rate({_INTERVAL_MINUTES} minutes)",
        )
        # Until the next check of all clusters, an idle cluster costs 2.5 minutes more on average.
        self._invoke_on(
            Event.NODE_SOURCE,
            Event.NODE_IDLE,
            description=f"Starts the check when nodes of {environment.names.prefix} report that they are idle.",
            id="node-rule",
            name_suffix="-nodes",
        )
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self,
            "silence-alarm",
            alarm_name=f"{self._function.name}-silence",
            alarm_description=(
                f"The function {self._function.name} has not run for {_SILENT_MINUTES} minutes. Idle clusters are "
                f"stopped only by the janitor, every hour. Check its EventBridge rule of the same name and its log "
                f"group /aws/lambda/{self._function.name}. Expected in the first minutes after its deployment. Owner: "
                f"{environment.team}."
            ),
            namespace="AWS/Lambda",
            metric_name="Invocations",
            dimensions={"FunctionName": self._function.name},
            statistic="Sum",
            period=_INTERVAL_MINUTES * 60,
            evaluation_periods=_SILENT_MINUTES // _INTERVAL_MINUTES,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=[environment.names.alerts_topic_arn],
        )

    @property
    def rule(self) -> EventRule:
        """The rule that invokes it every 5 minutes."""
        return self._rule
