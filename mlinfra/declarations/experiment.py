"""Experiments: pieces of work with a cluster, an owner and an expiry."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from mlinfra.catalog import Choice, NoOffer, by_name, cheapest, gpu_model
from mlinfra.declarations.base import Declaration, Problems, shown
from mlinfra.declarations.purchase import CapacityBlock, CapacityReservation, OnDemand, Spot
from mlinfra.declarations.types import DATA_ZONES, EmailAddress, Name, Zone
from mlinfra.declarations.variables import variable_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

_LUSTRE_STEP_GIB = 2400
RESERVED_NAMES = frozenset({"aws", "backend", "function-package", "platform", "shutdown"})
"""The ids of the other constructs in the training stack, which has one construct for each experiment."""
_SET_BY_NODES = frozenset({"AWS_DEFAULT_REGION", "CUDA_HOME", "MASTER_ADDR", "MASTER_PORT", "NNODES", "NODE_RANK"})


class Lustre(Declaration):
    """A parallel file system beside a cluster, linked to a part of the data lake.

    Files are listed at once and read from the lake when they are first opened. Written files are
    deleted with the file system, unless `export` copies them to the lake.

    Raises:
        DeclarationError: with every problem at once.
    """

    zone: Zone = Field(description=f"The zone of the data lake: one of {', '.join(DATA_ZONES)}.")
    prefix: str = Field(
        default="",
        pattern=r"^([\w.=\-]+/)*$",
        description="The prefix in the zone that the file system shows, such as click-logs/. Default: all of it.",
    )
    capacity_gib: int = Field(
        default=1200,
        description="Its size in GiB: 1200, 2400, or a multiple of 2400 (what FSx offers). Default: 1200, about 168 "
        "USD a month.",
    )
    keep_hours: int = Field(
        default=72,
        ge=1,
        le=8_760,
        description="The time after the stop of the cluster at which the file system is deleted, in hours, 1 to 8760. "
        "The next deploy creates it again once the cluster is to run. Default: 72.",
    )
    export: bool = Field(
        default=False, description="True if written files are exported to the lake automatically. Default: False."
    )

    @field_validator("capacity_gib")
    @classmethod
    def _capacity_is_offered(cls, capacity: int) -> int:
        if capacity != _LUSTRE_STEP_GIB // 2 and (capacity <= 0 or capacity % _LUSTRE_STEP_GIB):
            message = "is not offered. Expected: 1200, 2400, or a multiple of 2400."
            raise ValueError(message)
        return capacity


class Experiment(Declaration):
    """A piece of work with an owner and an end, which gets a cluster while it runs.

    It asks for its nodes in one of three ways: a `size` of its environment; the GPUs that it needs
    (`gpu`, `gpus_per_node`, `gpu_memory_gib`), for the cheapest instance type that has them; or an
    `instance_type`.

    Removing an experiment from its environment removes its cluster at the next deploy.

    Raises:
        DeclarationError: with every problem at once.
    """

    not_templates = frozenset({"variables"})  # part of the user data, which is encoded in base64

    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(description="The e-mail address of the person responsible for the cluster.")
    expires: date = Field(
        description="The last day of the experiment, as a date; at most the environment's max_experiment_days away. "
        "After it the cluster has size zero."
    )

    size: str | None = Field(
        default=None,
        description="One of the environment's sizes. Default: small, unless gpu or instance_type is given.",
    )
    gpu: str | None = Field(
        default=None, description="The accelerator model, such as H100 or A10G. Default: that of the size."
    )
    gpus_per_node: int | None = Field(
        default=None, ge=1, description="The exact number of them in each node. Default: 1, where gpu is given."
    )
    gpu_memory_gib: int | None = Field(
        default=None, ge=1, description="The least memory of each of them, in GiB. Default: any."
    )
    instance_type: str | None = Field(
        default=None, description="The instance type by name, such as p5.48xlarge. Default: that of the size."
    )
    nodes: int = Field(
        default=1, ge=1, description="Instances in the cluster, at most the environment's max_nodes. Default: 1."
    )
    efa: bool | None = Field(
        default=None,
        description="True if nodes communicate through Elastic Fabric Adapters, in one zone and one placement group. "
        "Default: True for more than one node of an instance type with adapters.",
    )
    zone: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$",
        description="The availability zone of all nodes, such as us-east-1b. Default: any; with Elastic Fabric "
        "Adapters or lustre, that of the first subnet.",
    )
    purchase: OnDemand | Spot | CapacityReservation | CapacityBlock = Field(
        default=OnDemand(),
        description="The purchase option of nodes: OnDemand(), Spot(), CapacityReservation() or CapacityBlock(). "
        "Default: OnDemand().",
    )
    cuda: str | None = Field(
        default=None,
        pattern=r"^[0-9]+\.[0-9]+$",
        description="The CUDA version that the code needs, such as 12.8. A node without it fails at boot. Default: the "
        "pinned image's.",
    )
    variables: dict[str, str] = Field(
        default_factory=dict, description="Environment variables of all users and jobs on a node. Default: none."
    )

    root_volume_gib: int = Field(
        default=200,
        ge=100,
        le=16_384,
        description="Root volume of each node, in GiB: 100 (what the deep learning images need) to 16384 (the limit "
        "of gp3). Default: 200.",
    )
    lustre: Lustre | None = Field(
        default=None, description="A file system of the cluster that shows a part of the lake. Default: none."
    )

    spend_limit_usd: float | None = Field(
        default=None,
        gt=0,
        description="The spend limit of the cluster from its start to its end, in USD. Default: the environment's "
        "monthly_spend_limit_usd.",
    )
    stop_when_idle: bool = Field(
        default=True,
        description="True if an idle cluster is stopped; otherwise its owner is only notified. The end of its last "
        "reported job, quiet hours, expiry and spend limit stop it in any case. Default: True.",
    )
    gang: bool = Field(
        default=True,
        description="True if the nodes work together: the cluster is stopped once all of them are idle. False: idle "
        "nodes are terminated one by one while others work. Default: True.",
    )
    wait_for_nodes_minutes: int = Field(
        default=120,
        ge=15,
        le=10_080,
        description="The longest time for which a cluster with fewer nodes than declared waits for the others before "
        "it can count as idle, in minutes, 15 to 10080. Default: 120.",
    )
    works_in_quiet_hours: str | None = Field(
        default=None,
        min_length=10,
        description="The reason why the cluster may run in the environment's quiet hours, in a sentence. Default: "
        "None, it may not.",
    )

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in RESERVED_NAMES:
            message = "is reserved for a part of the training stack. Expected: another name."
            raise ValueError(message)
        return name

    @field_validator("gpu")
    @classmethod
    def _gpu_is_known(cls, gpu: str | None) -> str | None:
        try:
            return gpu and gpu_model(gpu)
        except NoOffer as answer:
            raise Problems([f"gpu: {answer}"]) from None

    @field_validator("instance_type")
    @classmethod
    def _instance_type_is_known(cls, name: str | None) -> str | None:
        try:
            return name and by_name(name).instance_type.name
        except NoOffer as answer:
            raise Problems([f"instance_type: {answer}"]) from None

    @field_validator("variables")
    @classmethod
    def _variables_can_be_set(cls, variables: dict[str, str]) -> dict[str, str]:
        problems = list(variable_problems(variables))
        problems += [
            f"variables.{name}: {shown(value)} has more than one line. Expected: one line."
            for name, value in variables.items()
            if any(ord(each) < ord(" ") for each in value)
        ]
        problems += [
            f"variables: {name!r} is set by mlinfra. Expected: another name."
            for name in variables
            if name.startswith("MLINFRA_") or name in _SET_BY_NODES
        ]
        if problems:
            raise Problems(problems)
        return variables

    def _problems(self) -> Iterator[str]:
        given = [name for name in ("size", "gpu", "instance_type") if getattr(self, name) is not None]
        if len(given) > 1:
            yield f"{', '.join(given)}: only one of them can be given. Expected: one of size, gpu or instance_type."
        if self.gpu is None:
            for name in ("gpus_per_node", "gpu_memory_gib"):
                if getattr(self, name) is not None:
                    yield f"{name}: {getattr(self, name)} is given without gpu. Expected: gpu=... too, or no {name}."
        else:
            try:
                self._cheapest()
            except NoOffer as answer:
                yield f"gpu: {answer}"
        if isinstance(self.purchase, Spot):
            yield from self._spot_problems(self.purchase)

    def choose(self, sizes: dict[str, str]) -> Choice:
        """The instance type that it gets, and why.

        Args:
            sizes: instance types by size, for an experiment that asks for a size.

        Raises:
            KeyError: if `sizes` lacks the size; environments refuse such an experiment.
        """
        if self.gpu is not None:
            return self._cheapest()
        if self.instance_type is not None:
            return by_name(self.instance_type)
        choice = by_name(sizes[self.asked_size])
        return Choice(choice.instance_type, choice.reason.replace("selected by name", f"the size {self.asked_size}"))

    @property
    def asked_size(self) -> str:
        """The size that it asks for where it names neither GPUs nor an instance type."""
        return self.size or "small"

    def _cheapest(self) -> Choice:
        assert self.gpu is not None  # noqa: S101  asked for by both callers
        return cheapest(gpu=self.gpu, gpus_per_node=self.gpus_per_node or 1, gpu_memory_gib=self.gpu_memory_gib)

    def _spot_problems(self, spot: Spot) -> Iterator[str]:
        if spot.on_demand_nodes is not None and spot.on_demand_nodes > self.nodes:
            yield f"purchase.on_demand_nodes: {spot.on_demand_nodes} is more than nodes. Expected: 0 to {self.nodes}."
        for name in spot.instance_types or ():
            try:
                by_name(name)
            except NoOffer as answer:
                yield f"purchase.instance_types: {answer}"
