"""A run on one node: the parts that each step of it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.runner.paths import RunPaths

if TYPE_CHECKING:
    from mlinfra.runner.clients import Clients
    from mlinfra.runner.nodes import ThisNode
    from mlinfra.runner.pulse import Pulse
    from mlinfra.runner.records import RunRecords
    from mlinfra.runner.specification import RunSpecification


@dataclass(frozen=True)
class RunOnNode:
    """A run, and this node with its clients and reports."""

    spec: RunSpecification
    node: ThisNode
    clients: Clients
    records: RunRecords
    """The records of the run."""
    pulse: Pulse
    """The reports of this node."""

    @property
    def paths(self) -> RunPaths:
        """The folders of the run on this node."""
        return RunPaths(self.node.root, self.spec)
