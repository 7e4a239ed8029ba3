"""Containers of jobs in a queue, as AWS Batch describes them: resources, limits, devices, retries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlinfra.catalog import InstanceType
    from mlinfra.declarations.training_queue import Queue

SCRATCH: Final = "/scratch"
"""The folder of the local NVMe disks, on nodes and in containers."""

CONTAINER_LIMITS: Final = (
    # NCCL and CUDA need locked memory and large stacks.
    {"name": "memlock", "softLimit": -1, "hardLimit": -1},
    {"name": "stack", "softLimit": 67_108_864, "hardLimit": 67_108_864},
    # Each worker of a data loader keeps a file open for each tensor that it passes on.
    {"name": "nofile", "softLimit": 65_536, "hardLimit": 65_536},
)

_MEMORY_FOR_JOBS: Final = 0.9
"""The part of a node's memory that jobs get by default. The kernel and the ECS agent need the rest."""
_IMAGE: Final = re.compile(r"[\w./:-]+?(?P<tag>:[\w][\w.-]*)?(?P<digest>@sha256:[0-9a-f]{64})?")


@dataclass(frozen=True)
class NodeResources:
    """The resources of one container."""

    gpus: int
    vcpus: int
    memory_mib: int
    shared_memory_mib: int

    @property
    def requirements(self) -> list[dict[str, str]]:
        """The resources in the form of AWS Batch. Shared memory is a part of the memory."""
        return [
            {"type": "GPU", "value": str(self.gpus)},
            {"type": "VCPU", "value": str(self.vcpus)},
            {"type": "MEMORY", "value": str(self.memory_mib)},
        ]


def node_resources(
    queue: Queue,
    *,
    gpus: int | None = None,
    vcpus: int | None = None,
    memory_mib: int | None = None,
    shared_memory_mib: int | None = None,
) -> NodeResources:
    """The resources of a container in `queue`.

    Args:
        queue: the queue.
        gpus: its GPUs. Default: all of the first instance type's.
        vcpus: its vCPUs. Default: as much of the node as its GPUs are.
        memory_mib: its memory, in MiB. Default: as much of nine tenths of the node as its GPUs are.
        shared_memory_mib: its shared memory, in MiB. Default: half of the memory, as on Linux.
    """
    gpus = gpus or queue.node_types[0].accelerator_count
    node = next(each for each in queue.node_types if each.accelerator_count >= gpus)
    fraction = gpus / node.accelerator_count
    memory = memory_mib or int(node.memory_mib * _MEMORY_FOR_JOBS * fraction)
    return NodeResources(
        gpus=gpus,
        vcpus=vcpus or max(1, int(node.vcpu * fraction)),
        memory_mib=memory,
        shared_memory_mib=shared_memory_mib or memory // 2,
    )


def has_one_version(image: str) -> bool:
    """True if `image` has a digest or a tag other than latest, so that each attempt of a job runs the same code."""
    match = _IMAGE.fullmatch(image)
    # A colon before the last slash is a registry's port.
    tag = match["tag"] if match and "/" not in (match["tag"] or "") else None
    return match is not None and bool(tag or match["digest"]) and not (tag == ":latest" and not match["digest"])


def have_scratch(node_types: Iterable[InstanceType]) -> bool:
    """True if all of `node_types` have local NVMe disks, so that every container finds /scratch on them."""
    return all(each.local_nvme_gb for each in node_types)


def scratch_mount(queue: Queue, *, nodes: int) -> dict[str, object]:
    """The mount of the local NVMe disks, if all instance types that may run the job have such disks."""
    types = queue.node_types[:1] if nodes > 1 else queue.node_types
    if not have_scratch(types):
        return {}
    return {
        "volumes": [{"name": "scratch", "host": {"sourcePath": SCRATCH}}],
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": SCRATCH, "readOnly": False}],
    }


def linux_parameters(queue: Queue, *, nodes: int, shared_memory_mib: int) -> dict[str, Any]:
    """Shared memory, and the adapters of the node as devices of the container, if several nodes communicate by them.

    Source: Batch user guide, "Elastic Fabric Adapter", read 2026-11-24.
    """
    found: dict[str, Any] = {"sharedMemorySize": shared_memory_mib}
    if nodes > 1 and queue.efa:
        paths = [f"/dev/infiniband/uverbs{index}" for index in range(queue.node_types[0].efa_count)]
        found["devices"] = [
            {"hostPath": path, "containerPath": path, "permissions": ["READ", "WRITE", "MKNOD"]} for path in paths
        ]
    return found


def node_properties(nodes: int, container: Mapping[str, object]) -> dict[str, object]:
    """The properties of equal nodes. Node 0 is the main node: when it ends, the job ends."""
    return {
        "numNodes": nodes,
        "mainNode": 0,
        "nodeRangeProperties": [{"targetNodes": f"0:{nodes - 1}", "container": container}],
    }


def retry_conditions(exit_codes: Sequence[int]) -> list[dict[str, str]]:
    """The conditions of another attempt: the host was lost, or the program ended with one of `exit_codes`.

    Batch repeats an attempt that matches no condition, so that the last condition ends all others. Source: Batch
    user guide, "Use Amazon EC2 Spot best practices for AWS Batch", read 2026-11-24.
    """
    return [
        {"onStatusReason": "Host EC2*", "action": "retry"},
        *({"onExitCode": str(code), "action": "retry"} for code in exit_codes),
        {"onReason": "*", "action": "exit"},
    ]
