"""The role and the settings of a Slack channel with alerts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra import SlackChannel, SlackNotifications

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def test_the_channel_receives_alerts_and_cannot_change_anything(synth: Synth) -> None:
    channel = SlackChannel(workspace_id="T0123ABCD", channel_id="C0456EFGH")
    config = synth.constructs(lambda stack: SlackNotifications(stack, "slack", channel=channel))
    made = config.one("aws_chatbot_slack_channel_configuration")
    assert (made["slack_team_id"], made["slack_channel_id"]) == ("T0123ABCD", "C0456EFGH")
    assert made["sns_topic_arns"] == ["arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts"]
    assert made["guardrail_policy_arns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
    config.has_no_resource("aws_iam_role_policy")
    config.has_no_resource("aws_iam_role_policy_attachment")
    (trust,) = json.loads(config.one("aws_iam_role")["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "chatbot.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111111111111"}
