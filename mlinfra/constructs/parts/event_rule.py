"""An EventBridge rule that invokes a function, on events or on a schedule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_event_rule, cloudwatch_event_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.constructs.parts.function import Function


class EventRule(Construct):
    """An EventBridge rule on the default bus that invokes one function.

    An event that cannot be delivered within the function's `event_age_seconds` is sent to its dead-letter queue.
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
        name_suffix: str = "",
    ) -> None:
        """Declare the rule.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            function: the function to invoke.
            description: the trigger, in a sentence.
            event_pattern: the pattern of events that invoke it. Default: none.
            schedule: the schedule, such as `rate(1 hour)`. Default: none.
            name_suffix: the rule's name after that of the function, such as `-nodes`; different for each rule of a
                function. Default: none.

        Raises:
            ValueError: if not exactly one of `event_pattern` and `schedule` is given.
        """
        if (event_pattern is None) == (schedule is None):
            message = "a rule needs exactly one trigger. Expected: either event_pattern or schedule."
            raise ValueError(message)
        super().__init__(scope, id)
        self._rule = cloudwatch_event_rule.CloudwatchEventRule(
            self,
            "rule",
            name=f"{function.name}{name_suffix}",
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
                maximum_retry_attempts=185,  # the maximum of EventBridge: retries end with the age of the event
            ),
            dead_letter_config=cloudwatch_event_target.CloudwatchEventTargetDeadLetterConfig(
                arn=function.dead_letters.arn
            ),
        )
        function.allow_dead_letters(f"{function.rule_arn}{name_suffix}")
        function.allow_invoke(
            f"AllowRule{name_suffix}", principal="events.amazonaws.com", source_arn=str(self._rule.arn)
        )

    @property
    def rule(self) -> cloudwatch_event_rule.CloudwatchEventRule:
        """The EventBridge rule."""
        return self._rule
