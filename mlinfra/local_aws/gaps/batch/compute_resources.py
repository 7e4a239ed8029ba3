"""Gap: updates of the resources of a Batch compute environment.

moto accepts the update and keeps the previous resources. In AWS, an update changes only the resources it
names. Source: Batch API reference, UpdateComputeEnvironment and ComputeResourceUpdate, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.batch.models import BatchBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto does not change the compute resources."""
    return "_validate_compute_resources" not in BatchBackend.update_compute_environment.__code__.co_names


def close() -> None:
    """Close the gap: change the resources that the request names."""
    wrap(BatchBackend, "update_compute_environment", _update)


def _update(
    original: Callable[..., tuple[str, str]],
    backend: BatchBackend,
    *,
    compute_environment_name: str,
    compute_resources: dict[str, Any] | None,
    **others: Any,  # noqa: ANN401  moto's
) -> tuple[str, str]:
    environment = backend.get_compute_environment(compute_environment_name)
    changed = {}
    if environment is not None and compute_resources:
        changed = {**environment.compute_resources, **compute_resources}
        backend._validate_compute_resources(changed)  # noqa: SLF001  as moto does at creation
    others |= {"compute_environment_name": compute_environment_name, "compute_resources": compute_resources}
    answer = original(backend, **others)
    if environment is not None and changed:
        environment.compute_resources = changed
    return answer
