"""The hourly check of everything that may be stopped: layer 4 of docs/adr/0009."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_metric_alarm
from mlinfra.constructs.parts import EventRule, Function, environment_of
from mlinfra.constructs.shutdown.permissions import for_the_account
from mlinfra.constructs.shutdown.variables import shutdown_variables
from mlinfra.functions.contract import Variable

if TYPE_CHECKING:
    from mlinfra.declarations import Environment

_HOUR_SECONDS = 60 * 60
_SILENT_HOURS = 3


class Janitor(Construct):
    """A function that checks everything tagged AutoStop=true in the account and region, every hour.

    It stops clusters that are expired, idle or over their spend limit, and deletes kept volumes whose grace period is
    over. With `janitor_dry_run` it only reports. An alarm reports when it has not run for three hours.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the janitor.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key of the table of records, and of the function's log and variables.
            environment: the environment. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=environment.names.janitor,
            handler="mlinfra.functions.janitor.handler",
            description="Stops what has expired, is idle or costs too much, every hour.",
            statements=for_the_account(environment, key_arn=key_arn),
            variables={
                **shutdown_variables(environment),
                Variable.DRY_RUN: "true" if environment.janitor_dry_run else "false",
            },
            timeout_seconds=900,
            memory_mib=512,
            # Concurrent runs would check the same resources.
            reserved_concurrency=environment.reserved_concurrency,
            # The next run checks everything again.
            event_age_seconds=_HOUR_SECONDS,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = EventRule(
            self,
            "rule",
            function=self._function,
            description="Starts the janitor every hour.",
            schedule="rate(1 hour)",
        )
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self,
            "silence-alarm",
            alarm_name=f"{self._function.name}-silence",
            alarm_description=(
                f"The janitor {self._function.name} has not run for {_SILENT_HOURS} hours. No cluster is stopped for "
                f"its expiry or its cost. Check its EventBridge rule of the same name and its log group /aws/lambda/"
                f"{self._function.name}. Expected in the first hour after its deployment. Owner: {environment.team}."
            ),
            namespace="AWS/Lambda",
            metric_name="Invocations",
            dimensions={"FunctionName": self._function.name},
            statistic="Sum",
            period=_HOUR_SECONDS,
            evaluation_periods=_SILENT_HOURS,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=[environment.names.alerts_topic_arn],
        )

    @property
    def function(self) -> Function:
        """The function."""
        return self._function

    @property
    def rule(self) -> EventRule:
        """The rule that invokes it."""
        return self._rule
