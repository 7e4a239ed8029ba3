"""The queue of the events that a function or a rule could not handle, and the alarms on such counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra._cdk.aws import cloudwatch_metric_alarm, sqs_queue, sqs_queue_policy
from mlinfra.constructs.parts.policy import one_or_list, policy_document, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk import Construct

DEAD_LETTER_DAYS: Final = 14
"""The retention time of dead letters, in days: the longest of SQS."""
_DAY_SECONDS = 24 * 60 * 60


class DeadLetters:
    """The queue `<owner>-dead-letters`, to which EventBridge rules may send. Its resources are those of the scope."""

    def __init__(self, scope: Construct, *, owner: str, rule_arn: str) -> None:
        """Declare the queue.

        Args:
            scope: the parent construct.
            owner: the name of the function or rule.
            rule_arn: the ARN of the first rule.
        """
        self._scope = scope
        self._owner = owner
        self._name = f"{owner}-dead-letters"
        self.queue = sqs_queue.SqsQueue(
            scope,
            "dead-letters",
            name=self._name,
            message_retention_seconds=DEAD_LETTER_DAYS * _DAY_SECONDS,
            # A customer-managed key would need a policy for EventBridge, and the events contain only names.
            sqs_managed_sse_enabled=True,
        )
        self._rule_arns = [rule_arn]
        self._policy = sqs_queue_policy.SqsQueuePolicy(
            scope, "dead-letters-policy", queue_url=self.queue.id, policy=self._document
        )

    def allow(self, rule_arn: str) -> None:
        """Allow another rule to send to the queue.

        Args:
            rule_arn: the ARN of the rule.
        """
        if rule_arn not in self._rule_arns:
            self._rule_arns.append(rule_arn)
            self._policy.policy = self._document

    def alarm(self, *, description: str, topic_arn: str) -> None:
        """Declare the alarm on events in the queue.

        Args:
            description: the consequence and the remedy, in sentences.
            topic_arn: the SNS topic to notify.
        """
        alarm_above_zero(
            self._scope,
            "dead-letters",
            owner=self._owner,
            description=description,
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            statistic="Maximum",
            dimensions={"QueueName": self._name},
            topic_arn=topic_arn,
        )

    @property
    def _document(self) -> str:
        return policy_of_queue(str(self.queue.arn), self._rule_arns)


def policy_of_queue(queue_arn: str, rule_arns: Sequence[str]) -> str:
    """The policy of a queue to which EventBridge rules may send, as JSON.

    Args:
        queue_arn: the ARN of the queue.
        rule_arns: the ARNs of the rules.
    """
    return policy_document(
        statement(
            "AllowRule",
            principals={"Service": "events.amazonaws.com"},
            actions=["sqs:SendMessage"],
            resources=[queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": one_or_list(rule_arns)}},
        ),
        statement(
            "DenyInsecureTransport",
            effect="Deny",
            principals={"AWS": "*"},
            actions=["sqs:*"],
            resources=[queue_arn],
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )


def alarm_above_zero(
    scope: Construct,
    what: str,
    *,
    owner: str,
    description: str,
    namespace: str,
    metric_name: str,
    statistic: str,
    dimensions: Mapping[str, str],
    topic_arn: str,
) -> cloudwatch_metric_alarm.CloudwatchMetricAlarm:
    """The alarm `<owner>-<what>` on a metric that is above 0 in 5 minutes.

    Args:
        scope: the parent construct.
        what: the subject, in the ids and names of the alarm.
        owner: the name of the function or rule.
        description: the consequence and the remedy, in sentences.
        namespace: the namespace of the metric.
        metric_name: the name of the metric.
        statistic: the statistic, such as `Sum`.
        dimensions: the dimensions of the metric.
        topic_arn: the SNS topic to notify.
    """
    return cloudwatch_metric_alarm.CloudwatchMetricAlarm(
        scope,
        f"{what}-alarm",
        alarm_name=f"{owner}-{what}",
        alarm_description=description,
        namespace=namespace,
        metric_name=metric_name,
        dimensions=dict(dimensions),
        statistic=statistic,
        period=300,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
    )
