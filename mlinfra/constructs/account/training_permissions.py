"""Permissions of the role of pipelines that train: start a run, follow it, register its model, and stop its cluster.

The role has no managed policy. Source of resources and condition keys: service authorization reference of each service,
read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import KEY_USE, read_clusters, statement, stop_groups, terminate_nodes
from mlinfra.functions.contract import Approval, Tag, removed_file_systems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Environment


def training_statements(environment: Environment) -> list[Statement]:
    """The permissions of the role that trains in `environment`."""
    return [
        *_start_runs(environment),
        *_clusters(environment),
        *_records(environment),
        *_models_zone(environment),
        *_logs(environment),
        *(_queues(environment) if environment.queues else []),
        *(_registry(environment) if environment.models else []),
    ]


def _start_runs(environment: Environment) -> list[Statement]:
    """A command on a node is limited twice: to the document that starts a run, and to nodes of the environment."""
    here = f"{environment.region}:{environment.account_id}"
    return [
        statement(
            "StartRuns",
            actions=["ssm:SendCommand"],
            resources=[f"arn:aws:ssm:{here}:document/{environment.names.run_document}"],
        ),
        # Systems Manager has a condition key of its own for tags of nodes: Systems Manager user guide, "Restricting Run
        # Command access based on tags".
        statement(
            "OnNodesOfTheEnvironment",
            actions=["ssm:SendCommand"],
            resources=[f"arn:aws:ec2:{here}:instance/*"],
            conditions={
                "StringEquals": {
                    f"ssm:resourceTag/{Tag.PROJECT}": environment.project,
                    f"ssm:resourceTag/{Tag.ENVIRONMENT}": environment.name,
                }
            },
        ),
        # These actions do not support resources.
        statement(
            "FollowCommands",
            actions=["ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation", "ssm:ListCommandInvocations"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
        statement(
            "ReadParametersOfTraining",
            actions=["ssm:GetParameter", "ssm:GetParameters"],
            resources=[f"arn:aws:ssm:{here}:parameter{environment.names.parameter('training', '*')}"],
        ),
    ]


def _clusters(environment: Environment) -> list[Statement]:
    return [
        *read_clusters(environment),
        *stop_groups(environment, names=f"{environment.names.prefix}-*", minimum=False),
        terminate_nodes(environment),
        *(_file_systems(environment) if any(each.lustre for each in environment.experiments) else []),
        *(_capacity(environment) if any(each.nodes > 1 and each.gang for each in environment.experiments) else []),
    ]


def _capacity(environment: Environment) -> list[Statement]:
    """A start of nodes that work together holds the capacity of all of them while they are launched."""
    reservations = [f"arn:aws:ec2:{environment.region}:{environment.account_id}:capacity-reservation/*"]

    def tagged(source: str) -> dict[str, dict[str, str]]:
        names = {Tag.PROJECT: environment.project, Tag.ENVIRONMENT: environment.name}
        return {"StringEquals": {f"aws:{source}/{name}": value for name, value in names.items()}}

    return [
        statement(
            "ReserveCapacityOfStarts",
            actions=["ec2:CreateCapacityReservation", "ec2:CreateTags"],
            resources=reservations,
            conditions=tagged("RequestTag"),
        ),
        statement(
            "ReleaseCapacityOfStarts",
            actions=["ec2:CancelCapacityReservation"],
            resources=reservations,
            conditions=tagged("ResourceTag"),
        ),
        # It does not support resources. The platform of the image is a part of the reservation.
        statement(
            "ReadImages",
            actions=["ec2:DescribeImages"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
    ]


def _file_systems(environment: Environment) -> list[Statement]:
    """A start of a cluster whose file system was removed deletes the mark, so that a deploy creates it again."""
    here = f"{environment.region}:{environment.account_id}"
    marks = removed_file_systems(environment.project, environment.name)
    return [
        statement(
            "ForgetRemovedFileSystems",
            actions=["ssm:DeleteParameter"],
            resources=[f"arn:aws:ssm:{here}:parameter{marks}/*"],
        )
    ]


def _records(environment: Environment) -> list[Statement]:
    here = f"{environment.region}:{environment.account_id}"
    return [
        statement(
            "ReadAndWriteRecords",
            actions=[
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            resources=[f"arn:aws:dynamodb:{here}:table/{environment.names.records_table}"],
        ),
        _use_key(
            environment,
            "UseKeyOfRecords",
            alias=f"alias/{environment.names.prefix}-compute",
            service="dynamodb",
            actions=KEY_USE,
        ),
    ]


def _models_zone(environment: Environment) -> list[Statement]:
    """The code, specifications and outputs of runs, and no other objects of the lake."""
    bucket = f"arn:aws:s3:::{environment.names.bucket('models')}"
    names = [*(each.name for each in environment.experiments), *(each.name for each in environment.queues)]
    folders = [f"{name}/{folder}/*" for name in names for folder in ("code", "runner", "runs")]
    return [
        statement(
            "ReadAndWriteRuns",
            actions=["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            resources=[f"{bucket}/{each}" for each in folders],
        ),
        statement(
            "ListRuns",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": folders}},
        ),
        _use_key(
            environment,
            "UseKeyOfTheDataLake",
            alias=f"alias/{environment.names.prefix}-data-lake",
            service="s3",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
        ),
    ]


def _logs(environment: Environment) -> list[Statement]:
    here = f"{environment.region}:{environment.account_id}"
    groups = [environment.names.parameter("training", each.name) for each in environment.experiments]
    groups += [f"/aws/batch/{environment.names.queue(each)}" for each in environment.queues]
    return [
        statement(
            "ReadLogsOfRuns",
            actions=["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
            resources=[f"arn:aws:logs:{here}:log-group:{each}{end}" for each in groups for end in ("", ":*")],
        )
    ]


def _queues(environment: Environment) -> list[Statement]:
    batch = f"arn:aws:batch:{environment.region}:{environment.account_id}"
    names = [environment.names.queue(each) for each in environment.queues]
    queues = [f"{batch}:job-queue/{each}*" for each in names]
    definitions = [f"{batch}:job-definition/{each}-runs-*" for each in names]
    role = f"arn:aws:iam::{environment.account_id}:role/"
    run_roles = [f"{role}{environment.names.queue_run_role(each)}" for each in environment.queues]
    start_roles = [f"{role}{environment.names.queue_execution_role(each)}" for each in environment.queues]
    return [
        # Runs with the same image and resources share a job definition, which the first of them registers.
        statement("RegisterRuns", actions=["batch:RegisterJobDefinition"], resources=definitions),
        statement("TagRuns", actions=["batch:TagResource"], resources=[*definitions, f"{batch}:job/*"]),
        statement(
            "PassRolesOfRuns",
            actions=["iam:PassRole"],
            resources=[*run_roles, *start_roles],
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        statement("ReadRolesOfRuns", actions=["iam:GetRole"], resources=run_roles),
        # The reference requires all three kinds of resources, of which the job has no id yet.
        statement(
            "SubmitJobs",
            actions=["batch:SubmitJob"],
            resources=[*queues, f"{batch}:job-definition/{environment.names.prefix}-*", f"{batch}:job/*"],
        ),
        statement(
            "EndJobs",
            actions=["batch:TerminateJob"],
            resources=[f"{batch}:job/*"],
            conditions={"StringEquals": {f"aws:ResourceTag/{Tag.ENVIRONMENT}": environment.name}},
        ),
        # These actions do not support resources.
        statement(
            "ReadJobs",
            actions=["batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
    ]


def _registry(environment: Environment) -> list[Statement]:
    """Versions wait for approval by another principal, as `ModelRegistry.grant_register` allows it."""
    own = f"arn:aws:sagemaker:{environment.region}:{environment.account_id}"
    names = [f"{environment.names.prefix}-{each.name}" for each in environment.models]
    groups = [f"{own}:model-package-group/{name}" for name in names]
    versions = [f"{own}:model-package/{name}/*" for name in names]
    return [
        statement(
            "ReadVersions",
            actions=["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            resources=versions,
        ),
        statement(
            "RegisterVersions",
            actions=["sagemaker:CreateModelPackage"],
            resources=[*groups, *versions],
            conditions={"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": Approval.PENDING}},
        ),
    ]


def _use_key(environment: Environment, sid: str, *, alias: str, service: str, actions: Sequence[str]) -> Statement:
    """Use of a key of another stack, which has no ARN before that is deployed, through one service only."""
    return statement(
        sid,
        actions=actions,
        resources=[f"arn:aws:kms:{environment.region}:{environment.account_id}:key/*"],
        conditions={
            # A key without an alias has no such attribute, and ForAnyValue does not match then.
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias]},
            "StringEquals": {"kms:ViaService": f"{service}.{environment.region}.amazonaws.com"},
        },
    )
