"""The names by which clusters, training jobs, the functions that stop clusters and the command line meet.

Whoever writes a tag, an item or an event and whoever reads it take its name from here.
docs/adr/0005 says how they work together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class Tag:
    """Tags of auto scaling groups, instances, volumes and endpoints."""

    AUTO_STOP: Final = "AutoStop"
    """`true`: may be stopped. Everything else is never touched."""
    ENVIRONMENT: Final = "Environment"
    EXPERIMENT: Final = "Experiment"
    OWNER: Final = "Owner"
    """The e-mail address of the person who answers for it."""
    EXPIRES: Final = "Expires"
    """The last day, as 2026-12-18; it ends with that day in UTC."""
    SPEND_LIMIT_USD: Final = "SpendLimitUsd"
    """The most it may cost from its start to its end, in USD."""
    NODES: Final = "Nodes"
    """How many instances the cluster has when it runs."""
    STOP_WHEN_IDLE: Final = "StopWhenIdle"
    """`true` or `false`: whether idleness stops it, or is only told."""
    IDLE_MINUTES: Final = "IdleMinutes"
    """How long all its GPUs must have been idle, in minutes."""
    IDLE_GPU_PERCENT: Final = "IdleGpuPercent"
    """The utilisation below which a GPU counts as idle, in percent."""
    UNUSED_DAYS: Final = "UnusedDays"
    """On endpoints: after how many days without a request one counts as unused."""
    DELETE_AFTER: Final = "DeleteAfter"
    """On volumes that a stopped node left: the moment of their deletion, as 2026-12-18T14:00:00Z."""


class Table:
    """The DynamoDB table of an environment that jobs and functions write to.

    The key is (`cluster`, `record`); `cluster` is the name of the auto scaling group, or the id of an
    instance that belongs to none.
    """

    CLUSTER: Final = "cluster"
    RECORD: Final = "record"
    JOB_PREFIX: Final = "job#"
    """`job#<job id>`: one training job, written by `mlinfra.job`; `job#<job id>#<rank>` on its further nodes."""
    STATE: Final = "state"
    """What the janitor remembers of a cluster: cost, warnings, when it was stopped."""
    EXTENSION: Final = "extension"
    """A later expiry, written by `mlinfra clusters extend`."""
    EXPIRE_AT: Final = "expire_at"
    """The attribute that DynamoDB's time to live looks at, in epoch seconds."""

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
    """The node that the record is of."""

    # Attributes of what the janitor remembers of a cluster.
    COST_USD: Final = "cost_usd"
    """What its nodes have cost until `cost_at`, in USD."""
    COST_AT: Final = "cost_at"
    """Until when its cost is counted, in epoch seconds."""
    COST_UNKNOWN: Final = "cost_unknown"
    """The instance types that it had and whose price is unknown: then `cost_usd` is only a part."""
    STOPPED_AT: Final = "stopped_at"
    """When a function last stopped it, in epoch seconds."""
    STOPPED_WHY: Final = "stopped_why"

    # Attributes of an extension's record.
    UNTIL: Final = "until"
    """The new last day, as 2026-12-18."""
    EXTENDED_AT: Final = "extended_at"
    """When somebody asked for it, as 2026-11-26T14:00:00Z."""
    EXTENDED_BY: Final = "extended_by"
    """Who did."""


class JobStatus:
    """The life of a training job."""

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
    """A node found another driver or CUDA version than its cluster expects, and leaves. Detail: `cluster`,
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
    """AWS's own, with the version as DescribeModelPackage has it in the detail. It may come more than once."""


class Approval:
    """Whether a version of a model may be deployed: the `ModelApprovalStatus` of SageMaker."""

    PENDING: Final = "PendingManualApproval"
    APPROVED: Final = "Approved"
    REJECTED: Final = "Rejected"


class Message:
    """Messages to people, on the environment's SNS topic."""

    OWNER: Final = "owner"
    """The attribute that says whose cluster or model a message is about."""


class Metric:
    """What the CloudWatch agent on a node reports, once a minute."""

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
    """The ARN of the SNS topic that people listen on."""
    DRY_RUN: Final = "MLINFRA_DRY_RUN"
    """`false`: act. Everything else: only say what would be done. Not set: the janitor only says so, others act."""
    GRACE_DAYS: Final = "MLINFRA_GRACE_DAYS"
    """How long the volumes of stopped nodes are kept, in days."""
    INSTANCE: Final = "MLINFRA_INSTANCE_ID"
    """On nodes and in containers: the node's instance id, where the metadata service cannot be asked."""
    ENVIRONMENT: Final = "MLINFRA_ENVIRONMENT"
    """The environment's name, such as `dev`."""
    PREFIX: Final = "MLINFRA_PREFIX"
    """What the names of an environment's clusters and endpoints begin with, such as `recsys-dev-`."""


HEARTBEAT_SECONDS: Final = 60
"""How often a running job says that it runs."""

HEARTBEAT_FRESH_SECONDS: Final = 15 * 60
"""How old the last heartbeat of a running job may be for its cluster to count as busy."""


@dataclass(frozen=True)
class JobKey:
    """Where the record of a job lies."""

    cluster: str
    job_id: str

    @property
    def item(self) -> dict[str, str]:
        """The key of the item in the table, as boto3's resource takes it."""
        return {Table.CLUSTER: self.cluster, Table.RECORD: f"{Table.JOB_PREFIX}{self.job_id}"}
