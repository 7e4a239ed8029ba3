"""CloudWatch Logs: log groups without a retention period."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.found import Charge, Found, Place
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE: Final = 50
"""The maximum of DescribeLogGroups (CloudWatch Logs API reference, read 2026-11-29)."""
_GIB: Final = 1024**3


def _log_groups(logs: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    for page in logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": _PAGE}):
        for each in page["logGroups"]:
            if "retentionInDays" in each:
                continue
            created = datetime.fromtimestamp(each["creationTime"] / 1000, timezone.utc)
            yield Found(
                place.region,
                "logs",
                "log-group",
                each["logGroupName"],
                each["logGroupName"],
                each.get("arn", "").removesuffix(":*"),
                "",
                created,
                charges=(
                    Charge("cloudwatch", "logs_storage", each.get("storedBytes", 0) / _GIB, note="Without ingestion."),
                ),
                problems=("The log group keeps its events for ever: it has no retention period.",),
            )


READERS: Final = (Reader("logs", ("log-group",), ("logs:DescribeLogGroups",), _log_groups),)
"""All readers of CloudWatch Logs."""
