"""The function that alarms of idle clusters call: a half of the third layer of docs/adr/0005."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra.constructs.parts import Function, environment_of
from mlinfra.constructs.shutdown.permissions import for_clusters
from mlinfra.constructs.shutdown.variables import shutdown_variables

if TYPE_CHECKING:
    from mlinfra.declarations import Environment


class IdleStop(Construct):
    """A function that looks at every node of a cluster whose alarm says that it is idle.

    It stops the cluster if all of them are known to be idle and the experiment allows it, and tells its
    owner in any case.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function, and let the alarms of the environment call it.

        Args:
            scope: what the function belongs to.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key of the table of records, and for its own log and variables.
            environment: whose clusters it may stop. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=f"{environment.names.prefix}-idle",
            handler="mlinfra.functions.idle.handler",
            description="Looks at a cluster that its alarm calls idle, and stops it if it is.",
            statements=for_clusters(environment, key_arn=key_arn),
            variables=shutdown_variables(environment),
            reserved_concurrency=environment.reserved_concurrency,
            key_arn=key_arn,
            environment=environment,
        )
        # One permission for all: a permission for each alarm would fill the function's policy with some 50 clusters.
        self._function.allow_invoke(
            "AllowAlarms",
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_arn=(
                f"arn:aws:cloudwatch:{environment.region}:{environment.account_id}:alarm:{environment.names.prefix}-*"
            ),
        )

    @property
    def function(self) -> Function:
        """The function that does it."""
        return self._function
