"""Gap: actions of a Batch job queue on jobs that wait too long at its head.

moto discards the actions. In AWS, they are kept, returned, and their limits are validated. Source: Batch API
reference, CreateJobQueue, UpdateJobQueue and JobStateTimeLimitAction, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.batch.exceptions import ClientException
from moto.batch.models import JobQueue
from moto.batch.responses import BatchResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_ACTIONS = "jobStateTimeLimitActions"
_SHORTEST, _LONGEST = 600, 86_400


def is_open() -> bool:
    """True if moto discards the actions."""
    return _ACTIONS not in BatchResponse.createjobqueue.__code__.co_consts


def close() -> None:
    """Close the gap: keep the actions of a queue."""
    wrap(BatchResponse, "createjobqueue", _put)
    wrap(BatchResponse, "updatejobqueue", _put)
    wrap(JobQueue, "describe", _describe)


def _put(original: Callable[..., str], response: BatchResponse) -> str:
    actions = response._get_param(_ACTIONS)  # noqa: SLF001  moto's way to read a parameter
    for each in actions or []:
        _check(each)
    answer = original(response)
    queue: Any = response.batch_backend.get_job_queue(json.loads(answer)["jobQueueArn"])
    if actions is not None:
        queue.state_time_limits = actions
    return answer


def _check(action: dict[str, Any]) -> None:
    missing = [name for name in ("reason", "state", "maxTimeSeconds", "action") if action.get(name) is None]
    if missing:
        message = f"{_ACTIONS}: {', '.join(missing)} must be provided"
        raise ClientException(message)
    if action["state"] != "RUNNABLE" or action["action"] != "CANCEL":
        message = f"{_ACTIONS}: the only supported state is RUNNABLE and the only supported action is CANCEL"
        raise ClientException(message)
    if not _SHORTEST <= action["maxTimeSeconds"] <= _LONGEST:
        message = f"{_ACTIONS}: maxTimeSeconds must be between {_SHORTEST} and {_LONGEST}"
        raise ClientException(message)


def _describe(original: Callable[..., dict[str, Any]], queue: JobQueue) -> dict[str, Any]:
    described = original(queue)
    described[_ACTIONS] = getattr(queue, "state_time_limits", [])
    return described
