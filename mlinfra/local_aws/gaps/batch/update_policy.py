"""Gap: update policy of a Batch compute environment.

moto discards it. In AWS, it is kept, and determines how running jobs are treated when nodes are replaced: by
default they continue for up to 30 minutes. Source: Batch API reference, UpdateComputeEnvironment,
UpdatePolicy and ComputeEnvironmentDetail, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.batch.models import BatchBackend
from moto.batch.responses import BatchResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_POLICY = "updatePolicy"
_DEFAULTS = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30}


def is_open() -> bool:
    """True if moto discards the update policy."""
    return _POLICY not in BatchResponse.updatecomputeenvironment.__code__.co_consts


def close() -> None:
    """Close the gap: keep the update policy of an environment."""
    wrap(BatchResponse, "updatecomputeenvironment", _update)
    wrap(BatchBackend, "describe_compute_environments", _describe)


def _update(original: Callable[..., str], response: BatchResponse) -> str:
    answer = original(response)
    policy = response._get_param(_POLICY)  # noqa: SLF001  moto's way to read a parameter
    environment: Any = response.batch_backend.get_compute_environment(response._get_param("computeEnvironment"))  # noqa: SLF001
    if policy:
        environment.update_policy = getattr(environment, "update_policy", _DEFAULTS) | policy
    return answer


def _describe(original: Callable[..., list[dict[str, Any]]], backend: BatchBackend, *args: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    described = original(backend, *args)
    for each in described:
        policy = getattr(backend.get_compute_environment(each["computeEnvironmentArn"]), "update_policy", None)
        if policy:
            each[_POLICY] = policy
    return described
