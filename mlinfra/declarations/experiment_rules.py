"""Rules for experiments in their environment. Each problem is a sentence for the author."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.catalog import Choice, InstanceType, NoOffer, find_offers, image_family, instance_types
from mlinfra.declarations.base import duplicates
from mlinfra.declarations.purchase import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.declarations.experiment import Experiment

_ROLE_NAME_LIMIT = 64


def experiment_problems(experiments: Sequence[Experiment], environment: Mapping[str, object]) -> Iterator[str]:
    """Problems of `experiments`, as far as the fields of both are valid.

    Args:
        experiments: as declared.
        environment: the valid fields of the environment.
    """
    yield from duplicates("experiments", (each.name for each in experiments))
    for each in experiments:
        yield from _placement_problems(each, environment)


def _placement_problems(experiment: Experiment, environment: Mapping[str, object]) -> Iterator[str]:
    """Problems of an experiment in its environment, as far as the fields of both are valid."""
    where = f"experiments.{experiment.name}"
    limit = environment.get("max_nodes")
    choice = _choice(experiment, environment)
    if isinstance(choice, str):
        yield f"{where}.{choice}"
    elif choice is not None:
        yield from _choice_problems(where, experiment, choice.instance_type, environment)
    if isinstance(limit, int) and isinstance(experiment.nodes, int) and experiment.nodes > limit:
        yield f"{where}.nodes: {experiment.nodes} is more than max_nodes. Expected: 1 to {limit}."
    if {"project", "name"} <= environment.keys():
        role = f"{environment['project']}-{environment['name']}-{experiment.name}-node"
        if len(role) > _ROLE_NAME_LIMIT:
            yield (
                f"{where}.name: {experiment.name!r} is too long here: it gives the role name {role!r}, {len(role)} "
                f"characters. Expected: at most {_ROLE_NAME_LIMIT}, so shorten it by {len(role) - _ROLE_NAME_LIMIT}."
            )


def _choice(experiment: Experiment, environment: Mapping[str, object]) -> Choice | str | None:
    """The instance type of the experiment, or the problem; None: the problem is reported already."""
    sizes = environment.get("sizes")
    asks_for_size = experiment.gpu is None and experiment.instance_type is None
    if not isinstance(sizes, dict):
        return None
    if asks_for_size and experiment.asked_size not in sizes:
        offered = ", ".join(f"{size} ({name})" for size, name in sizes.items())
        return f"size: {experiment.asked_size!r} is not offered here. Expected: {offered}."
    try:
        return experiment.choose(sizes)
    except NoOffer:  # reported as a problem of the experiment
        return None


def _choice_problems(
    where: str, experiment: Experiment, chosen: InstanceType, environment: Mapping[str, object]
) -> Iterator[str]:
    """Requirements of an experiment that its instance type does not meet."""
    images = environment.get("images")
    if isinstance(images, dict) and chosen.accelerator not in images and image_family(chosen.accelerator) is None:
        yield (
            f"{where}: its nodes are {chosen.name}, and the catalog has no image for {chosen.accelerator}. Expected: "
            f"images={{{chosen.accelerator!r}: Image(...)}} in the environment, or another accelerator."
        )
    region = environment.get("region")
    if experiment.zone and isinstance(region, str) and experiment.zone[:-1] != region:
        yield f"{where}.zone: {experiment.zone!r} is not in {region}. Expected: a zone of it, such as {region}a."
    if experiment.efa and not chosen.efa_count:
        with_efa = [each.name for each in find_offers(gpu=chosen.accelerator, efa=True)]
        instead = f"one that has: {', '.join(with_efa)}" if with_efa else "another accelerator"
        yield f"{where}.efa: {chosen.name} has no Elastic Fabric Adapter. Expected: efa=False, or {instead}."
    if isinstance(experiment.purchase, Spot):
        yield from _alternative_problems(f"{where}.purchase.instance_types", experiment, chosen)


def _alternative_problems(where: str, experiment: Experiment, chosen: InstanceType) -> Iterator[str]:
    """Problems of alternative spot instance types: they share the image and the network interfaces."""
    for name in experiment.purchase.instance_types if isinstance(experiment.purchase, Spot) else ():
        other = instance_types().get(name)
        if other is None:  # reported as a problem of the experiment
            continue
        if other.architecture != chosen.architecture or image_family(other.accelerator) != image_family(
            chosen.accelerator
        ):
            yield f"{where}: {name} needs another image than {chosen.name}. Expected: types with the same image."
        if experiment.efa and (other.network_cards, other.efa_count) != (chosen.network_cards, chosen.efa_count):
            yield (
                f"{where}: {name} has other network cards than {chosen.name}. Expected: types with the same "
                f"network cards, or efa=False."
            )


def uses_efa(experiment: Experiment, chosen: InstanceType) -> bool:
    """True if the nodes of `experiment` communicate through Elastic Fabric Adapters.

    Args:
        experiment: as declared.
        chosen: the instance type of its nodes.
    """
    if experiment.efa is not None:
        return experiment.efa
    # Interfaces are the same for every node, so a cluster of several instance types has no adapters by default.
    one_type = not (isinstance(experiment.purchase, Spot) and experiment.purchase.instance_types)
    return experiment.nodes > 1 and chosen.efa_count > 0 and one_type
