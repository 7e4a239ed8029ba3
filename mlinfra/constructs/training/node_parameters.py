"""SSM parameters of a cluster that its nodes read and write: the address of the master, and the node guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import TerraformResourceLifecycle
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.constructs.training.guard_program import guard_parameters
from mlinfra.constructs.training.node_role import parameter_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment, Experiment

_NOT_PUBLISHED = "none"
"""The value of the master's parameter before the first node has published its address."""


def guard_parameter_names(environment: Environment, experiment: Experiment) -> list[str]:
    """The names of the parameters with the node guard, in the order of its parts."""
    return [parameter_name(environment, experiment, part) for part in _guard_parts()]


def node_parameters(
    scope: Construct, *, environment: Environment, experiment: Experiment, tags: Mapping[str, str]
) -> Iterator[ssm_parameter.SsmParameter]:
    """Declare the parameters.

    Args:
        scope: the cluster.
        environment: its environment.
        experiment: its experiment.
        tags: the tags of the parameters.
    """
    cluster = environment.names.cluster(experiment)
    # Terraform creates and deletes it; nodes write it.
    yield ssm_parameter.SsmParameter(
        scope,
        "master",
        name=parameter_name(environment, experiment, "master"),
        description=f"Instance id and address of torchrun's master. Written by the nodes of {cluster}.",
        type="String",
        value=_NOT_PUBLISHED,
        tags=dict(tags),
        lifecycle=TerraformResourceLifecycle(ignore_changes=["value"]),
    )
    # User data has no room for the guard.
    for part, value in _guard_parts().items():
        yield ssm_parameter.SsmParameter(
            scope,
            part,
            name=parameter_name(environment, experiment, part),
            description=f"A part of the node guard of {cluster}, which its nodes read at boot.",
            type="String",
            value=value,
            tags=dict(tags),
        )


def _guard_parts() -> dict[str, str]:
    """The parts of the node guard, by the last part of the name of their parameter."""
    return {f"guard-{number}": value for number, value in enumerate(guard_parameters(), start=1)}
