"""Training queues as a team declares them: nodes, teams and their shares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from mlinfra.catalog import NoOffer, by_name, cheapest
from mlinfra.declarations.base import Declaration, Problems, duplicates
from mlinfra.declarations.types import EmailAddress, Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.catalog import InstanceType
    from mlinfra.declarations.experiment import Experiment

NVIDIA_GPUS = frozenset(
    {"t4", "t4g", "v100", "a10g", "l4", "l40s", "a100", "h100", "h200", "b200", "b300"}
    | {"rtx-pro-4500", "rtx-pro-server-6000"}
)
"""The accelerators of the catalog that AWS Batch counts as GPUs."""

GPUS_WITHOUT_BATCH_IMAGE = frozenset({"v100"})
"""GPUs that no current machine image of AWS Batch supports.

Source: Batch API reference, Ec2Configuration, read 2026-11-24: ECS_AL2023_NVIDIA does not support P3,
and environments with Batch's own images of Amazon Linux 2 can no longer be created.
"""

_DAY = 86_400
_ROLE_NAME_LIMIT = 64
_ROLE_SUFFIX = "-node"
_NODE_FIELDS = {"gpu", "gpus_per_node", "instance_types", "efa"}
_TEAM = re.compile(r"[A-Za-z0-9]{1,255}")
_LEAST_SHARE, _LARGEST_SHARE = 0.01, 100
_MOST_TEAMS = 500


class Queue(Declaration):
    """A queue of training jobs that several teams share, on nodes that exist only while there are jobs.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=32,
        description="2 to 32 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(description="The e-mail address of the person responsible for the queue.")
    max_nodes: int = Field(
        ge=1,
        le=1000,
        description="The maximum number of nodes of each compute environment (spot, on-demand, multi-node), 1 to 1000. "
        "AWS Batch may exceed it by one node.",
    )
    teams: dict[str, float] = Field(
        min_length=1,
        max_length=_MOST_TEAMS,
        description="The shares of the queue, 0.01 to 100, by name (letters and digits), such as one for each team: 1 "
        "to 500 of them. While both have jobs, a share of 2 gets twice as much as a share of 1. The name is the share "
        "identifier of AWS Batch; jobs with another one have a share of 1.",
    )
    gpu: str | None = Field(
        default=None,
        description="The GPU model of a node, such as A10G: the cheapest instance type that has it is used. Default: "
        "None; instance_types is required then.",
    )
    gpus_per_node: int | None = Field(
        default=None, ge=1, description="The exact number of GPUs of a node, with gpu. Default: 1 with gpu."
    )
    instance_types: tuple[str, ...] = Field(
        default=(),
        description="Instance types by name, all with the same GPU, instead of gpu. The more there are, the fewer "
        "interruptions on spot. Multi-node jobs use the first. Default: none.",
    )
    efa: bool = Field(
        default=False,
        description="True if multi-node jobs communicate through Elastic Fabric Adapters. Default: False, since AWS "
        "Batch then gives their containers the VPC's default security group, which has no rules in the platform's "
        "network: docs/training-queue.md says what to open.",
    )
    spot_falls_back_to_on_demand: bool = Field(
        default=False,
        description="True if jobs of the spot queue run on demand while there is no spot capacity. Default: False, "
        "they wait, since on-demand prices are higher.",
    )
    image_id: str | None = Field(
        default=None,
        pattern=r"^ami-[0-9a-f]{8,17}$",
        description="A machine image such as ami-0123456789abcdef0, with the ECS agent and a driver for the GPU. "
        "Default: None, the image for GPUs that AWS Batch recommends when a compute environment is created (Amazon "
        "Linux 2023). It does not support V100.",
    )
    root_volume_gib: int = Field(
        default=200,
        ge=50,
        le=16_384,
        description="The root volume of each node, 50 to 16384 GiB. Default: 200, since images with CUDA and a "
        "framework have 10 to 20 GiB each.",
    )
    share_decay_seconds: int = Field(
        default=_DAY,
        ge=600,
        le=604_800,
        description="How long past usage of a team counts against its share, 600 (10 minutes) to 604800 (a week) "
        "seconds. Default: 86400, a day: with the 10 minutes that AWS Batch defaults to, a night of heavy usage would "
        "not count in the morning.",
    )
    compute_reservation_percent: int = Field(
        default=0,
        ge=0,
        le=99,
        description="Capacity reserved for teams without jobs, 0 to 99 percent, to the power of the number of teams "
        "with jobs. Default: 0, a single active team may use everything.",
    )
    capacity_wait_seconds: int = Field(
        default=_DAY,
        ge=600,
        le=86_400,
        description="How long the job at the head of a queue waits for EC2 capacity before it is cancelled, 600 (10 "
        "minutes) to 86400 (a day) seconds. Default: 86400, the maximum of AWS Batch, since GPUs can take hours.",
    )
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = Field(
        default=90,
        description="How long the output of jobs is kept, in days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, "
        "90, 120, 150, 180, 365, 400, 545 or 731. Default: 90.",
    )

    @field_validator("teams")
    @classmethod
    def _teams_are_share_identifiers(cls, teams: dict[str, float]) -> dict[str, float]:
        problems = [
            f"teams: {team!r} is not a valid share identifier of AWS Batch. Expected: 1 to 255 letters and digits."
            for team in teams
            if not _TEAM.fullmatch(team)
        ]
        problems += [
            f"teams.{team}: {share:g} is not a valid share. Expected: {_LEAST_SHARE:g} to {_LARGEST_SHARE}; a team "
            f"with 2 gets twice as much as a team with 1."
            for team, share in teams.items()
            if not _LEAST_SHARE <= share <= _LARGEST_SHARE
        ]
        if problems:
            raise Problems(problems)
        return teams

    @field_validator("image_id")
    @classmethod
    def _nodes_are_available(cls, image_id: str | None, info: ValidationInfo) -> str | None:
        problems = list(_node_problems(info.data, image_id)) if info.data.keys() >= _NODE_FIELDS else []
        if problems:
            raise Problems(problems)
        return image_id

    @property
    def node_types(self) -> tuple[InstanceType, ...]:
        """The instance types of a node, the preferred type first."""
        return _node_types(self.gpu, self.gpus_per_node, self.instance_types)

    @property
    def reason(self) -> str:
        """The reason for the choice of instance types, as one sentence."""
        if self.gpu is not None:
            return cheapest(gpu=self.gpu, gpus_per_node=self.gpus_per_node or 1).reason
        return "; ".join(by_name(name).reason for name in self.instance_types)

    @property
    def weights(self) -> dict[str, float]:
        """The weight factor of AWS Batch for each team.

        AWS Batch multiplies the usage of a team by its weight and prefers the team with the lowest product, so
        a weight is the inverse of the share. It is rounded to the four decimal places that AWS Batch accepts:
        its API has single precision, so more places would be read back as another number and be planned as a
        change every time.
        """
        return {team: round(1 / share, 4) for team, share in self.teams.items()}


def queue_problems(queues: Sequence[Queue], environment: Mapping[str, Any]) -> Iterator[str]:
    """Problems of `queues` in their environment, as far as the fields of both are valid.

    Args:
        queues: the declared queues.
        environment: the fields of the environment that are valid.
    """
    names = [each.name for each in queues if isinstance(each.name, str)]
    yield from duplicates("queues", names)
    if {"project", "name"} <= environment.keys():
        for name in names:
            role, limit = f"{environment['project']}-{environment['name']}-{name}{_ROLE_SUFFIX}", _ROLE_NAME_LIMIT
            if len(role) > limit:
                yield (
                    f"queues.{name}.name: {name!r} is too long here: it gives the role name {role!r}, {len(role)} "
                    f"characters. Expected: at most {limit}, so shorten it by {len(role) - limit}."
                )
    experiments: Sequence[Experiment] = environment.get("experiments", ())
    for name in sorted({each.name for each in experiments} & set(names)):
        yield (
            f"queues.{name}.name: {name!r} is also the name of an experiment, and their roles and security groups "
            f"would have the same names. Expected: another name."
        )


def _node_types(gpu: str | None, gpus_per_node: int | None, names: Sequence[str]) -> tuple[InstanceType, ...]:
    if gpu is not None:
        return (cheapest(gpu=gpu, gpus_per_node=gpus_per_node or 1).instance_type,)
    return tuple(by_name(name).instance_type for name in names)


def _node_problems(asked: Mapping[str, Any], image_id: str | None) -> Iterator[str]:
    """Reasons why AWS Batch cannot provide the nodes."""
    gpu, names = asked["gpu"], asked["instance_types"]
    if (gpu is None) == (not names):
        given = "both gpu and instance_types are" if names else "neither gpu nor instance_types is"
        yield f"gpu: {given} given. Expected: one of them, such as gpu='A10G', gpus_per_node=4."
        return
    if gpu is None and asked["gpus_per_node"] is not None:
        yield (
            f"gpus_per_node: {asked['gpus_per_node']} is given without gpu. Expected: gpu as well, or no "
            f"gpus_per_node, since an instance type has a fixed number of GPUs."
        )
    try:
        types = _node_types(gpu, asked["gpus_per_node"], names)
    except NoOffer as answer:
        yield f"{'gpu' if gpu else 'instance_types'}: {answer}"
        return
    for each in types:
        problem = _type_problem(each, image_id)
        if problem:
            yield f"{'gpu' if gpu else 'instance_types'}: {each.name} {problem}"
    models = sorted({each.accelerator for each in types})
    if len(models) > 1:
        yield f"instance_types: the types have different GPUs ({', '.join(models)}). Expected: types with the same GPU."
    if asked["efa"] and not types[0].efa_count:
        yield f"efa: {types[0].name} has no Elastic Fabric Adapter. Expected: efa=False, or another instance type."


def _type_problem(node_type: InstanceType, image_id: str | None) -> str | None:
    """The reason why AWS Batch cannot use `node_type`; None if it can."""
    if node_type.accelerator not in NVIDIA_GPUS:
        return (
            f"has {node_type.accelerator}, which AWS Batch does not count as GPUs. Expected: a type with NVIDIA GPUs."
        )
    if not node_type.accelerator_count:
        return "has a fraction of a GPU, and AWS Batch assigns whole GPUs only. Expected: a type with at least one GPU."
    if node_type.architecture != "amd64":
        return f"is {node_type.architecture}, for which AWS Batch has no GPU image. Expected: an amd64 type."
    if node_type.accelerator in GPUS_WITHOUT_BATCH_IMAGE and image_id is None:
        return (
            f"has {node_type.accelerator}, and no current image of AWS Batch has a driver for it. Expected: another "
            f"GPU, or image_id with your own image that has the ECS agent and a driver."
        )
    return None
