"""Lambda functions as targets of EventBridge rules."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.unit.local_aws.gaps.conftest import written

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_event_reaches_the_functions_of_the_rules_that_match(
    client: Callable[..., Any], deployed: tuple[str, str, str]
) -> None:
    name, arn, parameter = deployed
    events = client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    gone = f"{arn}-gone"
    events.put_targets(Rule=name, Targets=[{"Id": "2", "Arn": gone}])
    event = {"DetailType": "seen", "Detail": json.dumps({"n": 1})}
    started = time.monotonic()
    answer = events.put_events(Entries=[{"Source": "else", **event}, {"Source": name, **event}])
    assert answer["FailedEntryCount"] == 0
    assert time.monotonic() - started < 30
    assert written(client, parameter) == "{'n': 1}"
