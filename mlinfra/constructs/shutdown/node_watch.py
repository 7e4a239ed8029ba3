"""Tells the owner of a cluster of nodes that were not as expected, and left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra.constructs.parts import EventRule, Function, environment_of
from mlinfra.constructs.shutdown.permissions import for_telling
from mlinfra.constructs.shutdown.variables import shutdown_variables
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra.declarations import Environment


class NodeWatch(Construct):
    """A function that hears of every node whose driver, CUDA version or GPUs are not as its cluster expects.

    Such a node leaves its cluster by itself. The function stops nothing: it tells.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function and what starts it.

        Args:
            scope: what the watch belongs to.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key of the table of records, and for its own log and variables.
            environment: whose nodes it hears of. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=f"{environment.names.prefix}-node-unhealthy",
            handler="mlinfra.functions.node_unhealthy.handler",
            description="Tells of nodes that were not as their cluster expects, and left it.",
            statements=for_telling(environment, key_arn=key_arn),
            variables=shutdown_variables(environment),
            reserved_concurrency=environment.reserved_concurrency,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = EventRule(
            self,
            "rule",
            function=self._function,
            description=f"Nodes of {environment.names.prefix} that are not as expected.",
            event_pattern={
                "source": [Event.NODE_SOURCE],
                "detail-type": [Event.NODE_UNHEALTHY],
                # Other environments of the account have watches of their own.
                "detail": {"cluster": [{"prefix": f"{environment.names.prefix}-"}]},
            },
        )

    @property
    def function(self) -> Function:
        """The function that does it."""
        return self._function

    @property
    def rule(self) -> EventRule:
        """What starts it."""
        return self._rule
