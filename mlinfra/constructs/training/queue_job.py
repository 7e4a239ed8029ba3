"""A job that a training queue runs: its definition, its roles and its logs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import batch_job_definition, iam_role, iam_role_policy
from mlinfra.constructs.parts import policy_document, statement, trust_policy, workload_role
from mlinfra.constructs.training.queue_user_data import SCRATCH, have_scratch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk.aws import batch_job_queue, cloudwatch_log_group
    from mlinfra.constructs.training.job_settings import JobSettings
    from mlinfra.declarations import Environment

_REPOSITORY = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)[:@].+")

_LIMITS = (
    # NCCL and CUDA need locked memory and large stacks.
    {"name": "memlock", "softLimit": -1, "hardLimit": -1},
    {"name": "stack", "softLimit": 67_108_864, "hardLimit": 67_108_864},
    # Each worker of a data loader keeps a file open for each tensor that it passes on.
    {"name": "nofile", "softLimit": 65_536, "hardLimit": 65_536},
)


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
            node_properties=json.dumps(_node_properties(settings.nodes, container)) if several else None,
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
        linux: dict[str, object] = {"sharedMemorySize": asked.shm_mib}
        if asked.nodes > 1 and asked.queue.efa:
            linux["devices"] = _adapters(asked.queue.node_types[0].efa_count)
        return {
            "image": asked.image,
            "command": [_literal(each) for each in asked.command],
            "jobRoleArn": self._role.arn,
            "executionRoleArn": self._execution_role.arn,
            "resourceRequirements": [
                {"type": "GPU", "value": str(asked.gpus)},
                {"type": "VCPU", "value": str(asked.vcpus)},
                {"type": "MEMORY", "value": str(asked.memory_mib)},
            ],
            **_scratch(asked),
            "linuxParameters": linux,
            "ulimits": list(_LIMITS),
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
        return workload_role(
            self,
            id_,
            environment=self._environment,
            name=f"{self._settings.full_name}-{use}",
            trust=trust_policy(
                "ecs-tasks.amazonaws.com",
                # Only for tasks of this account, so that ECS does not assume it for another one.
                conditions={"StringEquals": {"aws:SourceAccount": self._environment.account_id}},
            ),
            tags=self._tags,
        )

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


def _scratch(settings: JobSettings) -> dict[str, object]:
    """The mount of the local NVMe disks, if all instance types that may run the job have such disks."""
    types = settings.queue.node_types[:1] if settings.nodes > 1 else settings.queue.node_types
    if not have_scratch(types):
        return {}
    return {
        "volumes": [{"name": "scratch", "host": {"sourcePath": SCRATCH}}],
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": SCRATCH, "readOnly": False}],
    }


def _retries(
    exit_codes: Sequence[int],
) -> list[batch_job_definition.BatchJobDefinitionRetryStrategyEvaluateOnExit]:
    """The conditions of another attempt: the host was lost, or the program ended with one of `exit_codes`.

    Batch repeats an attempt that matches no condition, so that the last condition ends all others. Source: Batch
    user guide, "Use Amazon EC2 Spot best practices for AWS Batch", read 2026-11-24.
    """
    condition = batch_job_definition.BatchJobDefinitionRetryStrategyEvaluateOnExit
    return [
        condition(action="retry", on_status_reason="Host EC2*"),
        *(condition(action="retry", on_exit_code=str(code)) for code in exit_codes),
        condition(action="exit", on_reason="*"),
    ]


def _literal(text: str) -> str:
    """A text escaped for Terraform, which would interpret the `${RANK}` of a shell command.

    Values that are known only at deploy time have the same form in a text, and are kept.
    """
    return re.sub(r"([$%])\{(?!TfToken\[)", r"\1\1{", text)


def _node_properties(nodes: int, container: Mapping[str, object]) -> dict[str, object]:
    """The properties of equal nodes. Node 0 is the main node: when it ends, the job ends."""
    return {
        "numNodes": nodes,
        "mainNode": 0,
        "nodeRangeProperties": [{"targetNodes": f"0:{nodes - 1}", "container": container}],
    }


def _adapters(count: int) -> list[dict[str, object]]:
    """The adapters as devices of the container. Source: Batch user guide, "Elastic Fabric Adapter", read 2026-11-24."""
    return [
        {
            "hostPath": f"/dev/infiniband/uverbs{index}",
            "containerPath": f"/dev/infiniband/uverbs{index}",
            "permissions": ["READ", "WRITE", "MKNOD"],
        }
        for index in range(count)
    ]
