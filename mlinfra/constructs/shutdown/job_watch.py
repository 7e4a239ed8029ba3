"""Stops a cluster when its job has ended: the second layer of docs/adr/0005."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra.constructs.parts import EventRule, Function, environment_of
from mlinfra.constructs.shutdown.permissions import for_clusters
from mlinfra.constructs.shutdown.variables import shutdown_variables
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra.declarations import Environment


class JobWatch(Construct):
    """A function that hears of every training job of the environment that ends.

    It sets the job's cluster to zero, unless another job needs it. Jobs tell by `mlinfra.job`.
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
            environment: whose jobs it hears of. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=f"{environment.names.prefix}-job-finished",
            handler="mlinfra.functions.job_finished.handler",
            description="Stops the cluster of a training job that ended, unless another job needs it.",
            statements=for_clusters(environment, key_arn=key_arn),
            variables=shutdown_variables(environment),
            reserved_concurrency=environment.reserved_concurrency,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = EventRule(
            self,
            "rule",
            function=self._function,
            description=f"Training jobs of {environment.names.prefix} that ended.",
            event_pattern={
                "source": [Event.JOB_SOURCE],
                "detail-type": [Event.JOB_ENDED],
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
