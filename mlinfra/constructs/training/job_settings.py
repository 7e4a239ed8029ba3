"""Settings of a training job, validated before a construct is created."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from mlinfra.declarations import Declaration, Name, NodeResources, Problems, Queue, has_one_version, node_resources

_HAS = {"gpus_per_node": "accelerator_count", "vcpus_per_node": "vcpu", "memory_mib_per_node": "memory_mib"}
"""The property of a node that limits each of a job's fields."""

_ROLE_NAME_LIMIT = 64
_ROLE_SUFFIX = "-execution"
_MOST_RETRY_CODES = 3  # AWS Batch takes 5 conditions; the loss of a host and "everything else" are two of them


class JobSettings(Declaration):
    """The settings of a job, checked against its queue.

    Raises:
        DeclarationError: with every problem at once.
    """

    not_templates = frozenset({"command", "variables"})  # the construct escapes them

    prefix: str = Field(description="The prefix of all resource names of the environment.")
    queue: Queue
    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    image: Annotated[str, Field(max_length=255)] = Field(description="A container image of one version.")
    command: tuple[str, ...] = Field(default=(), description="The program and its arguments.")
    nodes: int = Field(default=1, ge=1, description="The number of nodes that work together. Default: 1.")
    spot: bool | None = Field(default=None, description="True if it runs on spot capacity.")
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
        role = f"{info.data['prefix']}-{info.data['queue'].name}-{name}{_ROLE_SUFFIX}"
        if len(role) > _ROLE_NAME_LIMIT:
            message = (
                f"is too long here: it gives the role name {role!r}, {len(role)} characters. Expected: at most "
                f"{_ROLE_NAME_LIMIT}, so shorten it by {len(role) - _ROLE_NAME_LIMIT}."
            )
            raise ValueError(message)
        return name

    @field_validator("image")
    @classmethod
    def _image_is_one_version(cls, image: str) -> str:
        if not has_one_version(image):
            message = (
                "has no fixed version, so a retry could run other code than the first attempt. Expected: "
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
            message = "is not possible with several nodes: AWS Batch runs them on demand only. Expected: spot=False."
            raise ValueError(message)
        return spot

    @field_validator("gpus_per_node", "vcpus_per_node", "memory_mib_per_node")
    @classmethod
    def _fits_on_a_node(cls, asked: int | None, info: ValidationInfo) -> int | None:
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
    def _fits_into_the_memory(cls, asked: int | None, info: ValidationInfo) -> int | None:
        memory = info.data.get("memory_mib_per_node")
        if asked is not None and memory is not None and asked > memory:
            message = f"is more than memory_mib_per_node, which includes it. Expected: at most {memory}."
            raise ValueError(message)
        return asked

    @field_validator("variables", "secrets")
    @classmethod
    def _names_are_not_reserved(cls, given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        problems = [
            f"{info.field_name}: {each!r} is reserved for AWS Batch. Expected: a name without the prefix AWS_BATCH."
            for each in given
            if each.startswith("AWS_BATCH")
        ]
        twice = sorted(given.keys() & info.data.get("variables", {}).keys()) if info.field_name == "secrets" else []
        problems += [f"secrets: {each!r} is also in variables. Expected: in one of both." for each in twice]
        if problems:
            raise Problems(problems)
        return given

    @property
    def full_name(self) -> str:
        """The name of the job definition, and the prefix of its role names."""
        return f"{self.prefix}-{self.queue.name}-{self.name}"

    @property
    def on_spot(self) -> bool:
        """True if it runs on spot capacity."""
        return self.nodes == 1 if self.spot is None else self.spot

    @property
    def resources(self) -> NodeResources:
        """The resources of its container on each node."""
        return node_resources(
            self.queue,
            gpus=self.gpus_per_node,
            vcpus=self.vcpus_per_node,
            memory_mib=self.memory_mib_per_node,
            shared_memory_mib=self.shared_memory_mib,
        )
