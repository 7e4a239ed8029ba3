"""Gap: share identifiers of Batch jobs.

moto ignores them. In AWS, a job in a queue with a fair-share scheduling policy must have one, and a job in another
queue must not. Source: Batch API reference, SubmitJob, `shareIdentifier`, read 2026-11-29. The reference does not state
the text of the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.batch.exceptions import ClientException
from moto.batch.responses import BatchResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARE = "shareIdentifier"


def is_open() -> bool:
    """True if moto does not read the identifier."""
    return _SHARE not in BatchResponse.submitjob.__code__.co_consts


def close() -> None:
    """Close the gap: refuse a missing or superfluous identifier."""
    wrap(BatchResponse, "submitjob", _submit)


def _submit(original: Callable[..., str], response: BatchResponse) -> str:
    queue: Any = response.batch_backend.get_job_queue(response._get_param("jobQueue"))  # noqa: SLF001  moto's way to read a parameter
    given = response._get_param(_SHARE)  # noqa: SLF001
    if queue is not None and queue.schedule_policy and not given:
        message = f"Error executing request, Exception : {_SHARE} must be specified for a fair-share job queue"
        raise ClientException(message)
    if queue is not None and given and not queue.schedule_policy:
        message = f"Error executing request, Exception : {_SHARE} cannot be specified for this job queue"
        raise ClientException(message)
    return original(response)
