"""The alarms on idle and unreported GPUs of a cluster: the first part of layer 3 of docs/adr/0009."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_metric_alarm as alarms
from mlinfra.catalog import gpu_image_family
from mlinfra.constructs.parts import environment_of
from mlinfra.functions.contract import Metric

if TYPE_CHECKING:
    from mlinfra.constructs.shutdown.idle_stop import IdleStopFunction
    from mlinfra.declarations import Environment, Experiment

GROUP_METRIC: Final = "GroupInServiceInstances"
"""The metric that the auto scaling group must report every minute (`enabled_metrics`)."""

_PERIOD_MINUTES = 5
_SILENT_MINUTES = 15


class IdleAlarms(Construct):
    """The alarms of one cluster.

    *Idle*: no GPU of any node reached the environment's `idle_gpu_percent` for its `idle_minutes`. It notifies
    `alert_emails`, and invokes the function that otherwise checks all clusters every 5 minutes. Missing data does not
    raise the alarm: the function has further evidence.

    *Silence*: nodes are in service, and none has reported GPU metrics for 15 minutes. It only notifies. Nodes without
    NVIDIA GPUs have no such metrics, and no such alarm: the reports of their guards decide alone.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        cluster_name: str,
        experiment: Experiment,
        idle_stop: IdleStopFunction,
        environment: Environment | None = None,
    ) -> None:
        """Declare the alarms.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            cluster_name: the cluster's auto scaling group, which must report GroupInServiceInstances.
            experiment: the experiment of the cluster.
            idle_stop: the function to invoke. With `stop_when_idle=False` it only notifies the owner, whom a CloudWatch
                alarm cannot address.
            environment: the environment of the cluster. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        name = environment.names.cluster(experiment)
        has_metrics = gpu_image_family(environment.instance_type(experiment).accelerator) is not None
        minutes, percent = environment.idle_minutes, environment.idle_gpu_percent
        arguments = f"{environment.name} {experiment.name}"
        if experiment.stop_when_idle:
            consequence = "The cluster will be stopped once a check of every node confirms that it is idle."
            action = (
                f"To start it again: mlinfra clusters start {arguments}. To keep it running while idle, set "
                f"stop_when_idle=False for its experiment and deploy the training stack."
            )
        else:
            consequence = "The cluster keeps running, because its experiment sets stop_when_idle=False."
            action = f"To stop it: mlinfra clusters stop {arguments}"
        self._idle_alarm = alarms.CloudwatchMetricAlarm(
            self,
            "idle",
            alarm_name=f"{name}-gpu-idle",
            alarm_description=(
                f"GPU utilization of {name} was below {percent:g}% for {minutes} minutes. {consequence} Owner: "
                f"{experiment.owner}. {action}"
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
        self._silence_alarm = None
        if has_metrics:
            self._silence_alarm = self._silence(name, cluster_name, experiment, environment)

    def _silence(
        self, name: str, cluster_name: str, experiment: Experiment, environment: Environment
    ) -> alarms.CloudwatchMetricAlarm:
        arguments = f"{environment.name} {experiment.name}"
        to_check, to_stop = f"mlinfra clusters ssh {arguments}", f"mlinfra clusters stop {arguments} --force"
        return alarms.CloudwatchMetricAlarm(
            self,
            "silence",
            alarm_name=f"{name}-gpu-silence",
            alarm_description=(
                f"Nodes of {name} are in service, but none has reported GPU metrics for {_SILENT_MINUTES} minutes. "
                f"Until they do, the reports of its node guards alone decide whether it is idle. Running jobs are not "
                f"affected. To check a node: {to_check}, then systemctl status amazon-cloudwatch-agent. Owner: "
                f"{experiment.owner}. To stop it: {to_stop}"
            ),
            metric_query=[
                alarms.CloudwatchMetricAlarmMetricQuery(
                    id="silent",
                    label="Nodes run and no GPU reports",
                    # If only one side of a comparison has data, the other is 0 (CloudWatch user guide, "Metric math",
                    # read 2026-11-24). FILL has the same effect, but also while metrics are only late.
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
        """The alarm on idle GPUs."""
        return self._idle_alarm

    @property
    def silence_alarm(self) -> alarms.CloudwatchMetricAlarm | None:
        """The alarm on missing GPU metrics. None: the nodes have no NVIDIA GPUs."""
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
