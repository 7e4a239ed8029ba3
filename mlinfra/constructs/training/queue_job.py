"""A job that a training queue runs: its definition, its roles and its logs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import batch_job_definition, iam_role, iam_role_policy
from mlinfra.constructs.parts import policy_document, statement
from mlinfra.constructs.training.task_role import task_role
from mlinfra.declarations import CONTAINER_LIMITS, linux_parameters, node_properties, retry_conditions, scratch_mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk.aws import batch_job_queue, cloudwatch_log_group
    from mlinfra.constructs.training.job_settings import JobSettings
    from mlinfra.declarations import Environment

_REPOSITORY = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)[:@].+")


class TrainingJobDefinition(Construct):
    """A job definition of Batch with its own role, created by `TrainingQueue.job`.

    A job is repeated if its host was lost. If its program failed, it is repeated only after the declared exit codes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        settings: JobSettings,
        queue: batch_job_queue.BatchJobQueue,
        logs: cloudwatch_log_group.CloudwatchLogGroup,
        role: iam_role.IamRole | None,
        own_tags: Mapping[str, str],
        environment: Environment,
    ) -> None:
        """Declare the job.

        Args:
            scope: the queue.
            id: the construct's id, unique in its scope.
            settings: the settings of the job.
            queue: the job queue to which it is submitted.
            logs: the log group of its output.
            role: the role of its program. None: a new role, without permissions until they are granted.
            own_tags: the tags of the resources.
            environment: its environment.
        """
        super().__init__(scope, id)
        self._settings = settings
        self._queue = queue
        self._environment = environment
        self._tags = {**own_tags, "Name": settings.full_name, "Job": settings.name}
        self._role = role or self._task_role("role", "job")
        self._execution_role = self._task_role("execution-role", "execution")
        self._allow_start(logs)
        several = settings.nodes > 1
        container = self._container(logs)
        self._definition = batch_job_definition.BatchJobDefinition(
            self,
            "definition",
            name=settings.full_name,
            type="multinode" if several else "container",
            platform_capabilities=None if several else ["EC2"],
            container_properties=None if several else json.dumps(container),
            node_properties=json.dumps(node_properties(settings.nodes, container)) if several else None,
            scheduling_priority=settings.priority,
            propagate_tags=True,
            deregister_on_new_revision=True,
            timeout=batch_job_definition.BatchJobDefinitionTimeout(attempt_duration_seconds=settings.timeout_seconds),
            retry_strategy=batch_job_definition.BatchJobDefinitionRetryStrategy(
                attempts=settings.attempts, evaluate_on_exit=_retries(settings.retry_exit_codes)
            ),
            tags=self._tags,
        )

    @property
    def name(self) -> str:
        """The name of the job definition. A job that is submitted with it uses the latest revision."""
        return self._settings.full_name

    @property
    def queue(self) -> batch_job_queue.BatchJobQueue:
        """The job queue to submit it to."""
        return self._queue

    @property
    def role(self) -> iam_role.IamRole:
        """The role of its program."""
        return self._role

    @property
    def execution_role(self) -> iam_role.IamRole:
        """The role with which ECS pulls its image, reads its secrets and writes its output."""
        return self._execution_role

    @property
    def definition(self) -> batch_job_definition.BatchJobDefinition:
        """The job definition."""
        return self._definition

    @property
    def arn(self) -> str:
        """The ARN of the job definition's newest revision."""
        return str(self._definition.arn)

    def _container(self, logs: cloudwatch_log_group.CloudwatchLogGroup) -> dict[str, object]:
        asked = self._settings
        resources = asked.resources
        shared = resources.shared_memory_mib
        return {
            "image": asked.image,
            "command": [_literal(each) for each in asked.command],
            "jobRoleArn": self._role.arn,
            "executionRoleArn": self._execution_role.arn,
            "resourceRequirements": resources.requirements,
            **scratch_mount(asked.queue, nodes=asked.nodes),
            "linuxParameters": linux_parameters(asked.queue, nodes=asked.nodes, shared_memory_mib=shared),
            "ulimits": list(CONTAINER_LIMITS),
            "environment": [
                {"name": name, "value": _literal(value)} for name, value in sorted(asked.variables.items())
            ],
            "secrets": [{"name": name, "valueFrom": arn} for name, arn in sorted(asked.secrets.items())],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": logs.name,
                    "awslogs-region": self._environment.region,
                    "awslogs-stream-prefix": asked.name,
                },
            },
        }

    def _task_role(self, id_: str, use: str) -> iam_role.IamRole:
        name = f"{self._settings.full_name}-{use}"
        return task_role(self, id_, environment=self._environment, name=name, tags=self._tags)

    def _allow_start(self, logs: cloudwatch_log_group.CloudwatchLogGroup) -> None:
        """Allow ECS to start the container: as AmazonECSTaskExecutionRolePolicy, for the resources of this job only."""
        statements = [
            statement(
                "WriteOutput",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[f"{logs.arn}:*"],
            )
        ]
        repository = _REPOSITORY.fullmatch(self._settings.image)
        if repository:
            account, region, name = repository.groups()
            statements += [
                # This action does not support resources: a token is valid for all registries that the role may read.
                statement("LogInToRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
                statement(
                    "PullImage",
                    actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    resources=[f"arn:aws:ecr:{region}:{account}:repository/{name}"],
                ),
            ]
        if self._settings.secrets:
            statements.append(
                statement(
                    "ReadSecrets",
                    actions=["secretsmanager:GetSecretValue", "ssm:GetParameters"],
                    resources=sorted(set(self._settings.secrets.values())),
                )
            )
        iam_role_policy.IamRolePolicy(
            self,
            "start",
            name="start",
            role=self._execution_role.name,
            policy=policy_document(*statements),
        )


def _retries(
    exit_codes: Sequence[int],
) -> list[batch_job_definition.BatchJobDefinitionRetryStrategyEvaluateOnExit]:
    return [
        batch_job_definition.BatchJobDefinitionRetryStrategyEvaluateOnExit(
            action=each["action"],
            on_status_reason=each.get("onStatusReason"),
            on_exit_code=each.get("onExitCode"),
            on_reason=each.get("onReason"),
        )
        for each in retry_conditions(exit_codes)
    ]


def _literal(text: str) -> str:
    """A text escaped for Terraform, which would interpret the `${RANK}` of a shell command.

    Values that are known only at deploy time have the same form in a text, and are kept.
    """
    return re.sub(r"([$%])\{(?!TfToken\[)", r"\1\1{", text)
