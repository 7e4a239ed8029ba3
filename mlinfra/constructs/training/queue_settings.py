"""What a training queue and its jobs may be asked for, as data: a wrong ask is refused before a construct is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from mlinfra.catalog import NoOffer, by_name, cheapest
from mlinfra.declarations import Declaration, EmailAddress, Name, Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.catalog import InstanceType

NVIDIA = frozenset(
    {"t4", "t4g", "v100", "a10g", "l4", "l40s", "a100", "h100", "h200", "b200", "b300"}
    | {"rtx-pro-4500", "rtx-pro-server-6000"}
)
"""The accelerators of the catalog that Batch counts as GPUs."""

OWN_IMAGE_ONLY = frozenset({"v100"})
"""GPUs that no current image of Batch runs.

Source: Batch API reference, Ec2Configuration, read 2026-11-24: ECS_AL2023_NVIDIA does not support P3,
and environments with Batch's own images of Amazon Linux 2 can no longer be created.
"""

_HAS = {"gpus_per_node": "accelerator_count", "vcpus_per_node": "vcpu", "memory_mib_per_node": "memory_mib"}
"""What of a node each of a job's wishes is measured by."""

_ROLE_NAME_LIMIT = 64
_ROLE_SUFFIX = "-execution"
_NODE_FIELDS = {"gpu", "gpus_per_node", "instance_types", "efa"}
_TEAM = re.compile(r"[A-Za-z0-9]{1,255}")
_IMAGE = re.compile(r"[\w./:-]+?(?P<tag>:[\w][\w.-]*)?(?P<digest>@sha256:[0-9a-f]{64})?")
_LEAST_SHARE, _LARGEST_SHARE = 0.01, 100
_MOST_TEAMS = 500
_MOST_RETRY_CODES = 3  # Batch takes 5 conditions, and the loss of a host and all the rest are two
_MEMORY_FOR_JOBS = 0.9
"""How much of a node's memory its jobs get by default: the kernel and the ECS agent keep the rest."""


class QueueSettings(Declaration):
    """What a training queue is asked to be.

    Raises:
        DeclarationError: with every problem at once.
    """

    prefix: str = Field(description="What the names of all resources of the environment begin with.")
    name: Name = Field(
        min_length=2,
        max_length=32,
        description="2 to 32 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(description="The e-mail address of the person who answers for the queue.")
    gpu: str | None = Field(default=None, description="The GPU model to have, such as A10G, or else instance_types.")
    gpus_per_node: int | None = Field(default=None, ge=1, description="How many of them in each node. Default: 1.")
    instance_types: tuple[str, ...] = Field(
        default=(), description="Instance types by name, which have the same GPU; the first is preferred."
    )
    max_nodes: int = Field(ge=1, le=1000, description="The most nodes of each compute environment, 1 to 1000.")
    teams: dict[str, float] = Field(
        min_length=1,
        max_length=_MOST_TEAMS,
        description="The share of each team, by its share identifier: 1 to 500 of them.",
    )
    subnet_ids: tuple[str, ...] = Field(min_length=1, description="The private subnets that nodes may run in.")
    efa: bool = Field(default=False, description="Whether multi-node jobs get Elastic Fabric Adapters.")
    image_id: str | None = Field(
        default=None, pattern=r"^ami-[0-9a-f]{8,17}$", description="A machine image such as ami-0123456789abcdef0."
    )
    root_volume_gib: int = Field(ge=50, le=16_384, description="50 to 16384 GiB.")
    share_decay_seconds: int = Field(ge=600, le=604_800, description="600 (10 minutes) to 604800 (a week).")
    compute_reservation_percent: int = Field(ge=0, le=99, description="0 to 99.")
    capacity_wait_seconds: int = Field(ge=600, le=86_400, description="600 (10 minutes) to 86400 (a day).")
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = Field(
        description="Days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
    )

    @classmethod
    def _subject(cls, values: dict[str, Any]) -> str:
        return f"training queue {values.get('name', 'without a name')!r}"

    @field_validator("name")
    @classmethod
    def _role_name_fits(cls, name: str, info: ValidationInfo) -> str:
        _check_role_name(f"{info.data['prefix']}-{name}-node")
        return name

    @field_validator("teams")
    @classmethod
    def _teams_are_share_identifiers(cls, teams: dict[str, float]) -> dict[str, float]:
        problems = [
            f"teams: {team!r} is no share identifier of Batch. Expected: 1 to 255 letters and digits."
            for team in teams
            if not _TEAM.fullmatch(team)
        ]
        problems += [
            f"teams.{team}: {share:g} is no share. Expected: {_LEAST_SHARE:g} to {_LARGEST_SHARE}; a team with 2 gets "
            f"twice of what one with 1 gets."
            for team, share in teams.items()
            if not _LEAST_SHARE <= share <= _LARGEST_SHARE
        ]
        if problems:
            raise Problems(problems)
        return teams

    @field_validator("image_id")
    @classmethod
    def _nodes_can_be_had(cls, image_id: str | None, info: ValidationInfo) -> str | None:
        problems = list(_node_problems(info.data, image_id)) if info.data.keys() >= _NODE_FIELDS else []
        if problems:
            raise Problems(problems)
        return image_id

    @property
    def full_name(self) -> str:
        """What the names of all resources of the queue begin with."""
        return f"{self.prefix}-{self.name}"

    @property
    def node_types(self) -> tuple[InstanceType, ...]:
        """What a node may be, the preferred type first."""
        return _node_types(self.gpu, self.gpus_per_node, self.instance_types)

    @property
    def reason(self) -> str:
        """Why a node is what it is: one sentence for people."""
        if self.gpu is not None:
            return cheapest(gpu=self.gpu, gpus_per_node=self.gpus_per_node or 1).reason
        return "; ".join(by_name(name).reason for name in self.instance_types)

    @property
    def max_vcpus(self) -> int:
        """The most vCPUs of a compute environment, whichever of its types its nodes are."""
        return self.max_nodes * max(each.vcpu for each in self.node_types)

    @property
    def weights(self) -> dict[str, float]:
        """Batch's weight factor of each team.

        Batch counts the other way round than people: it multiplies what a team used by its weight and
        lets the team with the lowest product go first. So a weight is one through the share, to the
        four places that Batch takes. With more, single precision, which its API has, would give back
        another number, and Terraform would plan to change it for ever.
        """
        return {team: round(1 / share, 4) for team, share in self.teams.items()}


class JobSettings(Declaration):
    """What a job of a queue is asked to be.

    Raises:
        DeclarationError: with every problem at once.
    """

    not_templates = frozenset({"command", "variables"})  # the construct escapes them

    queue: QueueSettings
    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    image: Annotated[str, Field(max_length=255)] = Field(description="A container image of one version.")
    command: tuple[str, ...] = Field(default=(), description="The program and its arguments.")
    nodes: int = Field(default=1, ge=1, description="How many nodes work together. Default: 1.")
    spot: bool | None = Field(default=None, description="Whether it runs on spare capacity.")
    gpus_per_node: int | None = Field(default=None, ge=1, description="GPUs on each node. Default: all.")
    vcpus_per_node: int | None = Field(default=None, ge=1, description="vCPUs on each node.")
    memory_mib_per_node: int | None = Field(default=None, ge=4, description="Memory on each node, in MiB.")
    shared_memory_mib: int | None = Field(default=None, ge=64, description="Shared memory (/dev/shm), in MiB.")
    variables: dict[str, str] = Field(default_factory=dict, description="Environment variables.")
    secrets: dict[str, str] = Field(default_factory=dict, description="ARNs by environment variable.")
    attempts: int = Field(ge=1, le=10, description="1 to 10.")
    retry_exit_codes: tuple[Annotated[int, Field(ge=1, le=255)], ...] = Field(
        default=(), max_length=_MOST_RETRY_CODES, description="At most 3 exit codes, each 1 to 255."
    )
    timeout_seconds: int = Field(ge=60, description="At least 60.")
    priority: int = Field(ge=1, le=9999, description="1 to 9999.")

    @classmethod
    def _subject(cls, values: dict[str, Any]) -> str:
        return f"job {values.get('name', 'without a name')!r}"

    @field_validator("name")
    @classmethod
    def _role_name_fits(cls, name: str, info: ValidationInfo) -> str:
        _check_role_name(f"{info.data['queue'].full_name}-{name}{_ROLE_SUFFIX}")
        return name

    @field_validator("image")
    @classmethod
    def _image_is_one_version(cls, image: str) -> str:
        match = _IMAGE.fullmatch(image)
        # A colon before the last slash is a registry's port.
        tag = match["tag"] if match and "/" not in (match["tag"] or "") else None
        if match is None or not (tag or match["digest"]) or (tag == ":latest" and not match["digest"]):
            message = (
                "does not say which version it is, so a retry could run other code than the first attempt. Expected: "
                "an image with a digest, or with a tag other than latest, such as two-tower:2.3."
            )
            raise ValueError(message)
        return image

    @field_validator("nodes")
    @classmethod
    def _nodes_fit(cls, nodes: int, info: ValidationInfo) -> int:
        most = info.data["queue"].max_nodes
        if nodes > most:
            message = f"is more than the queue's max_nodes. Expected: 1 to {most}."
            raise ValueError(message)
        return nodes

    @field_validator("spot")
    @classmethod
    def _multi_node_is_on_demand(cls, spot: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001
        if spot and info.data.get("nodes", 1) > 1:
            message = "cannot be with several nodes: Batch runs multi-node jobs on demand only. Expected: spot=False."
            raise ValueError(message)
        return spot

    @field_validator("gpus_per_node", "vcpus_per_node", "memory_mib_per_node")
    @classmethod
    def _a_node_has_it(cls, asked: int | None, info: ValidationInfo) -> int | None:
        types = info.data["queue"].node_types
        if info.data.get("nodes", 1) > 1:
            types = types[:1]
        most, name = max((getattr(each, _HAS[str(info.field_name)]), each.name) for each in types)
        if asked is not None and asked > most:
            message = f"is more than a node has. Expected: at most {most}, on {name}."
            raise ValueError(message)
        return asked

    @field_validator("shared_memory_mib")
    @classmethod
    def _it_is_part_of_the_memory(cls, asked: int | None, info: ValidationInfo) -> int | None:
        memory = info.data.get("memory_mib_per_node")
        if asked is not None and memory is not None and asked > memory:
            message = f"is more than memory_mib_per_node, of which it is a part. Expected: at most {memory}."
            raise ValueError(message)
        return asked

    @field_validator("variables", "secrets")
    @classmethod
    def _batch_keeps_its_own(cls, given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        problems = [
            f"{info.field_name}: {each!r} is kept for Batch. Expected: a name that does not begin with AWS_BATCH."
            for each in given
            if each.startswith("AWS_BATCH")
        ]
        twice = sorted(given.keys() & info.data.get("variables", {}).keys()) if info.field_name == "secrets" else []
        problems += [f"secrets: {each!r} is among the variables too. Expected: one of them." for each in twice]
        if problems:
            raise Problems(problems)
        return given

    @property
    def full_name(self) -> str:
        """The name of the job definition, and what the names of its roles begin with."""
        return f"{self.queue.full_name}-{self.name}"

    @property
    def on_spot(self) -> bool:
        """Whether it runs on spare capacity."""
        return self.nodes == 1 if self.spot is None else self.spot

    @property
    def gpus(self) -> int:
        """GPUs on each node."""
        return self.gpus_per_node or self.queue.node_types[0].accelerator_count

    @property
    def vcpus(self) -> int:
        """How many vCPUs each node has for it: what is asked for, or the part of the node that its GPUs are."""
        return self.vcpus_per_node or max(1, int(self._node.vcpu * self._part))

    @property
    def memory_mib(self) -> int:
        """Memory on each node in MiB: what is asked for, or the part of the node that its GPUs are."""
        return self.memory_mib_per_node or int(self._node.memory_mib * _MEMORY_FOR_JOBS * self._part)

    @property
    def shm_mib(self) -> int:
        """Shared memory in MiB: what is asked for, or half of the memory, which is what Linux gives itself."""
        return self.shared_memory_mib or self.memory_mib // 2

    @property
    def _node(self) -> InstanceType:
        """The first of the queue's types that has its GPUs."""
        return next(each for each in self.queue.node_types if each.accelerator_count >= self.gpus)

    @property
    def _part(self) -> float:
        return self.gpus / self._node.accelerator_count


def _check_role_name(role: str) -> None:
    if len(role) > _ROLE_NAME_LIMIT:
        message = (
            f"is too long here: it gives the role name {role!r}, {len(role)} characters. Expected: at most "
            f"{_ROLE_NAME_LIMIT}, so shorten it by {len(role) - _ROLE_NAME_LIMIT}."
        )
        raise ValueError(message)


def _node_types(gpu: str | None, gpus_per_node: int | None, names: Sequence[str]) -> tuple[InstanceType, ...]:
    if gpu is not None:
        return (cheapest(gpu=gpu, gpus_per_node=gpus_per_node or 1).instance_type,)
    return tuple(by_name(name).instance_type for name in names)


def _node_problems(asked: Mapping[str, Any], image_id: str | None) -> Iterator[str]:
    """What keeps a queue from having the nodes that it asks for."""
    gpu, names = asked["gpu"], asked["instance_types"]
    if (gpu is None) == (not names):
        given = "both gpu and instance_types are" if names else "neither gpu nor instance_types is"
        yield f"gpu: {given} given. Expected: one of them, such as gpu='A10G', gpus_per_node=4."
        return
    if gpu is None and asked["gpus_per_node"] is not None:
        yield (
            f"gpus_per_node: {asked['gpus_per_node']} is given without gpu. Expected: gpu with it, since an instance "
            f"type says how many it has."
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
        yield f"instance_types: they have different GPUs ({', '.join(models)}). Expected: types with the same."
    if asked["efa"] and not types[0].efa_count:
        yield f"efa: {types[0].name} has no Elastic Fabric Adapter. Expected: efa=False, or a type that has."


def _type_problem(node_type: InstanceType, image_id: str | None) -> str | None:
    """Why Batch cannot have nodes of `node_type`."""
    if node_type.accelerator not in NVIDIA:
        return f"has {node_type.accelerator}, which Batch does not count as GPUs. Expected: NVIDIA GPUs."
    if not node_type.accelerator_count:
        return "has a part of a GPU, and Batch hands out whole ones. Expected: a type with at least one."
    if node_type.architecture != "amd64":
        return f"is {node_type.architecture}, for which Batch has no GPU image. Expected: an amd64 type."
    if node_type.accelerator in OWN_IMAGE_ONLY and image_id is None:
        return (
            f"has {node_type.accelerator}, whose driver is in no current image of Batch. Expected: another GPU, or "
            f"image_id with an image of your own that has the ECS agent and a driver for it."
        )
    return None
