"""Environment of a construct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import TerraformStack
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment


def environment_of(scope: Construct, given: Environment | None) -> Environment:
    """The environment given, or else that of the enclosing `MlStack`.

    Args:
        scope: what the construct is made in.
        given: the environment that the caller named, which a stack of another kind needs.

    Raises:
        ValueError: if neither says which environment it is.
    """
    if given is not None:
        return given
    stack = TerraformStack.of(scope)
    if isinstance(stack, MlStack):
        return stack.environment
    message = (
        f"{stack.node.id!r} is not an MlStack, so the environment is unknown. Pass "
        f"environment=..., or make the stack an MlStack."
    )
    raise ValueError(message)
