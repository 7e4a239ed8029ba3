"""Names shared by the command line, which submits jobs to AWS Batch, and the runner in their containers."""

from __future__ import annotations

from typing import Final

LOST_NODE_STATUS: Final = 75
"""The exit code after which AWS Batch repeats the job: a node other than node 0 was lost, which Batch does not notice.
`EX_TEMPFAIL` of sysexits.h."""


class BatchVariable:
    """The environment variables of the job of a run. `mlinfra.runner.bootstrap` reads some of them, too."""

    RUN: Final = "MLINFRA_RUN"
    SPECIFICATION: Final = "MLINFRA_SPECIFICATION"
    """The object key of `run.json`."""
    BUCKET: Final = "MLINFRA_BUCKET"
    REGION: Final = "MLINFRA_REGION"
    TABLE: Final = "MLINFRA_RUN_TABLE"
    """The table of records. Not the variable of training jobs, whose records are those of clusters."""
    PARTITION: Final = "MLINFRA_PARTITION"
    RUNNER_KEY: Final = "MLINFRA_RUNNER_KEY"
    RUNNER_SHA256: Final = "MLINFRA_RUNNER_SHA256"
    OWN_PYTHONPATH: Final = "MLINFRA_OWN_PYTHONPATH"
    """The `PYTHONPATH` of the image, which the command gets back."""

    JOB_ID: Final = "AWS_BATCH_JOB_ID"
    ATTEMPT: Final = "AWS_BATCH_JOB_ATTEMPT"
    ARRAY_INDEX: Final = "AWS_BATCH_JOB_ARRAY_INDEX"
    NODE_INDEX: Final = "AWS_BATCH_JOB_NODE_INDEX"
    NUM_NODES: Final = "AWS_BATCH_JOB_NUM_NODES"
    MAIN_NODE_INDEX: Final = "AWS_BATCH_JOB_MAIN_NODE_INDEX"
    MAIN_NODE_ADDRESS: Final = "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"
    """Not set on the main node. Sources of all: Batch user guide, "Job environment variables" and "Environment
    variables" of multi-node parallel jobs, read 2026-11-29."""
