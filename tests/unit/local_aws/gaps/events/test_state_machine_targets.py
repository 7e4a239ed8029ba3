"""State machines as targets of EventBridge rules."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_event_starts_the_state_machines_of_the_rules_that_match(client: Callable[..., Any]) -> None:
    name = f"release-{uuid.uuid4().hex[:8]}"
    states, events = client("stepfunctions"), client("events")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    arn = states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    targets = [{"Id": "1", "Arn": arn, "RoleArn": role}, {"Id": "2", "Arn": f"{arn}-gone", "RoleArn": role}]
    events.put_targets(Rule=name, Targets=targets)
    event = {"DetailType": "seen", "Detail": json.dumps({"n": 1})}
    answer = events.put_events(Entries=[{"Source": "else", **event}, {"Source": name, **event}])
    assert answer["FailedEntryCount"] == 0
    (execution,) = states.list_executions(stateMachineArn=arn)["executions"]
    started = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
    assert (started["source"], started["detail"]) == (name, {"n": 1})
