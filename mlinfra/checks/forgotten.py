"""Check for forgotten resources that are still declared, which Terraform rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.checks.check import Check, Problem, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def forgotten_and_declared(config: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each forgotten resource that is still declared.

    Args:
        config: a stack as Terraform JSON.
    """
    for each in config.get("removed", []):
        kind, _, name = each["from"].partition(".")
        body = config.get("resource", {}).get(kind, {}).get(name)
        if body is not None:
            text = (
                f"{each['from']} is in the environment's record of forgotten resources and is still declared. Remove "
                f"the declaration to stop managing it, or remove it from the record to keep managing it."
            )
            yield Problem(text, path_of(body))


FORGOTTEN_AND_DECLARED = Check(
    id="MLC103",
    title="A forgotten resource is still declared, which Terraform rejects.",
    fix="Remove the declaration, or the record.",
    find=lambda stack: forgotten_and_declared(stack.config),
    can_be_acknowledged=False,
)
