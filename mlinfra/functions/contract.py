"""The names shared by clusters, training jobs, the shutdown functions and the command line.

Writers and readers of a tag, an item or an event take its name from here. docs/adr/0009 describes how they interact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

SPEND_BOUND: Final = 1.2
"""The multiple of its spend limit above which a cluster is stopped even if it is busy."""


class Tag:
    """Tags of auto scaling groups, instances, volumes and endpoints."""

    AUTO_STOP: Final = "AutoStop"
    """`true`: may be stopped. A resource with any other value is never changed."""
    ENVIRONMENT: Final = "Environment"
    """The environment whose functions handle it. Without this tag, those of every environment of the account do."""
    PROJECT: Final = "Project"
    EXPERIMENT: Final = "Experiment"
    OWNER: Final = "Owner"
    """The owner's e-mail address."""
    TEAM: Final = "Team"
    COST_CENTER: Final = "CostCenter"
    OF_SPEND: Final = ("Project", "Environment", "Team", "CostCenter", "Owner", "Experiment")
    """The tags by which the cost of clusters is recorded."""
    EXPIRES: Final = "Expires"
    """The last day in UTC, inclusive, such as 2026-12-18."""
    SPEND_LIMIT_USD: Final = "SpendLimitUsd"
    """The limit of its total cost, in USD."""
    KEEP_HOURS: Final = "KeepHours"
    """On a Lustre file system and its cluster: the time after the stop of the cluster at which the file system is
    deleted, in hours."""
    NODE_USD_PER_HOUR: Final = "NodeUsdPerHour"
    """The declared price of one node in a Capacity Block, in USD per hour."""
    NODES: Final = "Nodes"
    """The number of instances of the running cluster."""
    STOP_WHEN_IDLE: Final = "StopWhenIdle"
    """`true`: it is stopped when idle. `false`: idleness is only reported."""
    IDLE_MINUTES: Final = "IdleMinutes"
    """The time for which all its GPUs must have been idle, in minutes."""
    IDLE_GPU_PERCENT: Final = "IdleGpuPercent"
    """The utilization below which a GPU counts as idle, in percent."""
    VACANT_MINUTES: Final = "VacantMinutes"
    """The time for which all its nodes must have been vacant, in minutes. Missing: vacancy has no effect."""
    STALLED_MINUTES: Final = "StalledMinutes"
    """The time after which compute processes without progress no longer count as activity, in minutes."""
    SILENCE_MINUTES: Final = "SilenceMinutes"
    """The time without node reports, or without GPU metrics, after which the other source alone decides, in minutes."""
    EXPIRY_GRACE_HOURS: Final = "ExpiryGraceHours"
    """The time after the expiry at which the cluster is stopped even if it is busy, in hours."""
    PAUSE_MINUTES: Final = "PauseMinutes"
    """The time between the end of a job and the stop of its cluster, in minutes."""
    WAIT_FOR_NODES_MINUTES: Final = "WaitForNodesMinutes"
    """The longest time for which a cluster with fewer nodes than declared waits for the others, in minutes."""
    GANG: Final = "Gang"
    """`false`: idle nodes are terminated one by one while others work. Any other value: the nodes work together."""
    CAPACITY_BLOCK: Final = "CapacityBlock"
    """The id of the capacity reservation of a cluster in a Capacity Block."""
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
    NODE_PREFIX: Final = "node#"
    """`node#<instance id>`: the last report of one node, written by its node guard every minute; see `NodeReport`."""
    NOTICE_PREFIX: Final = "notice#"
    """`notice#<instance id>`: a node that EC2 will terminate. Attributes: `ends_at`, `reason`."""
    ENDS_AT: Final = "ends_at"
    """The time at which EC2 begins to terminate the node, in epoch seconds."""
    REPLACEMENTS_PREFIX: Final = "replacements#"
    """`replacements#<date>`, in UTC: the number of nodes replaced after a hardware fault, written by nodes."""
    REPLACEMENTS: Final = "replacements"
    RUN_PREFIX: Final = "run#"
    """`run#<id>...`: the records of a run; see `mlinfra.runner.contract`."""
    STATE: Final = "state"
    """The state of a cluster, written by functions: cost, sent warnings, time of the last stop."""
    EXTENSION: Final = "extension"
    """A later expiry, written by `mlinfra clusters extend`."""
    SPEND_PREFIX: Final = "spend#"
    """`spend#<month>`, such as `spend#2026-11`, in the place of a cluster's name: the cost of each cluster on each day
    of the month. The record is `<day>#<cluster>`; day and month are in UTC."""
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
    PROGRESS_AT: Final = "progress_at"
    """The last reported progress, in epoch seconds by the clock of AWS. Missing: the job reports no progress."""
    PROGRESS_STEP: Final = "progress_step"
    """The last reported step, as text."""
    PROGRESS_TIMEOUT: Final = "progress_timeout"
    """The time without progress after which the job counts as hung, in seconds."""
    KEEP_MINUTES: Final = "keep_minutes"
    """The time after the end of the job for which its cluster is kept, in minutes, in place of `pause_minutes` and
    `idle_minutes` of the environment. Missing: those apply."""
    RESPONDED_AT: Final = "responded_at"
    """The last time at which the main thread of the job is known to have executed Python code, in epoch seconds by the
    clock of AWS. Missing: unknown, as for a wrapped command."""

    # Attributes of the state of a cluster.
    COST_USD: Final = "cost_usd"
    """The cost of its nodes until `cost_at`, in USD."""
    COST_AT: Final = "cost_at"
    """The time until which its cost is counted, in epoch seconds."""
    COST_UNKNOWN: Final = "cost_unknown"
    """Its instance types with an unknown price. If there are any, `cost_usd` is only a part of the cost."""
    COST_ASSUMED: Final = "cost_assumed"
    """Its instance types whose price was taken from another type of their family."""
    STORAGE_USD: Final = "storage_usd"
    """The cost of its volumes and file systems until `storage_at`, in USD."""
    STORAGE_AT: Final = "storage_at"
    """The time until which its volumes and file systems are counted, in epoch seconds."""
    STOPPED_AT: Final = "stopped_at"
    """The time at which it was last stopped, in epoch seconds."""
    STOPPED_WHY: Final = "stopped_why"
    UNUSED_SINCE: Final = "unused_since"
    """The time since which its file system is unused, because the cluster is stopped, in epoch seconds."""

    # Attributes of the cost of a cluster on a day.
    SPEND_USD: Final = "usd"
    """The part of the cost with known prices, in USD."""
    SPEND_UNPRICED: Final = "unpriced"
    """Its instance types with an unknown price. Missing: there are none."""
    SPEND_CLUSTER: Final = "name"
    """The name of the cluster."""
    SPEND_TAGS: Final = "tags"
    """The values of `Tag.OF_SPEND` that the cluster had, by tag."""

    # Attributes of an extension's record.
    UNTIL: Final = "until"
    """The new last day, such as 2026-12-18."""
    EXTENDED_AT: Final = "extended_at"
    """The time of the extension, such as 2026-11-26T14:00:00Z."""
    EXTENDED_BY: Final = "extended_by"
    """The ARN of the principal that extended it."""


class NodeReport:
    """The attributes of a node's report, which its guard overwrites every minute."""

    REPORTED_AT: Final = "reported_at"
    """Epoch seconds by the node's clock."""
    ACTIVITY: Final = "activity"
    """`busy`, `idle` or `unknown`, in the last minute."""
    IDLE_SECONDS: Final = "idle_seconds"
    """The seconds since the last minute that was not `idle`; 0 while it is `busy` or `unknown`."""
    WHY: Final = "why"
    """The strongest sign of activity, or `nothing runs`."""
    ACCELERATOR_PERCENT: Final = "accelerator_percent"
    """The utilization of the busiest accelerator, in percent. Missing: it could not be read."""
    PROCESSES: Final = "processes"
    """The number of compute processes on the accelerators."""
    USERS: Final = "users"
    """The users of the compute processes, separated by commas."""
    CONTAINERS: Final = "containers"
    """The number of running containers."""
    KERNELS: Final = "kernels"
    """The number of notebook kernels."""
    SESSIONS: Final = "sessions"
    """The number of sessions of logged-in users."""
    DISK_BYTES: Final = "disk_bytes"
    """The bytes read and written on disks in the last minute."""
    NETWORK_BYTES: Final = "network_bytes"
    """The bytes received and sent in the last minute."""
    STALLED_SECONDS: Final = "stalled_seconds"
    """The seconds for which compute processes have shown no progress; 0: none is stalled."""
    HUNG_AT: Final = "hung_at"
    """The time since which its compute processes count as hung although accelerators are in use, in epoch seconds by
    the node's clock. Missing: they do not."""
    VACANT_SECONDS: Final = "vacant_seconds"
    """The seconds for which the node has been vacant: no process or timer that could start work; 0: it is not."""
    OCCUPANT: Final = "occupant"
    """A terminal, process or timer because of which the node is not vacant. Missing: there is none."""


class Activity:
    """The activity of a node in a minute, as its guard reports it."""

    BUSY: Final = "busy"
    IDLE: Final = "idle"
    UNKNOWN: Final = "unknown"
    """Its accelerators could not be read, and their device files are open."""


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
    """A node whose boot failed terminates itself. Detail: `cluster`, `instance_id`, `reason`, `fault` (`image` or
    `hardware`), `replaced` (`true`: its group launches a replacement; only after a hardware fault)."""

    NODE_IDLE: Final = "Training Node Idle"
    """A node need not run any more, as far as its guard knows. Detail: `cluster`, `instance_id`, `reason`."""

    SHUTDOWN_SOURCE: Final = "mlinfra.shutdown"
    CLUSTER_STOPPED: Final = "Training Cluster Stopped"
    CLUSTER_LEFT: Final = "Training Cluster Left Running"
    CLUSTER_WARNED: Final = "Training Cluster Expires Soon"
    """Sent before the expiry, and every hour of the grace period after it."""
    LAUNCH_FAILED: Final = "Training Cluster Launch Failed"
    """Nodes could not be launched for 15 minutes, or launching is suspended or resumed. Detail: `code`, `missing`."""
    LIMIT_REACHED: Final = "Training Cluster Near Spend Limit"
    """Sent at 80, 100 and 120 % of the spend limit."""
    VOLUMES_DELETED: Final = "Training Volumes Deleted"
    DRY_RUN: Final = "Training Cluster Would Be Stopped"
    NODE_LEFT: Final = "Training Node Left"
    NODE_RELEASED: Final = "Training Node Released"
    """An idle node of a cluster with `gang=False` was terminated while others work."""
    JOB_HUNG: Final = "Training Job Hung"
    """A running job has reported no progress for its `progress_timeout`. Sent once for each hang."""
    FILE_SYSTEM_UNUSED: Final = "Training File System Unused"
    """The cluster of a Lustre file system is stopped, and the file system will be deleted."""
    ENDPOINT_UNUSED: Final = "Serving Endpoint Unused"
    ENDPOINT_DELETED: Final = "Serving Endpoint Deleted"
    ENDPOINT_UNKNOWN: Final = "Serving Endpoint Cannot Be Watched"
    """Detail of all three: `cluster` is the endpoint's name, `kind` is `endpoint`."""

    SCHEDULE_SOURCE: Final = "aws.events"
    SCHEDULED: Final = "Scheduled Event"
    """Sent by a scheduled rule (EventBridge user guide, "Creating a scheduled rule", read 2026-11-29)."""

    NODES_INTERRUPTED: Final = "Training Nodes Interrupted"
    """EC2 announced to terminate nodes: a spot interruption, or the end of a Capacity Block. Detail: `instance_ids`."""

    EC2_SOURCE: Final = "aws.ec2"
    BLOCK_ENDS: Final = ("Capacity Block Expiration Warning", "Capacity Block Reservation Expiration Warning")
    """Sent 40 minutes before the end of a Capacity Block. AWS's documentation names it both ways: EC2 user guide,
    "Monitor Capacity Blocks using EventBridge", and EventBridge reference, "Amazon EC2 events", read 2026-11-29.
    Detail: `capacity-reservation-id`, `end-date`."""
    INTERRUPTIONS: Final = (
        *BLOCK_ENDS,
        "EC2 Spot Instance Interruption Warning",
        "EC2 Capacity Reservation Instance Interruption Warning",
    )
    """The last two are sent two minutes before EC2 takes an instance back. Detail: `instance-id`."""

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
    GPU_MEMORY_USED: Final = "nvidia_smi_memory_used"
    GPU_MEMORY_TOTAL: Final = "nvidia_smi_memory_total"
    GPU_TEMPERATURE: Final = "nvidia_smi_temperature_gpu"
    """In degrees Celsius."""
    EC2_NAMESPACE: Final = "AWS/EC2"
    CPU_UTILISATION: Final = "CPUUtilization"
    INSTANCE: Final = "InstanceId"
    GROUP: Final = "AutoScalingGroupName"

    NODE_NAMESPACE: Final = "mlinfra/Node"
    """The namespace of the metrics of the node guard, with both dimensions, reported once a minute."""
    ACTIVE: Final = "Active"
    """1: the node was busy or its activity is unknown. 0: it was idle."""
    PROCESSES: Final = "Processes"
    IDLE_SECONDS: Final = "IdleSeconds"

    CLUSTERS_NAMESPACE: Final = "mlinfra/Clusters"
    """The namespace of the metrics of the janitor, reported once an hour, with the dimension `Environment`."""
    ENVIRONMENT: Final = "Environment"
    """Its value is the project and the name of the environment, such as `recsys-dev`."""
    CLUSTER: Final = "Cluster"
    """The second dimension of `CostUsd`: the name of a cluster."""
    RUNNING_CLUSTERS: Final = "RunningClusters"
    IDLE_CLUSTERS: Final = "IdleClusters"
    EXPIRED_CLUSTERS: Final = "ExpiredClusters"
    """Running clusters whose last day is over."""
    USD_PER_HOUR: Final = "UsdPerHour"
    """The price of all running nodes, without those of unknown price, in USD per hour."""
    COST_USD: Final = "CostUsd"
    """The cost of a cluster so far, in USD."""


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
    JOB: Final = "MLINFRA_JOB"
    """On nodes: the id of the job, for a command that `python -m mlinfra.job` runs."""
    PAUSE_MINUTES: Final = "MLINFRA_PAUSE_MINUTES"
    """On nodes: the time after the end of a job for which its node stays protected from scale-in, in minutes."""
    STALLED_MINUTES: Final = "MLINFRA_STALLED_MINUTES"
    """On nodes: the time without progress after which a job that does not state another is hung, in minutes."""
    ENVIRONMENT: Final = "MLINFRA_ENVIRONMENT"
    """The environment's name, such as `dev`."""
    PREFIX: Final = "MLINFRA_PREFIX"
    """The name prefix of an environment's clusters and endpoints, such as `recsys-dev-`."""


NO_REASON: Final = "no reason given"
"""The reason of a report or a suspension that states none."""

SPEND_KEPT_DAYS: Final = 800
"""The retention of the daily cost of clusters, in days: two years and a quarter."""

HEARTBEAT_SECONDS: Final = 60
"""The interval of the heartbeats of a running job."""

HEARTBEAT_FRESH_SECONDS: Final = 15 * 60
"""The age up to which the last heartbeat of a running job keeps its cluster busy."""

NODE_REPORT_SECONDS: Final = 60
"""The interval of the reports of a node."""

NODE_REPORT_FRESH_SECONDS: Final = 12 * 60
"""The age up to which a node's report describes the node. One from further in the future is not fresh either.

Reports have the time of the node's clock, which may be some minutes wrong."""

PROGRESS_TIMEOUT_SECONDS: Final = 60 * 60
"""The time without progress after which a job counts as hung, if its record does not state another."""


def epoch_seconds(value: object) -> float | None:
    """`value` as epoch seconds. None: it is missing or not a finite number."""
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) else None


def removed_file_systems(project: str, environment: str) -> str:
    """The path of the SSM parameters of removed file systems, one for each experiment, by the experiment's name.

    Args:
        project: the project of the environment.
        environment: the environment's name.
    """
    return f"/mlinfra/{project}/{environment}/training/removed-file-systems"


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


@dataclass(frozen=True)
class NodeKey:
    """The key of a node's report."""

    cluster: str
    instance_id: str

    @property
    def item(self) -> dict[str, str]:
        """The key of the item in the form of boto3's resource."""
        return {Table.CLUSTER: self.cluster, Table.RECORD: f"{Table.NODE_PREFIX}{self.instance_id}"}
