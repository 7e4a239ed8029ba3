"""Events of a job on the account's default bus."""

from __future__ import annotations

import json
import time
from typing import Any

from mlinfra.functions.contract import Event

_TRIES = 3
_PAUSE_SECONDS = 0.3


def put_job_event(
    events: Any,  # noqa: ANN401  boto3 has no types
    kind: str,
    *,
    cluster: str,
    job_id: str,
    name: str,
    status: str,
    reason: str = "",
) -> None:
    """Send one event of the source `mlinfra.job`.

    Args:
        events: boto3's client of EventBridge.
        kind: the detail type.
        cluster: the cluster of the job.
        job_id: the job's id.
        name: the job's name.
        status: the status of the job.
        reason: the reason of a failure. Default: none.

    Raises:
        RuntimeError: if EventBridge accepted the request and rejected the event, three times.
    """
    detail = {"cluster": cluster, "job_id": job_id, "job_name": name, "status": status, "reason": reason}
    entry = {"Source": Event.JOB_SOURCE, "DetailType": kind, "Detail": json.dumps(detail)}
    for attempt in range(_TRIES):
        # EventBridge responds with 200 even if it rejects every entry, so boto3 does not retry.
        answer = events.put_events(Entries=[entry])
        if not answer["FailedEntryCount"]:
            return
        if attempt + 1 < _TRIES:
            time.sleep(_PAUSE_SECONDS)
    refused = answer["Entries"][0]
    message = f"EventBridge refused the event: {refused.get('ErrorCode')}: {refused.get('ErrorMessage')}"
    raise RuntimeError(message)
