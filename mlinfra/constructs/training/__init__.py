"""Training clusters and queues: auto scaling groups and AWS Batch on one instance catalog."""

from __future__ import annotations

from mlinfra.constructs.training.cluster import TrainingCluster
from mlinfra.constructs.training.queue import TrainingQueue
from mlinfra.constructs.training.run_document import RunDocument

__all__ = ["RunDocument", "TrainingCluster", "TrainingQueue"]
