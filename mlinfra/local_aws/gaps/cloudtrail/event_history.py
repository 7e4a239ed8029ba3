"""Gap: the event history of CloudTrail.

moto has no LookupEvents. In AWS, the history of a region has the management events of the last 90 days that change
resources, with the principal, and a lookup by ResourceName returns those whose request or response names the resource,
the newest first. Source: CloudTrail API reference, LookupEvents, and user guide, "Working with CloudTrail event
history", read 2026-11-29.

Recorded are the newest requests to all services but S3. A resource is named by an event if its name is a whole value in
the request or the response.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import BaseResponse

from mlinfra.local_aws.mechanisms.api_model import checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept, wrap
from mlinfra.local_aws.mechanisms.pages import requested_page
from mlinfra.local_aws.permissions.principals import access_key_of, event_arn_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.common_types import TYPE_RESPONSE

_NEWEST: Final = 5_000
_LONGEST: Final = 20_000
"""Characters of a request or a response that are searched."""
_KEPT: Final = timedelta(days=90)
_READS: Final = re.compile(r"(?:Describe|List|Get|Head|Lookup|Search|Query|Scan|BatchGet|Simulate|Select)", re.ASCII)
_DATA: Final = frozenset(
    {"PutMetricData", "PutLogEvents", "PutItem", "UpdateItem", "DeleteItem", "SendMessage", "Publish", "Invoke"}
)
"""Writes to the data of a resource, which CloudTrail does not record as management events."""


@dataclass(frozen=True)
class _Event:
    name: str
    source: str
    at: datetime
    key: str
    agent: str
    text: str
    """The request and the response."""


def is_open() -> bool:
    """True if moto has no event history."""
    return not hasattr(CloudTrailResponse, "lookup_events")


def close() -> None:
    """Close the gap: record requests, and look them up."""
    wrap(BaseResponse, "call_action", _recorded)
    add_operations(CloudTrailResponse, lookup_events)


def lookup_events(response: CloudTrailResponse) -> str:
    """Answer LookupEvents, with at most one attribute, ResourceName or EventName."""
    request = checked_request(response, "LookupEvents", code="InvalidLookupAttributesException")
    now = datetime.now(timezone.utc)
    start = max(_aware(request.get("StartTime")) or now - _KEPT, now - _KEPT)
    end = _aware(request.get("EndTime")) or now
    found = [each for each in reversed(_history(response)) if start <= each.at <= end]
    for attribute in request.get("LookupAttributes", ()):
        key, value = attribute["AttributeKey"], attribute["AttributeValue"]
        found = [each for each in found if (each.name == value if key == "EventName" else _names(each, value))]
    events, token = requested_page(request, found, default_size=50)
    answer: dict[str, Any] = {"Events": [_described(each) for each in events]}
    return json.dumps(answer | ({"NextToken": token} if token else {}))


def _aware(time: datetime | None) -> datetime | None:
    """A time of a request, which is in UTC."""
    return time.replace(tzinfo=timezone.utc) if time and time.tzinfo is None else time


def _recorded(original: Callable[[BaseResponse], TYPE_RESPONSE], response: BaseResponse) -> TYPE_RESPONSE:
    answer = original(response)
    action = str(response._get_action())  # noqa: SLF001  moto's own method of finding the operation
    if answer[0] < 400 and not _READS.match(action) and action not in _DATA:  # noqa: PLR2004
        _record(response, action, answer[2])
    return answer


def _record(response: BaseResponse, action: str, body: Any) -> None:  # noqa: ANN401  as moto's
    request = _text(response.body) or json.dumps(dict(response.querystring))
    signed = str(response.headers.get("Authorization", ""))
    _history(response).append(
        _Event(
            action,
            f"{response.service_name}.amazonaws.com",
            datetime.now(timezone.utc),
            access_key_of(signed, ""),
            str(response.headers.get("User-Agent", "")),
            f"{request[:_LONGEST]}\n{_text(body)[:_LONGEST]}",
        )
    )


def _text(value: Any) -> str:  # noqa: ANN401  moto's bodies are text, bytes, or for some services JSON values
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _history(response: BaseResponse) -> deque[_Event]:
    backend = cloudtrail_backends[response.current_account][response.region]
    return kept(backend, "event history", lambda: deque(maxlen=_NEWEST))


def _names(event: _Event, resource: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(resource)}(?![\w-])", event.text) is not None


def _described(event: _Event) -> dict[str, Any]:
    arn = event_arn_of(event.key)
    id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{event.at.isoformat()}{event.name}{event.text}"))
    record = {
        "eventID": id_,
        "eventName": event.name,
        "eventSource": event.source,
        "eventTime": event.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userAgent": event.agent,
        "userIdentity": {"arn": arn, "accessKeyId": event.key},
    }
    return {
        "EventId": id_,
        "EventName": event.name,
        "EventSource": event.source,
        "EventTime": event.at.timestamp(),
        "ReadOnly": "false",
        "AccessKeyId": event.key,
        "Username": arn.rpartition("/")[2],
        "CloudTrailEvent": json.dumps(record),
    }
