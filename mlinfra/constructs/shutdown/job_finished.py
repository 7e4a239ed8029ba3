"""The function that stops a cluster at the end of its job: layer 2 of docs/adr/0009."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.cluster_function import ClusterFunction
from mlinfra.constructs.shutdown.permissions import for_clusters
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra._cdk import Construct
    from mlinfra.constructs.parts import EventRule
    from mlinfra.declarations import Environment


class JobFinishedFunction(ClusterFunction):
    """A function that sets a cluster to zero when its last training job ends, if its `pause_minutes` is 0.

    `mlinfra.job` sends the event. After a pause, the check of all clusters stops the cluster.
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
            handler="mlinfra.functions.job_finished.handler",
            name_suffix="job-finished",
            description="Stops the cluster of a training job that ended, unless another job needs it.",
            statements=for_clusters,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = self._invoke_on(
            Event.JOB_SOURCE,
            Event.JOB_ENDED,
            description=f"Training jobs of {self._environment.names.prefix} that ended.",
        )

    @property
    def rule(self) -> EventRule:
        """The rule that invokes it."""
        return self._rule
