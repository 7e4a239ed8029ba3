"""Alerts in a Slack channel, through Amazon Q Developer in chat applications (formerly AWS Chatbot)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import chatbot_slack_channel_configuration
from mlinfra.constructs.parts import environment_of, trust_policy, workload_role

if TYPE_CHECKING:
    from mlinfra._cdk.aws import iam_role
    from mlinfra.declarations import Environment, SlackChannel

_GUARDRAIL = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
"""The most that members of the channel can do. Without a guardrail AWS sets AdministratorAccess. Source: AWS Chatbot
API reference, CreateSlackChannelConfiguration, read 2026-11-29."""


class SlackNotifications(Construct):
    """The environment's alerts in a Slack channel.

    A person authorizes the workspace once in the console of the account. The role has no permissions: members of the
    channel read alerts and run no commands. No webhook and no token is stored.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        channel: SlackChannel,
        environment: Environment | None = None,
    ) -> None:
        """Declare the configuration of the channel and its role.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            channel: the workspace and the channel.
            environment: the environment, whose alert topic the channel receives. Default: the environment of the
                enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        name = f"{environment.names.prefix}-slack"
        self._role = workload_role(
            self,
            "role",
            environment=environment,
            name=name,
            trust=trust_policy(
                "chatbot.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": environment.account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:chatbot::{environment.account_id}:chat-configuration/*"},
                },
            ),
            description="Role of the Slack channel with alerts. It has no permissions.",
        )
        self._configuration = chatbot_slack_channel_configuration.ChatbotSlackChannelConfiguration(
            self,
            "configuration",
            configuration_name=name,
            iam_role_arn=self._role.arn,
            slack_team_id=channel.workspace_id,
            slack_channel_id=channel.channel_id,
            sns_topic_arns=[environment.names.alerts_topic_arn],
            guardrail_policy_arns=[_GUARDRAIL],
            logging_level="ERROR",
        )

    @property
    def role(self) -> iam_role.IamRole:
        """The role of the channel, without permissions."""
        return self._role

    @property
    def configuration(self) -> chatbot_slack_channel_configuration.ChatbotSlackChannelConfiguration:
        """The configuration of the channel."""
        return self._configuration
