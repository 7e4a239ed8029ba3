"""The stacks of an environment that can be destroyed, and those that stay, with the reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import stack_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import SynthesizedStack

STATE: Final = "state"
"""The component with the Terraform state of all others."""
_SHOWN: Final = 3


@dataclass(frozen=True)
class KeptStack:
    """A stack that is not destroyed."""

    stack: str
    reason: str


@dataclass(frozen=True)
class Selection:
    """The stacks of an environment by what happens to them."""

    chosen: tuple[SynthesizedStack, ...]
    """The stacks to destroy, each before the stacks that it depends on."""
    kept: tuple[KeptStack, ...]


def select(
    environment: Environment,
    stacks: Sequence[SynthesizedStack],
    resources: Mapping[str, Iterable[str]],
    patterns: Sequence[str],
) -> Selection:
    """Choose the stacks to destroy.

    Args:
        environment: the environment.
        stacks: its stacks, each after its dependencies.
        resources: the addresses in the state of each deployed stack, by stack.
        patterns: the stacks to destroy, such as `dev-training`. Default: all that can be.

    Raises:
        OperationError: if a chosen stack is protected, or a stack that stays depends on it.
    """
    deployed = [each for each in stacks if resources.get(each.name)]
    reasons = _protected(environment, deployed, resources)
    for each in reversed(deployed):
        dependents = [other.name for other in deployed if each.name in other.dependencies and other.name in reasons]
        if dependents and each.name not in reasons:
            reasons[each.name] = f"{', '.join(dependents)} depends on it"
    if not patterns:
        chosen = [each for each in reversed(deployed) if each.name not in reasons]
        return Selection(tuple(chosen), tuple(KeptStack(name, reason) for name, reason in reasons.items()))
    chosen = [each for each in reversed(deployed) if stack_matches(each.name, patterns)]
    names = {each.name for each in chosen}
    problems = [f"{each.name} stays: {reasons[each.name]}." for each in chosen if each.name in reasons]
    for each in chosen:
        dependents = [one.name for one in deployed if each.name in one.dependencies and one.name not in names]
        if dependents and each.name not in reasons:
            problems.append(f"{', '.join(dependents)} depends on {each.name}: destroy both together.")
    if problems:
        message = f"Nothing was destroyed. {' '.join(problems)}"
        raise OperationError(message)
    return Selection(tuple(chosen), ())


def _protected(
    environment: Environment, stacks: Sequence[SynthesizedStack], resources: Mapping[str, Iterable[str]]
) -> dict[str, str]:
    """The reasons of the stacks that are not destroyed because of their own contents."""
    reasons: dict[str, str] = {}
    for each in stacks:
        if each.name == environment.names.stack_id(STATE):
            reasons[each.name] = "it holds the Terraform state of the environment (docs/state.md)"
            continue
        protected = sorted(set(resources[each.name]) & _protected_addresses(each))
        if protected:
            more = f" and {len(protected) - _SHOWN} more" if len(protected) > _SHOWN else ""
            reasons[each.name] = (
                f"Terraform refuses to destroy {', '.join(protected[:_SHOWN])}{more} (prevent_destroy). To destroy "
                f"them, remove the protection first (protect_data of {environment.name}), and apply: "
                f"{own_command()} up {environment.name}"
            )
    return reasons


def _protected_addresses(stack: SynthesizedStack) -> set[str]:
    """The addresses with `prevent_destroy` in a synthesized stack."""
    document = json.loads((stack.directory / "cdk.tf.json").read_text(encoding="utf-8"))
    return {
        f"{kind}.{name}"
        for kind, resources in document.get("resource", {}).items()
        for name, settings in resources.items()
        if (settings.get("lifecycle") or {}).get("prevent_destroy")
    }
