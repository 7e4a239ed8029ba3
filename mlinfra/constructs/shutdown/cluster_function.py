"""The constructor shared by the functions that handle an alarm or an event of one cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra.constructs.parts import EventRule, Function, environment_of
from mlinfra.constructs.shutdown.variables import shutdown_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Environment


class ClusterFunction(Construct):
    """A function that handles an alarm or an event of one cluster; the base of the constructs for each handler."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        handler: str,
        name_suffix: str,
        description: str,
        statements: Callable[..., list[Statement]],
        key_arn: str,
        timeout_seconds: int = 120,
        memory_mib: int = 256,
        event_age_seconds: int = 21_600,
        environment: Environment | None = None,
    ) -> None:
        """Declare the function.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            handler: the handler, such as `mlinfra.functions.idle.handler`.
            name_suffix: the function's name after the environment's prefix, such as `idle`.
            description: the purpose, in a sentence.
            statements: one of the functions in `permissions`, which returns the role's policy statements.
            key_arn: the KMS key of the table of records, and of the function's log and variables.
            timeout_seconds: the timeout of a run in seconds, 1 to 900. Default: 120, for one cluster.
            memory_mib: its memory in MiB, 128 to 10240. Default: 256.
            event_age_seconds: the maximum age of an event at its run in seconds, 60 to 21600. Default: 21600.
            environment: the environment of the clusters. Default: the environment of the enclosing MlStack.
        """
        self._environment = environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._function = Function(
            self,
            "function",
            name=f"{environment.names.prefix}-{name_suffix}",
            handler=handler,
            description=description,
            statements=statements(environment, key_arn=key_arn),
            variables=shutdown_variables(environment),
            timeout_seconds=timeout_seconds,
            memory_mib=memory_mib,
            event_age_seconds=event_age_seconds,
            reserved_concurrency=environment.reserved_concurrency,
            key_arn=key_arn,
            environment=environment,
        )

    @property
    def function(self) -> Function:
        """The function."""
        return self._function

    def _invoke_on(
        self,
        source: str,
        detail_type: str,
        *,
        description: str,
        id: str = "rule",  # noqa: A002
        name_suffix: str = "",
    ) -> EventRule:
        """Invoke the function on events about clusters of the environment."""
        return EventRule(
            self,
            id,
            name_suffix=name_suffix,
            function=self._function,
            description=description,
            event_pattern={
                "source": [source],
                "detail-type": [detail_type],
                # Other environments of the account have functions of their own.
                "detail": {"cluster": [{"prefix": f"{self._environment.names.prefix}-"}]},
            },
        )
