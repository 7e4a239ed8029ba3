"""Daily check for unused endpoints, which incur charges without serving requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_metric_alarm
from mlinfra.constructs.parts import EventRule, Function, environment_of, notification_statements, statement
from mlinfra.functions.contract import Tag, Variable

if TYPE_CHECKING:
    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Environment

_DAY_SECONDS = 24 * 60 * 60
_EVENT_AGE_SECONDS = 6 * 60 * 60
_SILENT_DAYS = 2


class UnusedEndpoints(Construct):
    """A function that notifies the owner of each endpoint without requests for its `unused_days`.

    It deletes the endpoint if the endpoint has `stop_when_unused` and the environment does not have
    `janitor_dry_run`. An endpoint with unknown usage counts as used. An alarm notifies when the function has not run
    for two days.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function, its schedule and its alarm.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            key_arn: the ARN of the KMS key for its logs and environment variables.
            environment: the environment of the endpoints. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=f"{environment.names.prefix}-endpoint-watch",
            handler="mlinfra.functions.unused_endpoints.handler",
            description="Notifies owners of unused endpoints every day, and deletes those that may be stopped.",
            statements=[*_read(environment), *_delete(environment), *notification_statements(environment)],
            variables={
                Variable.ENVIRONMENT: environment.name,
                Variable.PREFIX: f"{environment.names.prefix}-",
                Variable.TOPIC: environment.names.alerts_topic_arn,
                Variable.DRY_RUN: "true" if environment.janitor_dry_run else "false",
            },
            timeout_seconds=900,
            event_age_seconds=_EVENT_AGE_SECONDS,
            reserved_concurrency=environment.reserved_concurrency,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = EventRule(
            self,
            "rule",
            function=self._function,
            description="Starts the check for unused endpoints every day.",
            schedule="rate(1 day)",
        )
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self,
            "silence-alarm",
            alarm_name=f"{self._function.name}-silence",
            alarm_description=(
                f"The function {self._function.name} has not run for {_SILENT_DAYS} days, so unused endpoints are not "
                f"detected and their owners are not notified. Check that its daily rule {self._function.name} exists "
                f"and is enabled. This alarm is expected on the first day after the deployment. Owner: "
                f"{environment.team}."
            ),
            namespace="AWS/Lambda",
            metric_name="Invocations",
            dimensions={"FunctionName": self._function.name},
            statistic="Sum",
            period=_DAY_SECONDS,
            evaluation_periods=_SILENT_DAYS,
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
        """The schedule of the function."""
        return self._rule


def _read(environment: Environment) -> list[Statement]:
    return [
        # Neither supports resources (service authorization references of CloudWatch and SageMaker, read 2026-11-26).
        statement(
            "ReadUsage",
            actions=["cloudwatch:GetMetricData", "sagemaker:ListEndpoints"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
        statement(
            "Describe",
            actions=["sagemaker:DescribeEndpoint", "sagemaker:ListTags"],
            resources=[_endpoints(environment)],
        ),
    ]


def _delete(environment: Environment) -> list[Statement]:
    may_be_stopped = {
        "StringEquals": {
            f"aws:ResourceTag/{Tag.AUTO_STOP}": "true",
            f"aws:ResourceTag/{Tag.ENVIRONMENT}": environment.name,
        }
    }
    here = f"{environment.region}:{environment.account_id}"
    return [
        statement(
            "DeleteUnused",
            actions=["sagemaker:DeleteEndpoint"],
            resources=[_endpoints(environment)],
            conditions=may_be_stopped,
        ),
        # SageMaker does this with the permissions of the caller of DeleteEndpoint, and fails without them (SageMaker
        # developer guide, "Delete endpoints configured for auto scaling", read 2026-11-26).
        statement(
            "DeregisterScaling",
            actions=["application-autoscaling:DeregisterScalableTarget"],
            resources=[f"arn:aws:application-autoscaling:{here}:scalable-target/*"],
            conditions=may_be_stopped,
        ),
    ]


def _endpoints(environment: Environment) -> str:
    return f"arn:aws:sagemaker:{environment.region}:{environment.account_id}:endpoint/{environment.names.prefix}-*"
