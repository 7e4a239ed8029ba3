"""Rules with a schedule and without an event pattern."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.unit.local_aws.gaps.conftest import written

if TYPE_CHECKING:
    from collections.abc import Callable


def test_events_do_not_trigger_a_rule_with_a_schedule_only(
    client: Callable[..., Any], deployed: tuple[str, str, str]
) -> None:
    name, arn, parameter = deployed
    events = client("events")
    events.put_rule(Name=f"{name}-hourly", ScheduleExpression="rate(1 hour)")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    for rule in (f"{name}-hourly", name):
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])
    for source, number in (("else", 2), (name, 1)):
        events.put_events(Entries=[{"Source": source, "DetailType": "seen", "Detail": json.dumps({"n": number})}])
    assert written(client, parameter) == "{'n': 1}"
