"""Configurations of Slack channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNEL = {
    "SlackTeamId": "T0123ABCD",
    "SlackChannelId": "C0456EFGH",
    "IamRoleArn": "arn:aws:iam::123456789012:role/slack",
    "ConfigurationName": "alerts",
}


@pytest.fixture
def chatbot(client: Callable[..., Any]) -> Any:
    made = client("chatbot", "us-west-2")
    for each in made.describe_slack_channel_configurations()["SlackChannelConfigurations"]:
        made.delete_slack_channel_configuration(ChatConfigurationArn=each["ChatConfigurationArn"])
    return made


def test_a_configuration_is_created_described_changed_and_deleted(chatbot: Any) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    made = chatbot.create_slack_channel_configuration(**CHANNEL, SnsTopicArns=[topic])["ChannelConfiguration"]
    arn = made["ChatConfigurationArn"]
    assert arn == "arn:aws:chatbot::123456789012:chat-configuration/slack-channel/alerts"
    # Without a guardrail, members of the channel could do everything that the role can.
    assert made["GuardrailPolicyArns"] == ["arn:aws:iam::aws:policy/AdministratorAccess"]
    chatbot.update_slack_channel_configuration(ChatConfigurationArn=arn, SlackChannelId="C0789", LoggingLevel="ERROR")
    (found,) = chatbot.describe_slack_channel_configurations(ChatConfigurationArn=arn)["SlackChannelConfigurations"]
    assert (found["SlackChannelId"], found["LoggingLevel"], found["SnsTopicArns"]) == ("C0789", "ERROR", [topic])
    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    assert chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"] == []


def test_configurations_belong_to_the_account_and_not_to_a_region(chatbot: Any, client: Callable[..., Any]) -> None:
    chatbot.create_slack_channel_configuration(**CHANNEL)
    elsewhere = client("chatbot", "us-east-2").describe_slack_channel_configurations()["SlackChannelConfigurations"]
    assert [each["ConfigurationName"] for each in elsewhere] == ["alerts"]


def test_a_channel_has_one_configuration(chatbot: Any) -> None:
    chatbot.create_slack_channel_configuration(**CHANNEL)
    with pytest.raises(ClientError, match="ConflictException"):
        chatbot.create_slack_channel_configuration(**{**CHANNEL, "ConfigurationName": "other"})


def test_configurations_have_tags(chatbot: Any) -> None:
    made = chatbot.create_slack_channel_configuration(**CHANNEL, Tags=[{"TagKey": "Team", "TagValue": "ml"}])
    arn = made["ChannelConfiguration"]["ChatConfigurationArn"]
    chatbot.tag_resource(ResourceARN=arn, Tags=[{"TagKey": "Owner", "TagValue": "ana"}])
    chatbot.untag_resource(ResourceARN=arn, TagKeys=["Team"])
    assert chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"TagKey": "Owner", "TagValue": "ana"}]


def test_an_unknown_configuration_is_refused(chatbot: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        chatbot.delete_slack_channel_configuration(
            ChatConfigurationArn="arn:aws:chatbot::123456789012:chat-configuration/slack-channel/missing"
        )
