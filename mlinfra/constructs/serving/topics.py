"""Topics for completed and failed asynchronous requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import sns_topic, sns_topic_policy
from mlinfra.constructs.parts import policy_document, statement

if TYPE_CHECKING:
    from collections.abc import Sequence


class ServingTopics(Construct):
    """A topic for results and one for failures, to which callers subscribe."""

    def __init__(self, scope: Construct, id: str, *, name: str, key_arn: str) -> None:  # noqa: A002
        """Declare the topics.

        Args:
            scope: the endpoint's construct.
            id: the construct's id, unique in its scope.
            name: the endpoint's name, the prefix of theirs.
            key_arn: the KMS key that encrypts messages.
        """
        super().__init__(scope, id)
        self._success = self._topic("succeeded", name, key_arn)
        self._error = self._topic("failed", name, key_arn)

    @property
    def success_arn(self) -> str:
        """The ARN of the topic for results."""
        return str(self._success.arn)

    @property
    def error_arn(self) -> str:
        """The ARN of the topic for failures."""
        return str(self._error.arn)

    @property
    def arns(self) -> Sequence[str]:
        """The ARNs of both."""
        return [self.success_arn, self.error_arn]

    def _topic(self, what: str, name: str, key_arn: str) -> sns_topic.SnsTopic:
        topic = sns_topic.SnsTopic(self, what, name=f"{name}-{what}", kms_master_key_id=key_arn)
        sns_topic_policy.SnsTopicPolicy(
            self,
            f"{what}-policy",
            arn=topic.arn,
            # Who may do something is said by roles of the account.
            policy=policy_document(
                statement(
                    "DenyInsecureTransport",
                    effect="Deny",
                    principals={"AWS": "*"},
                    actions=["sns:Publish"],
                    resources=[str(topic.arn)],
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                )
            ),
        )
        return topic
