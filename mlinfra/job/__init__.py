"""Client of training code: reports that a job runs and how it ended, so that no shutdown layer stops it early.

    from mlinfra.job import training_job

    with training_job("two-tower-v2"):
        train()

Imports the standard library alone; boto3 when a block begins on a cluster. docs/training-jobs.md says how to use it.
"""

from __future__ import annotations

from mlinfra.job.notices import TerminationNotice, termination_notice
from mlinfra.job.training import TrainingJob, training_job

__all__ = ["TerminationNotice", "TrainingJob", "termination_notice", "training_job"]
