"""The function that idle alarms invoke: the second part of layer 3 of docs/adr/0005."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.cluster_function import ClusterFunction
from mlinfra.constructs.shutdown.permissions import for_clusters

if TYPE_CHECKING:
    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment


class IdleStopFunction(ClusterFunction):
    """A function that checks every node of a cluster whose idle alarm is in ALARM state.

    It stops the cluster if all nodes are known to be idle and the experiment allows it, and always notifies the owner.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function, and allow the alarms of the environment to invoke it. See `ClusterFunction`."""
        super().__init__(
            scope,
            id,
            handler="mlinfra.functions.idle.handler",
            name_suffix="idle",
            description="Checks the nodes of a cluster in idle alarm, and stops the cluster if all are idle.",
            statements=for_clusters,
            key_arn=key_arn,
            environment=environment,
        )
        environment = self._environment
        # One permission for all alarms: with one for each, about 50 clusters would fill the function's policy.
        self._function.allow_invoke(
            "AllowAlarms",
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_arn=(
                f"arn:aws:cloudwatch:{environment.region}:{environment.account_id}:alarm:{environment.names.prefix}-*"
            ),
        )
