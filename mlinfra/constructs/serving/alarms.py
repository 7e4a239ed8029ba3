"""CloudWatch alarms for the latency, errors and missing use of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import cloudwatch_metric_alarm as alarms
from mlinfra.declarations import Asynchronous

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import Endpoint, Environment

_NAMESPACE = "AWS/SageMaker"
_MICROSECONDS = 1_000
"""Microseconds in a millisecond. SageMaker reports ModelLatency in microseconds (developer guide, "Amazon SageMaker AI
metrics in Amazon CloudWatch", read 2026-11-26)."""
_DAY_SECONDS = 24 * 60 * 60
_LONGEST_ALARM_DAYS = 7
"""The longest evaluation period of an alarm (CloudWatch API reference, PutMetricAlarm, read 2026-11-26)."""


class ServingAlarms(Construct):
    """The alarms of one endpoint, created before the endpoint.

    The *latency* and *errors* alarms of each variant notify, whichever fleet serves the requests. Two more of each
    variant have the same limits, evaluate the metrics of one configuration alone, and roll its deployment back.
    Missing data means that there were no requests, so it does not breach: a new fleet has no data. The *unused* alarm
    notifies.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        endpoint: Endpoint,
        environment: Environment,
        configuration_name: str,
    ) -> None:
        """Declare the alarms.

        Args:
            scope: the endpoint's construct.
            id: the construct's id, unique in its scope.
            endpoint: the declared endpoint.
            environment: the environment of the endpoint.
            configuration_name: the name of the endpoint's configuration, by which SageMaker separates the metrics of
                the new fleet from those of the old one.
        """
        super().__init__(scope, id)
        self._endpoint = endpoint
        self._environment = environment
        self._name = environment.names.endpoint(endpoint)
        self._configuration_name = configuration_name
        self._rolling_back: list[alarms.CloudwatchMetricAlarm] = []
        rolls_back = endpoint.blue_green is not None and endpoint.without_rollback is None
        for variant in endpoint.variants:
            for what, settings in (
                (f"latency-{variant.name}", self._latency(variant.name)),
                (f"errors-{variant.name}", self._errors(variant.name)),
            ):
                self._alarm(what, **settings)
                if rolls_back:
                    self._rolling_back.append(self._rollback(what, settings))
        self._unused_alarm = self._unused()

    @property
    def rolling_back(self) -> tuple[alarms.CloudwatchMetricAlarm, ...]:
        """The alarms on the new fleet that roll an update back to the old one. Empty: none does."""
        return tuple(self._rolling_back)

    @property
    def unused(self) -> alarms.CloudwatchMetricAlarm:
        """The alarm for an endpoint without requests for days."""
        return self._unused_alarm

    def _latency(self, variant: str) -> dict[str, Any]:
        most = self._endpoint.hosting.max_latency_ms
        return {
            "description": (
                f"The p99 model latency of the variant {variant} of {self._name} was above {most} ms in 3 of 5 "
                f"minutes. Check the load of the endpoint, and add capacity if it is high. {self._record}Owner: "
                f"{self._endpoint.owner}."
            ),
            "metric_name": "ModelLatency",
            "dimensions": self._dimensions(variant),
            "extended_statistic": "p99",
            "period": 60,
            "evaluation_periods": 5,
            "datapoints_to_alarm": 3,
            "comparison_operator": "GreaterThanThreshold",
            "threshold": most * _MICROSECONDS,
        }

    def _errors(self, variant: str) -> dict[str, Any]:
        percent = self._endpoint.max_error_percent
        return {
            "description": (
                f"More than {percent:g} % of the requests to the variant {variant} of {self._name} failed with a 5xx "
                f"error within 5 minutes. Find the cause in the log group "
                f"/aws/sagemaker/Endpoints/{self._name}. {self._record}Owner: {self._endpoint.owner}."
            ),
            # Each request reports 1 for an error and 0 for none, so the average is the fraction that failed.
            "metric_name": "Invocation5XXErrors",
            "dimensions": self._dimensions(variant),
            "statistic": "Average",
            "period": 300,
            "evaluation_periods": 1,
            "comparison_operator": "GreaterThanThreshold",
            "threshold": percent / 100,
        }

    @property
    def _record(self) -> str:
        """The record of a deployment without rollback, for the descriptions of alarms."""
        record = self._endpoint.without_rollback
        return f"{record.version} was deployed without rollback: {record.reason} " if record else ""

    def _rollback(self, what: str, settings: Mapping[str, Any]) -> alarms.CloudwatchMetricAlarm:
        # SageMaker publishes metrics with the name of the configuration as soon as its fleet receives requests. An
        # alarm without it counts the errors of the old fleet too, and rolls back the deployment that repairs it
        # (SageMaker developer guide, "Auto-Rollback Configuration and Monitoring", read 2026-11-29). The alarm is new
        # for each configuration: an alarm that is updated keeps its state (CloudWatch API reference, PutMetricAlarm,
        # read 2026-11-29).
        return self._alarm(
            f"rollback-{what}",
            **{
                **settings,
                "alarm_name": f"{self._configuration_name}-{what}",
                "alarm_actions": None,
                "description": (
                    f"{settings['description']} This alarm evaluates one configuration of the endpoint and rolls its "
                    f"deployment back. Notifications are sent by {self._name}-{what}."
                ),
                "dimensions": {**settings["dimensions"], "EndpointConfigName": self._configuration_name},
                "lifecycle": TerraformResourceLifecycle(create_before_destroy=True),
            },
        )

    def _unused(self) -> alarms.CloudwatchMetricAlarm:
        days = min(self._endpoint.unused_days, _LONGEST_ALARM_DAYS)
        names = [each.name for each in self._endpoint.variants]
        single = len(names) == 1
        metric_name, stat = self._requests()
        return self._alarm(
            "unused",
            description=(
                f"The endpoint {self._name} has received no requests for {days} days, and is still incurring charges. "
                f"If it is no longer needed, remove it from the environment and deploy. This alarm is expected in the "
                f"first {days} days after the deployment. Owner: {self._endpoint.owner}."
            ),
            metric_name=metric_name if single else None,
            dimensions=self._dimensions(names[0]) if single else None,
            statistic=stat if single else None,
            period=_DAY_SECONDS if single else None,
            metric_query=None if single else self._sum(names, metric_name, stat),
            evaluation_periods=days,
            comparison_operator="LessThanThreshold",
            threshold=1,
            # SageMaker reports requests, not their absence.
            missing="breaching",
        )

    def _requests(self) -> tuple[str, str]:
        # Asynchronous endpoints have no Invocations (SageMaker developer guide, "Alarms and logs for tracking metrics
        # from asynchronous endpoints", read 2026-11-26). Each request that reaches the model has a latency.
        asynchronous = isinstance(self._endpoint.hosting, Asynchronous)
        return ("ModelLatency", "SampleCount") if asynchronous else ("Invocations", "Sum")

    def _sum(self, variants: list[str], metric_name: str, stat: str) -> list[alarms.CloudwatchMetricAlarmMetricQuery]:
        queries = [
            alarms.CloudwatchMetricAlarmMetricQuery(
                id=f"v{index}",
                metric=alarms.CloudwatchMetricAlarmMetricQueryMetric(
                    namespace=_NAMESPACE,
                    metric_name=metric_name,
                    dimensions=self._dimensions(variant),
                    stat=stat,
                    period=_DAY_SECONDS,
                ),
            )
            for index, variant in enumerate(variants)
        ]
        together = alarms.CloudwatchMetricAlarmMetricQuery(
            id="all", label="Requests to all variants", expression="SUM(METRICS())", return_data=True
        )
        return [together, *queries]

    def _dimensions(self, variant: str) -> dict[str, str]:
        return {"EndpointName": self._name, "VariantName": variant}

    def _alarm(
        self,
        what: str,
        *,
        description: str,
        missing: str = "notBreaching",
        **settings: Any,  # noqa: ANN401  passed to the resource, which validates them
    ) -> alarms.CloudwatchMetricAlarm:
        return alarms.CloudwatchMetricAlarm(
            self,
            what,
            alarm_description=description,
            namespace=None if settings.get("metric_query") else _NAMESPACE,
            treat_missing_data=missing,
            **{
                "alarm_name": f"{self._name}-{what}",
                "alarm_actions": [self._environment.names.alerts_topic_arn],
                **settings,
            },
        )
