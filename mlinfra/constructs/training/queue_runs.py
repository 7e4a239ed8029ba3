"""Roles of runs in a queue (`mlinfra run --queue`), whose job definitions the command registers at submission."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import iam_role, iam_role_policy
from mlinfra.constructs.parts import KEY_USE, all_values_in, policy_document, statement
from mlinfra.constructs.training.image_pulls import pull_statements
from mlinfra.constructs.training.task_role import task_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Environment, Queue


class QueueRuns(Construct):
    """The role of the commands of runs, and the role with which ECS starts their containers.

    Grant data to the first: `lake.grant_read(queue.runs)`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment,
        queue: Queue,
        key_arn: str,
        own_tags: Mapping[str, str],
    ) -> None:
        """Declare the roles.

        Args:
            scope: the queue.
            id: the construct's id, unique in its scope.
            environment: its environment.
            queue: the declared queue.
            key_arn: the KMS key of the table of records.
            own_tags: the tags of the resources.
        """
        super().__init__(scope, id)
        self._environment = environment
        names = environment.names
        here = f"{environment.region}:{environment.account_id}"
        log_group = f"arn:aws:logs:{here}:log-group:{names.queue_log_group(queue)}"
        self._role = self._task_role("role", names.queue_run_role(queue), own_tags)
        self._execution_role = self._task_role("execution-role", names.queue_execution_role(queue), own_tags)
        logs = statement(
            "WriteOutput", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[f"{log_group}:*"]
        )
        self._policy(self._role, "run", [logs, *_records(environment, queue, key_arn=key_arn)])
        self._policy(self._execution_role, "start", [logs, *pull_statements(environment.account_id)])

    @property
    def role(self) -> iam_role.IamRole:
        """The role of the commands."""
        return self._role

    @property
    def execution_role(self) -> iam_role.IamRole:
        """The role with which ECS pulls images and writes the output of containers."""
        return self._execution_role

    def _task_role(self, id_: str, name: str, tags: Mapping[str, str]) -> iam_role.IamRole:
        return task_role(self, id_, environment=self._environment, name=name, tags={**tags, "Name": name})

    def _policy(self, role: iam_role.IamRole, name: str, statements: list[Statement]) -> None:
        iam_role_policy.IamRolePolicy(self, name, name=name, role=role.name, policy=policy_document(*statements))


def _records(environment: Environment, queue: Queue, *, key_arn: str) -> list[Statement]:
    """The permissions for the records of runs in the queue."""
    names = environment.names
    table = f"arn:aws:dynamodb:{environment.region}:{environment.account_id}:table/{names.records_table}"
    partitions = [names.job_queue(queue, "spot"), names.job_queue(queue, "on-demand")]
    if queue.max_nodes > 1:
        partitions.append(names.job_queue(queue, "multi-node"))
    return [
        statement(
            "OwnRecords",
            actions=["dynamodb:Query", "dynamodb:UpdateItem"],
            resources=[table],
            conditions=all_values_in("dynamodb:LeadingKeys", partitions),
        ),
        statement(
            "KeyOfRecords",
            # Source: DynamoDB developer guide, "Authorizing use of your customer managed key", read 2026-11-24.
            actions=KEY_USE,
            resources=[key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{environment.region}.amazonaws.com"}},
        ),
    ]
