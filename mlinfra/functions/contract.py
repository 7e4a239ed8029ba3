"""The names shared by clusters, training jobs, the shutdown functions and the command line.

Writers and readers of a tag, an item or an event take its name from here. docs/adr/0005 describes how they interact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


class Tag:
    """Tags of auto scaling groups, instances, volumes and endpoints."""

    AUTO_STOP: Final = "AutoStop"
    """`true`: may be stopped. A resource with any other value is never changed."""
    ENVIRONMENT: Final = "Environment"
    EXPERIMENT: Final = "Experiment"
    OWNER: Final = "Owner"
    """The owner's e-mail address."""
    EXPIRES: Final = "Expires"
    """The last day in UTC, inclusive, such as 2026-12-18."""
    SPEND_LIMIT_USD: Final = "SpendLimitUsd"
    """The limit of its total cost, in USD."""
    NODES: Final = "Nodes"
    """The number of instances of the running cluster."""
    STOP_WHEN_IDLE: Final = "StopWhenIdle"
    """`true`: it is stopped when idle. `false`: idleness is only reported."""
    IDLE_MINUTES: Final = "IdleMinutes"
    """The time for which all its GPUs must have been idle, in minutes."""
    IDLE_GPU_PERCENT: Final = "IdleGpuPercent"
    """The utilization below which a GPU counts as idle, in percent."""
    UNUSED_DAYS: Final = "UnusedDays"
    """On endpoints: the number of days without a request after which it is unused."""
    DELETE_AFTER: Final = "DeleteAfter"
    """On volumes of stopped nodes: the time of their deletion, such as 2026-12-18T14:00:00Z."""


class Table:
    """The DynamoDB table of an environment that jobs and functions write to.

    The key is (`cluster`, `record`); `cluster` is the name of the auto scaling group, or the id of a standalone
    instance.
    """

    CLUSTER: Final = "cluster"
    RECORD: Final = "record"
    JOB_PREFIX: Final = "job#"
    """`job#<job id>`: one training job, written by `mlinfra.job`; `job#<job id>#<rank>` on its further nodes."""
    STATE: Final = "state"
    """The state of a cluster, written by functions: cost, sent warnings, time of the last stop."""
    EXTENSION: Final = "extension"
    """A later expiry, written by `mlinfra clusters extend`."""
    EXPIRE_AT: Final = "expire_at"
    """The attribute of DynamoDB's time to live, in epoch seconds."""

    # Attributes of a job's record.
    JOB_NAME: Final = "job_name"
    JOB_STATUS: Final = "status"
    """`running`, `completed` or `failed`."""
    HEARTBEAT_AT: Final = "heartbeat_at"
    """Epoch seconds by the clock of AWS, not of the node."""
    STARTED_AT: Final = "started_at"
    ENDED_AT: Final = "ended_at"
    REASON: Final = "reason"
    INSTANCE: Final = "instance_id"
    """The instance id of the job's node."""

    # Attributes of the state of a cluster.
    COST_USD: Final = "cost_usd"
    """The cost of its nodes until `cost_at`, in USD."""
    COST_AT: Final = "cost_at"
    """The time until which its cost is counted, in epoch seconds."""
    COST_UNKNOWN: Final = "cost_unknown"
    """Its instance types with an unknown price. If there are any, `cost_usd` is only a part of the cost."""
    STOPPED_AT: Final = "stopped_at"
    """The time at which it was last stopped, in epoch seconds."""
    STOPPED_WHY: Final = "stopped_why"

    # Attributes of an extension's record.
    UNTIL: Final = "until"
    """The new last day, such as 2026-12-18."""
    EXTENDED_AT: Final = "extended_at"
    """The time of the extension, such as 2026-11-26T14:00:00Z."""
    EXTENDED_BY: Final = "extended_by"
    """The ARN of the principal that extended it."""


class JobStatus:
    """The states of a training job."""

    RUNNING: Final = "running"
    COMPLETED: Final = "completed"
    FAILED: Final = "failed"


class Event:
    """Events on the account's default EventBridge bus."""

    JOB_SOURCE: Final = "mlinfra.job"
    JOB_STARTED: Final = "Training Job Started"
    JOB_ENDED: Final = "Training Job Ended"
    """Detail of both: `cluster`, `job_id` (the record's), `job_name`, `status`, `reason`."""

    NODE_SOURCE: Final = "mlinfra.node"
    NODE_UNHEALTHY: Final = "Training Node Unhealthy"
    """A node with an unexpected driver or CUDA version, or with missing GPUs, removes itself. Detail: `cluster`,
    `instance_id`, `reason`."""

    SHUTDOWN_SOURCE: Final = "mlinfra.shutdown"
    CLUSTER_STOPPED: Final = "Training Cluster Stopped"
    CLUSTER_LEFT: Final = "Training Cluster Left Running"
    CLUSTER_WARNED: Final = "Training Cluster Expires Soon"
    VOLUMES_DELETED: Final = "Training Volumes Deleted"
    DRY_RUN: Final = "Training Cluster Would Be Stopped"
    NODE_LEFT: Final = "Training Node Left"
    ENDPOINT_UNUSED: Final = "Serving Endpoint Unused"
    ENDPOINT_DELETED: Final = "Serving Endpoint Deleted"
    ENDPOINT_UNKNOWN: Final = "Serving Endpoint Cannot Be Watched"
    """Detail of all three: `cluster` is the endpoint's name, `kind` is `endpoint`."""

    SAGEMAKER_SOURCE: Final = "aws.sagemaker"
    MODEL_PACKAGE_CHANGED: Final = "SageMaker Model Package State Change"
    """Sent by SageMaker, possibly more than once. Detail: the version in the form of DescribeModelPackage."""


class Approval:
    """The approval of a model version: the `ModelApprovalStatus` of SageMaker."""

    PENDING: Final = "PendingManualApproval"
    APPROVED: Final = "Approved"
    REJECTED: Final = "Rejected"


class Message:
    """Messages on the environment's SNS topic."""

    OWNER: Final = "owner"
    """The message attribute with the e-mail address of the owner."""


class Metric:
    """The metrics of the CloudWatch agent on a node, reported once a minute."""

    NAMESPACE: Final = "CWAgent"
    GPU_UTILISATION: Final = "nvidia_smi_utilization_gpu"
    INSTANCE: Final = "InstanceId"
    GROUP: Final = "AutoScalingGroupName"


class Variable:
    """Environment variables of functions and nodes."""

    TABLE: Final = "MLINFRA_TABLE"
    """The table's name."""
    CLUSTER: Final = "MLINFRA_CLUSTER"
    """On nodes: the name of the node's auto scaling group."""
    TOPIC: Final = "MLINFRA_TOPIC"
    """The ARN of the SNS topic for notifications."""
    DRY_RUN: Final = "MLINFRA_DRY_RUN"
    """`false`: act. Any other value: only report. Not set: the janitor only reports, all others act."""
    GRACE_DAYS: Final = "MLINFRA_GRACE_DAYS"
    """The grace period of the volumes of stopped nodes, in days."""
    INSTANCE: Final = "MLINFRA_INSTANCE_ID"
    """On nodes and in containers: the node's instance id, if the metadata service is unreachable."""
    ENVIRONMENT: Final = "MLINFRA_ENVIRONMENT"
    """The environment's name, such as `dev`."""
    PREFIX: Final = "MLINFRA_PREFIX"
    """The name prefix of an environment's clusters and endpoints, such as `recsys-dev-`."""


HEARTBEAT_SECONDS: Final = 60
"""The interval of the heartbeats of a running job."""

HEARTBEAT_FRESH_SECONDS: Final = 15 * 60
"""The age up to which the last heartbeat of a running job keeps its cluster busy."""


def epoch_seconds(value: object) -> float | None:
    """`value` as epoch seconds. None: it is missing or not a finite number."""
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) else None


def is_heartbeat_fresh(heartbeat_at: object, now: float) -> bool:
    """True if a heartbeat at `heartbeat_at` keeps its cluster busy at `now`.

    A missing or invalid time counts as fresh, and so does one in the future: a clock is wrong, and the job may be
    running.

    Args:
        heartbeat_at: the time of the heartbeat, in epoch seconds.
        now: the current time, in epoch seconds.
    """
    seconds = epoch_seconds(heartbeat_at)
    return seconds is None or now - seconds <= HEARTBEAT_FRESH_SECONDS


@dataclass(frozen=True)
class JobKey:
    """The key of a job's record."""

    cluster: str
    job_id: str

    @property
    def item(self) -> dict[str, str]:
        """The key of the item in the form of boto3's resource."""
        return {Table.CLUSTER: self.cluster, Table.RECORD: f"{Table.JOB_PREFIX}{self.job_id}"}
