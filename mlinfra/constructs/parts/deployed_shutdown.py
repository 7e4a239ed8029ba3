"""The shutdown that a training cluster depends on: declared in its stack or app, or looked up from AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from mlinfra._cdk import IValidation, TerraformStack, implements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment

SHUTDOWN_COMPONENT, SHUTDOWN_PARAMETER = "shutdown", "records-table"
"""The component and the name of the SSM parameter that `Shutdown` publishes, for `ResourceNames.parameter`."""

_declared: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()
"""The prefixes of the environments whose shutdown is declared, by stack and by app."""


class DeployedShutdown(Protocol):
    """An environment's shutdown that is deployed by another stack. A `Platform` is one."""

    @property
    def shutdown_table(self) -> str:
        """The table of records, from the SSM parameter that `Shutdown` publishes. Without it, the plan fails."""
        ...


def declare_shutdown(construct: Construct, environment: Environment) -> None:
    """Record that `construct` is the shutdown of `environment`, for the clusters of its stack and app."""
    for scope in (TerraformStack.of(construct), construct.node.root):
        _declared.setdefault(scope, set()).add(environment.names.prefix)


def require_shutdown(
    cluster: Construct, *, name: str, environment: Environment, network: object, shutdown: DeployedShutdown | None
) -> None:
    """Fail the synth of a cluster that no shutdown would ever stop.

    A shutdown is known if the cluster's stack or app declares one for the environment, or if `shutdown` or `network`
    looks it up. A look-up is a data source: where the environment has no shutdown, the plan fails.

    Args:
        cluster: the construct of the cluster.
        name: the name of the cluster, for the message.
        environment: the environment of the cluster.
        network: the network of the cluster, which may be a `Platform`.
        shutdown: the shutdown of the environment. Default: none.
    """
    # The class is asked: reading the attribute of a Platform would create its data source.
    looked_up = shutdown or (network if hasattr(type(network), "shutdown_table") else None)
    if _has(TerraformStack.of(cluster), environment):
        looked_up = None
    table = getattr(looked_up, "shutdown_table", None)
    cluster.node.add_validation(_HasShutdown(cluster, name, environment, is_looked_up=table is not None))


def _has(scope: object, environment: Environment) -> bool:
    return environment.names.prefix in _declared.get(scope, ())


@implements(IValidation)
class _HasShutdown:
    """Validates at synth, when all constructs of the app are declared."""

    def __init__(self, cluster: Construct, name: str, environment: Environment, *, is_looked_up: bool) -> None:
        self._cluster = cluster
        self._name = name
        self._environment = environment
        self._is_looked_up = is_looked_up

    def validate(self) -> list[str]:
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        in_stack = _has(TerraformStack.of(self._cluster), self._environment)
        if self._is_looked_up and in_stack:
            # The look-up would wait for a parameter that the same stack creates.
            yield (
                f"the Shutdown of {self._environment.name!r} is declared after the cluster {self._name!r}. Declare it "
                f"before the cluster."
            )
        elif not (self._is_looked_up or in_stack or _has(self._cluster.node.root, self._environment)):
            yield (
                f"the cluster {self._name!r} would never be stopped: neither its stack nor its app has the Shutdown of "
                f"{self._environment.name!r}. Expected: Shutdown(self, 'shutdown', key_arn=...) in the same stack, "
                f"before the cluster; or, if another project has deployed it, shutdown=Platform.lookup(self)."
            )
