"""Looks at everything that may be stopped, every hour: the fourth layer of docs/adr/0005."""

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
    """A function that looks, every hour, at all that is tagged AutoStop=true in the account and region.

    It stops what has expired, is idle or costs more than its limit, and deletes kept volumes whose time
    has come; where the environment says `janitor_dry_run`, it only writes what it would do. An alarm
    tells where it has not run for three hours.
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
            scope: what the janitor belongs to.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key of the table of records, and for its own log and variables.
            environment: where it works. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=f"{environment.names.prefix}-janitor",
            handler="mlinfra.functions.janitor.handler",
            description="Stops what has expired, is idle or costs too much, every hour.",
            statements=for_the_account(environment, key_arn=key_arn),
            variables={
                **shutdown_variables(environment),
                Variable.DRY_RUN: "true" if environment.janitor_dry_run else "false",
            },
            timeout_seconds=900,
            memory_mib=512,
            # Two runs at a time would look at the same things.
            reserved_concurrency=environment.reserved_concurrency,
            # The next run looks at everything anyway.
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
                f"{self._function.name} has not run for {_SILENT_HOURS} hours: nothing is stopped for its expiry or "
                f"its cost. In the first hour after it was deployed this is as it should be."
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
        """The function that does it."""
        return self._function

    @property
    def rule(self) -> EventRule:
        """What starts it."""
        return self._rule
