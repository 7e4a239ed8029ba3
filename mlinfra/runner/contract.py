"""The names shared by the command line, which submits and shows runs, and the nodes, which execute them.

The records of a run are items of the environment's table (`mlinfra.functions.contract.Table`), with the name of the
cluster or queue as partition:

- `run#<id>`: the run;
- `run#<id>#plan#<attempt>`: the members of an attempt, written once by a conditional update;
- `run#<id>#node#<attempt>#<instance id>`: one node in an attempt, rewritten by the node every few seconds.

One query for `run#<id>` reads all of them. An item `<id>` in the partition `run_index(id)` leads from an id to the
cluster or queue, which is its attribute `partition`; it has the same `expire_at` as the run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mlinfra.functions.contract import Table

RUN_PREFIX: Final = Table.RUN_PREFIX
RUN_ID: Final = re.compile(r"20\d{6}-\d{6}-[0-9a-f]{4}")
"""The form of an id: date and time of the submission in UTC, and four random digits."""

POLL_SECONDS: Final = 5
"""The interval in which a node rewrites its record and reads those of the run."""
SEEN_FRESH_SECONDS: Final = 60
"""The age of `seen_at` above which a node counts as lost, in seconds."""
JOIN_SECONDS: Final = 15 * 60
"""The time in which all nodes must have joined an attempt, in seconds."""
STOP_SECONDS: Final = 120
"""The time between SIGTERM and SIGKILL when a run is stopped, in seconds."""
NOTICE_SECONDS: Final = 120
"""The time before EC2 terminates a node at which its command receives the signal of the notice, in seconds."""
KEPT_DAYS: Final = 400
"""The retention of the records of a run, in days. `run.json` and `result.json` in the data lake are kept."""


class RunStatus:
    """The states of a run."""

    WAITING: Final = "waiting"
    """Submitted; not all nodes have joined."""
    RUNNING: Final = "running"
    RETRYING: Final = "retrying"
    """An attempt was lost, and its nodes wait for the others of the next one."""
    SUCCEEDED: Final = "succeeded"
    FAILED: Final = "failed"
    CANCELLED: Final = "cancelled"
    LOST: Final = "lost"
    """Never written: a reader's conclusion about a run that has not ended, and that no living node reports."""

    ENDED: Final = (SUCCEEDED, FAILED, CANCELLED)
    ACTIVE: Final = (WAITING, RUNNING, RETRYING)


class Fault:
    """The kinds of faults that end an attempt. All but the first are retried."""

    CODE: Final = "code"
    """The command failed, or could not be prepared."""
    NODE: Final = "node"
    """A node was lost: it no longer reports."""
    INTERRUPTION: Final = "interruption"
    """EC2 took back spot capacity, or the Capacity Block ended."""
    HEALTH: Final = "health"
    """A node has faulty hardware."""


class RunAttribute:
    """The attributes of the records."""

    # Of the run, written by the command line.
    NAME: Final = "run_name"
    EXPERIMENT: Final = "experiment"
    STATUS: Final = "status"
    NODES: Final = "nodes"
    ARRAY_SIZE: Final = "array_size"
    """The number of jobs of an array in a queue."""
    COMMAND: Final = "command"
    """The command as a shell would read it, for listings."""
    SPECIFICATION: Final = "specification"
    """The object key of `run.json` in the models zone of the data lake."""
    BUCKET: Final = "bucket"
    """The bucket of the models zone."""
    RUNNER_KEY: Final = "runner_key"
    """The object key of the runner's archive (tar.gz)."""
    RUNNER_SHA256: Final = "runner_sha256"
    """Its SHA-256, in hexadecimal."""
    COMMIT: Final = "commit"
    SUBMITTED_BY: Final = "submitted_by"
    """The ARN of the principal."""
    SUBMITTED_AT: Final = "submitted_at"
    """Epoch seconds, as all times of these records, by the clock of AWS."""
    CANCELLED_BY: Final = "cancelled_by"
    """The ARN of the principal that cancelled it. Set before the nodes have stopped."""
    CANCELLED_AT: Final = "cancelled_at"
    BATCH_JOB: Final = "batch_job_id"
    """The id of the job of AWS Batch, if it runs in a queue."""
    RETRIES: Final = "retries"
    """The number of further attempts after a lost one. Missing: 0."""
    PARTITION: Final = "partition"
    """Of the item in the index: the name of the auto scaling group, or of the job queue."""

    # Of the run, written by its nodes.
    ATTEMPT: Final = "attempt"
    """The number of the attempt, from 1."""
    STARTED_AT: Final = "started_at"
    ENDED_AT: Final = "ended_at"
    EXIT_CODE: Final = "exit_code"
    """Of the first node that failed; 0: all succeeded."""
    REASON: Final = "reason"
    """Why it ended, in a sentence."""
    FAULT: Final = "fault"
    """`code`, `node`, `interruption` or `health`: the kind of fault that ended the last attempt."""
    REPLACED: Final = "replaced"
    """The number of attempts that ended with the replacement of an unhealthy node before the command ran; they do not
    count as retries."""
    FAILED_RANK: Final = "failed_rank"
    FAILED_INSTANCE: Final = "failed_instance"

    # Of a plan.
    MEMBERS: Final = "members"
    """A list of maps with `instance_id` and `address`; the position is the rank."""
    PLANNED_AT: Final = "planned_at"
    CHECKPOINT: Final = "checkpoint"
    """The object key of the list of files that every member restores. Missing: there is no checkpoint."""

    # Of a node in an attempt.
    JOINED_AT: Final = "joined_at"
    SEEN_AT: Final = "seen_at"
    ADDRESS: Final = "address"
    """Its private IPv4 address."""
    RANK: Final = "rank"
    STEP: Final = "step"
    """`joining`, `checking`, `preparing`, `running`, `uploading` or `ended`."""
    DETAIL: Final = "detail"
    """Details of the step for people, such as `downloading the image`."""
    READY_AT: Final = "ready_at"
    """The time at which the node was ready to start the command. It starts once all members are."""
    NODE_EXIT_CODE: Final = "exit_code"
    NODE_REASON: Final = "reason"
    NODE_FAULT: Final = "fault"
    """The kind of the node's own fault, as of the run. Missing: it has none, or was stopped for that of another."""
    NODE_ENDED_AT: Final = "ended_at"
    """The end of the command, or of its preparation, on the node. Missing: it has not ended."""
    SAVED: Final = "saved"
    """True once the node has saved what the next attempt needs: only then is the attempt settled."""
    STOPPED: Final = "stopped"
    """True if the command was stopped for a reason that was not its own, such as the failure of another node."""
    NOTICE_ENDS_AT: Final = "notice_ends_at"
    """The time at which EC2 begins to terminate the node. Missing: EC2 has not announced it."""
    NOTICE_REASON: Final = "notice_reason"
    GPU_PERCENT: Final = "gpu_percent"
    """The mean utilization of its GPUs while the command ran, in percent."""
    RUNNING_SECONDS: Final = "running_seconds"
    """The time for which the command has run on the node."""
    DRIVER: Final = "driver"
    CUDA: Final = "cuda"
    IMAGE_ID: Final = "image_id"
    """The Amazon Machine Image of the node."""
    INSTANCE_TYPE: Final = "instance_type"
    ZONE: Final = "zone"


class RunMarker:
    """Paths in the models zone, below `<experiment>/`."""

    CODE: Final = "code"
    """`code/<sha256>.tar.gz`: the archive of a working tree."""
    RUNNER: Final = "runner"
    """`runner/<sha256>.tar.gz`"""
    RUNS: Final = "runs"
    """`runs/<id>/run.json`: the specification; `result.json`: how it ended, written by rank 0 or the last living node;
    `changes.patch`: uncommitted changes; `outputs/`, `outputs/rank-<n>/` of further ranks; `checkpoints/`."""


@dataclass(frozen=True)
class Member:
    """A node of an attempt; its position among the members is its rank."""

    instance_id: str
    address: str


@dataclass(frozen=True)
class RunKey:
    """The keys of the records of a run, in the form of boto3's resource."""

    partition: str
    """The name of the cluster's auto scaling group, or of the job queue."""
    run_id: str

    @property
    def run(self) -> dict[str, str]:
        """The key of the run."""
        return self._key("")

    def plan(self, attempt: int) -> dict[str, str]:
        """The key of the members of an attempt."""
        return self._key(f"#plan#{attempt}")

    def node(self, attempt: int, instance_id: str) -> dict[str, str]:
        """The key of a node in an attempt."""
        return self._key(f"#node#{attempt}#{instance_id}")

    def _key(self, end: str) -> dict[str, str]:
        return {Table.CLUSTER: self.partition, Table.RECORD: f"{RUN_PREFIX}{self.run_id}{end}"}


def run_index(run_id: str) -> str:
    """The partition of the index that contains the id of a run, such as `runs#2026-11`."""
    return f"runs#{run_id[:4]}-{run_id[4:6]}"
