"""The function that notifies owners and jobs before EC2 terminates nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import EventRule
from mlinfra.constructs.shutdown.cluster_function import ClusterFunction
from mlinfra.constructs.shutdown.permissions import for_interruptions
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment


class InterruptionFunction(ClusterFunction):
    """A function that reports spot interruptions, and the end of Capacity Blocks 40 minutes before.

    It notifies the owner of each cluster of the environment with nodes that are affected, and records a notice for the
    jobs on them. It stops nothing.
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
            handler="mlinfra.functions.interruption.handler",
            name_suffix="interruption",
            description="Notifies owners and jobs before EC2 terminates nodes of spot capacity or a Capacity Block.",
            statements=for_interruptions,
            key_arn=key_arn,
            environment=environment,
        )
        # The events name an instance or a reservation: the function finds the cluster.
        self._rule = EventRule(
            self,
            "rule",
            function=self._function,
            description=f"EC2 takes back nodes of {self._environment.names.prefix}.",
            event_pattern={"source": [Event.EC2_SOURCE], "detail-type": list(Event.INTERRUPTIONS)},
        )

    @property
    def rule(self) -> EventRule:
        """The rule that invokes it."""
        return self._rule
