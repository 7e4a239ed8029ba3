"""Gap: state machines of Step Functions as targets of EventBridge rules.

moto fails PutEvents if a matching rule has a state machine as its target. AWS starts an execution with the event as its
input. The execution is recorded and, as in moto, not run. Source: EventBridge user guide, "IAM roles for sending
events to targets"; EventBridge API reference, PutTargets; read 2026-11-30.
"""

from __future__ import annotations

import copy
import inspect
import json
import uuid
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import AWSError
from moto.events.models import Rule
from moto.stepfunctions.models import stepfunctions_backends

from mlinfra.local_aws.gaps.events.lambda_targets import delivered
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_SERVICE = "states"


def is_open() -> bool:
    """True if moto does not support state machines as targets."""
    # Other gaps wrap the method too.
    return _SERVICE not in inspect.unwrap(Rule.send_to_targets).__code__.co_consts


def close() -> None:
    """Close the gap: start executions, and leave all other targets to the original."""
    wrap(Rule, "send_to_targets", _send)


def _send(original: Callable[..., None], rule: Any, event: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
    machines = [target["Arn"] for target in rule.targets if target["Arn"].split(":")[2] == _SERVICE]
    if machines and rule.event_pattern.matches_event(event):
        for arn in machines:
            _start(arn, delivered(event))
    others = copy.copy(rule)
    others.targets = [target for target in rule.targets if target["Arn"] not in machines]
    original(others, event, *args, **kwargs)


def _start(arn: str, event: dict[str, Any]) -> None:
    _, _, _, region, account_id, *_ = arn.split(":")
    try:
        stepfunctions_backends[account_id][region].start_execution(arn, str(uuid.uuid4()), json.dumps(event))
    except AWSError:
        # The state machine was deleted. AWS drops the event, or sends it to a dead-letter queue.
        return
