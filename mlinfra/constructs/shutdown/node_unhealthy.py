"""The function that notifies owners about unhealthy nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.cluster_function import ClusterFunction
from mlinfra.constructs.shutdown.permissions import for_notifications
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra._cdk import Construct
    from mlinfra.constructs.parts import EventRule
    from mlinfra.declarations import Environment


class NodeUnhealthyFunction(ClusterFunction):
    """A function that notifies the owner about a node with an unexpected driver or CUDA version or missing GPUs.

    Such a node removes itself from its cluster. The function stops nothing.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function and its rule. For the arguments see `ClusterFunction`."""
        super().__init__(
            scope,
            id,
            handler="mlinfra.functions.node_unhealthy.handler",
            name_suffix="node-unhealthy",
            description="Notifies the owner of a cluster about unhealthy nodes that were removed from it.",
            statements=for_notifications,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = self._invoke_on(
            Event.NODE_SOURCE,
            Event.NODE_UNHEALTHY,
            description=f"Unhealthy nodes of {self._environment.names.prefix}.",
        )

    @property
    def rule(self) -> EventRule:
        """The rule that invokes it."""
        return self._rule
