"""Automatic shutdown of training clusters, in layers."""

from __future__ import annotations

from mlinfra.constructs.shutdown.idle_alarms import IdleGuard
from mlinfra.constructs.shutdown.idle_stop import IdleStop
from mlinfra.constructs.shutdown.janitor import Janitor
from mlinfra.constructs.shutdown.job_watch import JobWatch
from mlinfra.constructs.shutdown.node_watch import NodeWatch
from mlinfra.constructs.shutdown.quiet_schedule import QuietSchedule
from mlinfra.constructs.shutdown.records import ClusterRecords
from mlinfra.constructs.shutdown.shutdown import Shutdown

__all__ = ["ClusterRecords", "IdleGuard", "IdleStop", "Janitor", "JobWatch", "NodeWatch", "QuietSchedule", "Shutdown"]
