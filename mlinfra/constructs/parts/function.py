"""An AWS Lambda function of mlinfra with its role, log group, dead-letter queue and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import (
    cloudwatch_log_group,
    iam_role,
    iam_role_policy,
    lambda_function,
    lambda_function_event_invoke_config,
    lambda_permission,
)
from mlinfra.constructs.parts.dead_letters import DEAD_LETTER_DAYS, DeadLetters, alarm_above_zero
from mlinfra.constructs.parts.environment import environment_of
from mlinfra.constructs.parts.function_package import FunctionPackage, modules
from mlinfra.constructs.parts.policy import policy_document, statement, trust_policy
from mlinfra.constructs.parts.roles import workload_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk.aws import sqs_queue
    from mlinfra.declarations import Environment

RUNTIME: Final = "python3.13"
"""The newest runtime that AWS provider 5.100 supports."""

RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The retention times that CloudWatch Logs offers, in days (API reference, PutRetentionPolicy, read 2026-11-24)."""

_LONGEST_NAME = 64
_TIMEOUTS = range(1, 901)
_MEMORIES = range(128, 10_241)
_EVENT_AGES = range(60, 21_601)
_RETRIES = 2


class Function(Construct):
    """An asynchronously invoked Lambda function.

    A failed event is retried twice, then kept in a dead-letter queue for 14 days. Alarms report every error and every
    event in that queue. The function's own role can write its log, its traces and that queue, plus what the statements
    allow.
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
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            name: the function's name, from which the names of its role, queue, log group and alarms derive.
            handler: the handler, such as `mlinfra.functions.janitor.handler`.
            description: the purpose, in a sentence.
            statements: the policy statements of its role, in addition to those for its log, traces and queue.
            variables: its environment variables. Default: none.
            timeout_seconds: the timeout of a run in seconds, 1 to 900. Default: 120.
            memory_mib: its memory in MiB, 128 to 10240. Default: 256, since boto3 alone takes 80.
            reserved_concurrency: the number of concurrent runs; further events wait. It is taken from the account's
                concurrency. None: no reservation and no limit. Default: 1, so that runs of one function never overlap.
            event_age_seconds: the maximum age of an event at its run in seconds, 60 to 21600. Default: 21600, as in
                Lambda.
            retention_days: the retention of its log in days, one of `RETENTION_DAYS`. Default: 90.
            key_arn: the KMS key for its log and its variables; its policy must allow CloudWatch Logs to use it.
                Default: keys managed by AWS.
            alerts_topic_arn: the SNS topic of its alarms. Default: the environment's.
            environment: the environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if a value is outside of Lambda's limits, or `handler` is not in the package.
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
        self._dead_letters = DeadLetters(self, owner=name, rule_arn=self.rule_arn)
        self._role = workload_role(
            self,
            "role",
            environment=environment,
            name=name,
            description=description,
            trust=trust_policy("lambda.amazonaws.com"),
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
            dead_letter_config=lambda_function.LambdaFunctionDeadLetterConfig(target_arn=self._dead_letters.queue.arn),
            logging_config=lambda_function.LambdaFunctionLoggingConfig(
                log_format="JSON", log_group=self._log_group.name
            ),
            tracing_config=lambda_function.LambdaFunctionTracingConfig(mode="Active"),
            # Lambda refuses a dead-letter queue to which the role may not send.
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
        """Its name, which is also the name of its role."""
        return self._name

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self._function.arn)

    @property
    def function(self) -> lambda_function.LambdaFunction:
        """The Lambda function."""
        return self._function

    @property
    def role(self) -> iam_role.IamRole:
        """Its execution role."""
        return self._role

    @property
    def log_group(self) -> cloudwatch_log_group.CloudwatchLogGroup:
        """Its log group."""
        return self._log_group

    @property
    def dead_letters(self) -> sqs_queue.SqsQueue:
        """The dead-letter queue of events that failed three times."""
        return self._dead_letters.queue

    @property
    def event_age_seconds(self) -> int:
        """The maximum age of an event at its run, in seconds."""
        return self._event_age_seconds

    @property
    def rule_arn(self) -> str:
        """The ARN of the EventBridge rule that may invoke it, which has the same name."""
        return f"arn:aws:events:{self._environment.region}:{self._environment.account_id}:rule/{self._name}"

    def allow_dead_letters(self, rule_arn: str) -> None:
        """Allow an EventBridge rule to keep the events in its dead-letter queue that could not be delivered to it.

        Args:
            rule_arn: the ARN of the rule.
        """
        self._dead_letters.allow(rule_arn)

    def allow_invoke(self, id: str, *, principal: str, source_arn: str) -> None:  # noqa: A002
        """Allow an AWS service to invoke it.

        Args:
            id: the id of the permission, unique in the function.
            principal: the service, such as `events.amazonaws.com`.
            source_arn: the ARN of the resource that invokes it. May contain wildcards.
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
            statement("SendDeadLetters", actions=["sqs:SendMessage"], resources=[str(self._dead_letters.queue.arn)]),
            # These actions do not support resources (service authorization reference of AWS X-Ray, read 2026-11-24).
            statement("Trace", actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"]),
        ]
        if key_arn:
            own_arn = f"arn:aws:lambda:{environment.region}:{environment.account_id}:function:{self._name}"
            # Lambda creates a KMS grant for the role at the function's creation. A role that was recreated since then
            # needs this permission instead.
            statements.append(
                statement(
                    "ReadVariables",
                    actions=["kms:Decrypt"],
                    resources=[key_arn],
                    conditions={"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": own_arn}},
                )
            )
        return statements

    def _watch(self) -> None:
        alarm_above_zero(
            self,
            "errors",
            owner=self._name,
            description=(
                f"The function {self._name} failed. Lambda retries an event up to {_RETRIES} times. The error is in "
                f"the log group {self._log_group.name_input}. Owner: {self._environment.team}."
            ),
            namespace="AWS/Lambda",
            metric_name="Errors",
            statistic="Sum",
            dimensions={"FunctionName": self._name},
            topic_arn=self._topic_arn,
        )
        self._dead_letters.alarm(
            description=(
                f"The function {self._name} failed {_RETRIES + 1} times on an event and does not retry it. The event "
                f"is kept in the queue {self._name}-dead-letters for {DEAD_LETTER_DAYS} days. Find the cause in the "
                f"log group {self._log_group.name_input}, fix it, then send the event again. Owner: "
                f"{self._environment.team}."
            ),
            topic_arn=self._topic_arn,
        )


def _expect_in(argument: str, value: int, allowed: range) -> None:
    if value not in allowed:
        message = f"{argument}={value} is outside of Lambda's limits. Expected: {allowed.start} to {allowed.stop - 1}."
        raise ValueError(message)
