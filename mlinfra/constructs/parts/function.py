"""An AWS Lambda function of mlinfra's own, and everything that one needs to be looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import (
    cloudwatch_log_group,
    cloudwatch_metric_alarm,
    iam_role,
    iam_role_policy,
    lambda_function,
    lambda_function_event_invoke_config,
    lambda_permission,
    sqs_queue,
    sqs_queue_policy,
)
from mlinfra.constructs.parts.environment import environment_of
from mlinfra.constructs.parts.function_package import FunctionPackage, modules
from mlinfra.constructs.parts.policy import policy_document, statement, trust_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.declarations import Environment

RUNTIME: Final = "python3.13"
"""The newest that AWS provider 5.100 knows."""

RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""How long CloudWatch Logs can keep a log, in days (API reference, PutRetentionPolicy, read 2026-11-24)."""

_LONGEST_NAME = 64
_TIMEOUTS = range(1, 901)
_MEMORIES = range(128, 10_241)
_EVENT_AGES = range(60, 21_601)
_RETRIES = 2
_DAY_SECONDS = 24 * 60 * 60
_DEAD_LETTER_DAYS = 14
"""SQS keeps nothing longer."""


class Function(Construct):
    """A function that others start and nobody waits for.

    What it fails at is tried twice more, and then lies in a dead-letter queue for 14 days. An alarm
    tells of every error and of every such event. Its role can write its own log, its traces and that
    queue, and what the statements say; no other function has it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        handler: str,
        description: str,
        statements: Sequence[Mapping[str, object]],
        variables: Mapping[str, str] | None = None,
        timeout_seconds: int = 120,
        memory_mib: int = 256,
        reserved_concurrency: int | None = 1,
        event_age_seconds: int = 21_600,
        retention_days: int = 90,
        key_arn: str | None = None,
        alerts_topic_arn: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function.

        Args:
            scope: what the function belongs to.
            id: the construct's id, unique in its scope.
            name: the function's name, which its role, queue, log group and alarms are called after.
            handler: what is called, such as `mlinfra.functions.janitor.handler`.
            description: what it does, in a sentence.
            statements: what its role may do, beside keeping a log.
            variables: its environment variables. Default: none.
            timeout_seconds: how long a run may take, in seconds, 1 to 900. Default: 120.
            memory_mib: its memory in MiB, 128 to 10240. Default: 256, since boto3 alone takes 80.
            reserved_concurrency: how many runs there may be at a time; other events wait. It is taken from
                what all functions of the account share. None: as many as there are events. Default: 1,
                so that two runs of one function never meet.
            event_age_seconds: how long an event may wait for its run, in seconds, 60 to 21600. Default:
                21600, which is Lambda's.
            retention_days: how long its log is kept, in days that CloudWatch Logs offers. Default: 90.
            key_arn: the KMS key for its log and its variables, which CloudWatch Logs has to be allowed
                to use. Default: keys of AWS.
            alerts_topic_arn: the SNS topic that its alarms tell. Default: the environment's.
            environment: where it lives. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: where Lambda would refuse the figures, or `handler` is not in the package.
        """
        environment = environment_of(scope, environment)
        if len(name) > _LONGEST_NAME:
            message = f"name={name!r} has {len(name)} characters. Expected: at most {_LONGEST_NAME}."
            raise ValueError(message)
        if handler.rpartition(".")[0] not in modules():
            message = (
                f"handler={handler!r} is not in the package. Expected: a function of mlinfra/functions, such as "
                f"mlinfra.functions.janitor.handler."
            )
            raise ValueError(message)
        _expect_in("timeout_seconds", timeout_seconds, _TIMEOUTS)
        _expect_in("memory_mib", memory_mib, _MEMORIES)
        _expect_in("event_age_seconds", event_age_seconds, _EVENT_AGES)
        if retention_days not in RETENTION_DAYS:
            offered = ", ".join(map(str, RETENTION_DAYS))
            message = f"retention_days={retention_days} is not offered by CloudWatch Logs. Expected: {offered}."
            raise ValueError(message)
        if reserved_concurrency is not None and reserved_concurrency < 1:
            message = (
                f"reserved_concurrency={reserved_concurrency} would keep the function from ever running. Expected: 1 "
                f"or more, or None for no reservation."
            )
            raise ValueError(message)

        super().__init__(scope, id)
        self._name = name
        self._environment = environment
        self._event_age_seconds = event_age_seconds
        self._topic_arn = alerts_topic_arn or environment.names.alerts_topic_arn
        self._log_group = cloudwatch_log_group.CloudwatchLogGroup(
            self, "log", name=f"/aws/lambda/{name}", retention_in_days=retention_days, kms_key_id=key_arn
        )
        self._dead_letters = self._dead_letter_queue()
        self._role = iam_role.IamRole(
            self, "role", name=name, description=description, assume_role_policy=trust_policy("lambda.amazonaws.com")
        )
        policy = iam_role_policy.IamRolePolicy(
            self,
            "policy",
            name="run",
            role=self._role.name,
            policy=policy_document(*self._own_statements(key_arn), *statements),
        )
        package = FunctionPackage.of(self)
        self._function = lambda_function.LambdaFunction(
            self,
            "function",
            function_name=name,
            description=description,
            role=self._role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=handler,
            filename=package.path,
            source_code_hash=package.source_code_hash,
            timeout=timeout_seconds,
            memory_size=memory_mib,
            reserved_concurrent_executions=reserved_concurrency,
            environment=lambda_function.LambdaFunctionEnvironment(variables=dict(variables)) if variables else None,
            kms_key_arn=key_arn if variables else None,
            dead_letter_config=lambda_function.LambdaFunctionDeadLetterConfig(target_arn=self._dead_letters.arn),
            logging_config=lambda_function.LambdaFunctionLoggingConfig(
                log_format="JSON", log_group=self._log_group.name
            ),
            tracing_config=lambda_function.LambdaFunctionTracingConfig(mode="Active"),
            # Lambda refuses a queue that the role may not send to.
            depends_on=[policy],
        )
        lambda_function_event_invoke_config.LambdaFunctionEventInvokeConfig(
            self,
            "events",
            function_name=self._function.function_name,
            maximum_retry_attempts=_RETRIES,
            maximum_event_age_in_seconds=event_age_seconds,
        )
        self._watch()

    @property
    def name(self) -> str:
        """Its name, which its role has too."""
        return self._name

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self._function.arn)

    @property
    def function(self) -> lambda_function.LambdaFunction:
        """The function itself."""
        return self._function

    @property
    def role(self) -> iam_role.IamRole:
        """The role that it acts as."""
        return self._role

    @property
    def log_group(self) -> cloudwatch_log_group.CloudwatchLogGroup:
        """Where it writes."""
        return self._log_group

    @property
    def dead_letters(self) -> sqs_queue.SqsQueue:
        """The queue of events that it has failed at three times."""
        return self._dead_letters

    @property
    def event_age_seconds(self) -> int:
        """How long an event may wait for its run, in seconds."""
        return self._event_age_seconds

    @property
    def rule_arn(self) -> str:
        """The ARN of the EventBridge rule that may start it, which has its name."""
        return f"arn:aws:events:{self._environment.region}:{self._environment.account_id}:rule/{self._name}"

    def allow_invoke(self, id: str, *, principal: str, source_arn: str) -> None:  # noqa: A002
        """Let something of AWS start it.

        Args:
            id: the id of the permission, unique in the function.
            principal: the service, such as `events.amazonaws.com`.
            source_arn: on behalf of what, as an ARN. It may have wildcards.
        """
        lambda_permission.LambdaPermission(
            self,
            id,
            statement_id=id,
            action="lambda:InvokeFunction",
            function_name=self._function.function_name,
            principal=principal,
            source_account=self._environment.account_id,
            source_arn=source_arn,
        )

    def _own_statements(self, key_arn: str | None) -> list[dict[str, object]]:
        environment = self._environment
        statements = [
            statement(
                "WriteLog",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[f"{self._log_group.arn}:*"],
            ),
            statement("SendDeadLetters", actions=["sqs:SendMessage"], resources=[str(self._dead_letters.arn)]),
            # Neither knows a resource (service authorization reference of AWS X-Ray, read 2026-11-24).
            statement("Trace", actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"]),
        ]
        if key_arn:
            own_arn = f"arn:aws:lambda:{environment.region}:{environment.account_id}:function:{self._name}"
            # Lambda has a grant for the role that the function was made with. A role that was made again since
            # needs this instead.
            statements.append(
                statement(
                    "ReadVariables",
                    actions=["kms:Decrypt"],
                    resources=[key_arn],
                    conditions={"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": own_arn}},
                )
            )
        return statements

    def _dead_letter_queue(self) -> sqs_queue.SqsQueue:
        queue = sqs_queue.SqsQueue(
            self,
            "dead-letters",
            name=f"{self._name}-dead-letters",
            message_retention_seconds=_DEAD_LETTER_DAYS * _DAY_SECONDS,
            # A key of our own would have to be opened to EventBridge, for events that hold no more than names.
            sqs_managed_sse_enabled=True,
        )
        sqs_queue_policy.SqsQueuePolicy(
            self,
            "dead-letters-policy",
            queue_url=queue.id,
            policy=policy_document(
                statement(
                    "AllowRule",
                    principals={"Service": "events.amazonaws.com"},
                    actions=["sqs:SendMessage"],
                    resources=[str(queue.arn)],
                    conditions={"ArnEquals": {"aws:SourceArn": self.rule_arn}},
                ),
                statement(
                    "DenyInsecureTransport",
                    effect="Deny",
                    principals={"AWS": "*"},
                    actions=["sqs:*"],
                    resources=[str(queue.arn)],
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                ),
            ),
        )
        return queue

    def _watch(self) -> None:
        self._alarm(
            "errors",
            description=f"{self._name} failed. Its log group {self._log_group.name_input} says at what.",
            namespace="AWS/Lambda",
            metric_name="Errors",
            statistic="Sum",
            dimensions={"FunctionName": self._name},
        )
        self._alarm(
            "dead-letters",
            description=(
                f"{self._name} gave up on an event. It lies in the queue {self._name}-dead-letters for "
                f"{_DEAD_LETTER_DAYS} days."
            ),
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            statistic="Maximum",
            dimensions={"QueueName": f"{self._name}-dead-letters"},
        )

    def _alarm(
        self,
        what: str,
        *,
        description: str,
        namespace: str,
        metric_name: str,
        statistic: str,
        dimensions: Mapping[str, str],
    ) -> None:
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self,
            f"{what}-alarm",
            alarm_name=f"{self._name}-{what}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric_name,
            dimensions=dict(dimensions),
            statistic=statistic,
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic_arn],
        )


def _expect_in(argument: str, value: int, allowed: range) -> None:
    if value not in allowed:
        message = f"{argument}={value} is not what Lambda takes. Expected: {allowed.start} to {allowed.stop - 1}."
        raise ValueError(message)
