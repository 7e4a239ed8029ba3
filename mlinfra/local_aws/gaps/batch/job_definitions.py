"""Gap: nodes and scheduling priority of a Batch job definition.

moto accepts both but does not return them, and accepts multi-node definitions that AWS refuses. Source: Batch
API reference, RegisterJobDefinition, NodeProperties, NodeRangeProperty and JobDefinition, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from moto.batch.exceptions import ClientException
from moto.batch.models import JobDefinition
from moto.batch.responses import BatchResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_NODES = "nodeProperties"
_PRIORITY = "schedulingPriority"
_HIGHEST_PRIORITY = 9999
_EMPTY_LISTS = ("command", "resourceRequirements", "secrets", "environment", "mountPoints", "ulimits", "volumes")


def is_open() -> bool:
    """True if moto returns neither the nodes nor the priority."""
    return _NODES not in JobDefinition.describe.__code__.co_consts


def close() -> None:
    """Close the gap: return both, and refuse invalid multi-node definitions."""
    wrap(BatchResponse, "registerjobdefinition", _register)
    wrap(JobDefinition, "describe", _describe)


def _register(original: Callable[..., str], response: BatchResponse) -> str:
    nodes = response._get_param(_NODES)  # noqa: SLF001  moto's way to read a parameter
    priority = response._get_param(_PRIORITY)  # noqa: SLF001
    if response._get_param("type") == "multinode":  # noqa: SLF001
        _check(nodes)
    if priority is not None and not 0 <= priority <= _HIGHEST_PRIORITY:
        message = f"Error executing request, Exception : schedulingPriority must be between 0 and {_HIGHEST_PRIORITY}"
        raise ClientException(message)
    answer = original(response)
    definition: Any = response.batch_backend.get_job_definition(json.loads(answer)["jobDefinitionArn"])
    definition.scheduling_priority = priority
    return answer


def _check(nodes: dict[str, Any] | None) -> None:
    if not nodes:
        _refuse("nodeProperties must be provided for a multinode job")
    count = nodes.get("numNodes", 0)
    if not 0 <= nodes.get("mainNode", -1) < count:
        _refuse("mainNode must be fewer than the number of nodes")
    covered: set[int] = set()
    for each in nodes.get("nodeRangeProperties", []):
        first, _, last = each["targetNodes"].partition(":")
        covered |= set(range(int(first or 0), int(last or count - 1) + 1))
        if "image" not in each.get("container", {}):
            _refuse("containerProperties must contain image")
    if covered != set(range(count)):
        _refuse("the node ranges must account for all nodes")


def _refuse(what: str) -> NoReturn:
    message = f"Error executing request, Exception : {what}"
    raise ClientException(message)


def _describe(original: Callable[..., dict[str, Any]], definition: Any) -> dict[str, Any]:  # noqa: ANN401  moto's class, with an additional attribute
    described = original(definition)
    if definition.node_properties is not None:
        nodes = definition.node_properties
        described[_NODES] = nodes | {
            "nodeRangeProperties": [
                each | {"container": {name: [] for name in _EMPTY_LISTS} | each["container"]}
                for each in nodes["nodeRangeProperties"]
            ]
        }
    if getattr(definition, "scheduling_priority", None) is not None:
        described[_PRIORITY] = definition.scheduling_priority
    return described
