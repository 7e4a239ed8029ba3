"""Notices that the GPUs of a cluster do nothing: the third layer of docs/adr/0005."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_metric_alarm as alarms
from mlinfra.constructs.parts import environment_of
from mlinfra.functions.contract import Metric

if TYPE_CHECKING:
    from mlinfra.constructs.shutdown.idle_stop import IdleStop
    from mlinfra.declarations import Environment, Experiment

GROUP_METRIC: Final = "GroupInServiceInstances"
"""The metric that the auto scaling group has to be told to report (`enabled_metrics`), every minute."""

_PERIOD_MINUTES = 5
_SILENT_MINUTES = 15


class IdleGuard(Construct):
    """Two alarms of one cluster.

    *Idle*: no GPU of any node reached the environment's `idle_gpu_percent` for its `idle_minutes`. It
    tells `alert_emails`, and calls the function that looks again, tells the owner, and stops the cluster
    where the experiment allows it. No data counts as busy: an agent that died never stops a job.

    *Silent*: nodes are in service, and for 15 minutes none reported on its GPUs. It only tells.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        cluster_name: str,
        experiment: Experiment,
        idle_stop: IdleStop,
        environment: Environment | None = None,
    ) -> None:
        """Declare the alarms.

        Args:
            scope: what they belong to.
            id: the construct's id, unique in its scope.
            cluster_name: the cluster's auto scaling group, which has to report GroupInServiceInstances.
            experiment: whose cluster it is.
            idle_stop: what is called where the cluster is idle. It is called where the experiment says
                `stop_when_idle=False` too: then it only tells the owner, whom an alarm does not know.
            environment: where the cluster runs. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        name = environment.names.cluster(experiment)
        minutes, percent = environment.idle_minutes, environment.idle_gpu_percent
        end = "It is stopped if it is" if experiment.stop_when_idle else "It is not stopped for that"
        self._idle_alarm = alarms.CloudwatchMetricAlarm(
            self,
            "idle",
            alarm_name=f"{name}-gpu-idle",
            alarm_description=(
                f"No GPU of {name} reached {percent:g} % for {minutes} minutes. {end}. Whose: {experiment.owner}."
            ),
            namespace=Metric.NAMESPACE,
            metric_name=Metric.GPU_UTILISATION,
            dimensions={Metric.GROUP: cluster_name},
            statistic="Maximum",
            period=_PERIOD_MINUTES * 60,
            evaluation_periods=minutes // _PERIOD_MINUTES,
            datapoints_to_alarm=minutes // _PERIOD_MINUTES,
            comparison_operator="LessThanThreshold",
            threshold=percent,
            treat_missing_data="notBreaching",
            alarm_actions=[environment.names.alerts_topic_arn, idle_stop.function.arn],
        )
        self._silence_alarm = alarms.CloudwatchMetricAlarm(
            self,
            "silence",
            alarm_name=f"{name}-gpu-silence",
            alarm_description=(
                f"Nodes of {name} run, and for {_SILENT_MINUTES} minutes none said how busy its GPUs are: look whether "
                f"the CloudWatch agent runs. What is unknown is not stopped. Whose: {experiment.owner}."
            ),
            metric_query=[
                alarms.CloudwatchMetricAlarmMetricQuery(
                    id="silent",
                    label="Nodes run and no GPU reports",
                    # Where only one side of a comparison has data, the other is 0 (CloudWatch user guide, "Metric
                    # math", read 2026-11-24). FILL would say so too, and hold for as long as metrics come late.
                    expression="nodes > reports",
                    return_data=True,
                ),
                _group_metric("nodes", "AWS/AutoScaling", GROUP_METRIC, "Minimum", cluster_name),
                _group_metric("reports", Metric.NAMESPACE, Metric.GPU_UTILISATION, "SampleCount", cluster_name),
            ],
            evaluation_periods=_SILENT_MINUTES // _PERIOD_MINUTES,
            datapoints_to_alarm=_SILENT_MINUTES // _PERIOD_MINUTES,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[environment.names.alerts_topic_arn],
        )

    @property
    def idle_alarm(self) -> alarms.CloudwatchMetricAlarm:
        """Goes off where all GPUs are idle."""
        return self._idle_alarm

    @property
    def silence_alarm(self) -> alarms.CloudwatchMetricAlarm:
        """Goes off where nodes run and no GPU reports."""
        return self._silence_alarm


def _group_metric(
    query: str, namespace: str, metric_name: str, stat: str, group_name: str
) -> alarms.CloudwatchMetricAlarmMetricQuery:
    return alarms.CloudwatchMetricAlarmMetricQuery(
        id=query,
        metric=alarms.CloudwatchMetricAlarmMetricQueryMetric(
            namespace=namespace,
            metric_name=metric_name,
            dimensions={Metric.GROUP: group_name},
            stat=stat,
            period=_PERIOD_MINUTES * 60,
        ),
    )
