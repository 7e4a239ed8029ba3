"""Log groups in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.operations.audit.readers.reading import read_one

if TYPE_CHECKING:
    from collections.abc import Callable


def test_only_log_groups_without_a_retention_period_are_found(client: Callable[..., Any]) -> None:
    logs = client("logs")
    for name in ("/kept", "/limited"):
        logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName="/limited", retentionInDays=30)
    found = read_one(client, "log-group")
    assert found.id == "/kept"
    assert found.arn == "arn:aws:logs:us-east-1:123456789012:log-group:/kept"
    assert found.problems == ("The log group keeps its events for ever: it has no retention period.",)
