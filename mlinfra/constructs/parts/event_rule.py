"""What starts a function: an event, or the clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_event_rule, cloudwatch_event_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.constructs.parts.function import Function


class EventRule(Construct):
    """An EventBridge rule on the default bus that starts one function.

    What cannot be handed to the function within its `event_age_seconds` ends in its dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        function: Function,
        description: str,
        event_pattern: Mapping[str, Sequence[str] | Mapping[str, object]] | None = None,
        schedule: str | None = None,
    ) -> None:
        """Declare the rule.

        Args:
            scope: what the rule belongs to.
            id: the construct's id, unique in its scope.
            function: what it starts. A function has one rule, which has its name.
            description: when it does, in a sentence.
            event_pattern: which events start it. Default: none.
            schedule: or how often it is started, such as `rate(1 hour)`. Default: never.

        Raises:
            ValueError: where not exactly one of `event_pattern` and `schedule` is given.
        """
        if (event_pattern is None) == (schedule is None):
            message = "a rule waits for events or for the clock. Expected: either event_pattern or schedule."
            raise ValueError(message)
        super().__init__(scope, id)
        self._rule = cloudwatch_event_rule.CloudwatchEventRule(
            self,
            "rule",
            name=function.name,
            description=description,
            event_pattern=None if event_pattern is None else json.dumps(event_pattern),
            schedule_expression=schedule,
        )
        cloudwatch_event_target.CloudwatchEventTarget(
            self,
            "target",
            rule=self._rule.name,
            target_id="function",
            arn=function.arn,
            retry_policy=cloudwatch_event_target.CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=function.event_age_seconds,
                maximum_retry_attempts=185,  # EventBridge's most: the age is what ends it
            ),
            dead_letter_config=cloudwatch_event_target.CloudwatchEventTargetDeadLetterConfig(
                arn=function.dead_letters.arn
            ),
        )
        function.allow_invoke("AllowRule", principal="events.amazonaws.com", source_arn=str(self._rule.arn))

    @property
    def rule(self) -> cloudwatch_event_rule.CloudwatchEventRule:
        """The rule itself."""
        return self._rule
