"""Permissions of functions to publish messages and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts.policy import all_values_in, statement
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra.constructs.parts.policy import Statement
    from mlinfra.declarations import Environment


def alert_statements(environment: Environment) -> list[Statement]:
    """Statements for functions that publish to the environment's SNS topic.

    Args:
        environment: the environment.
    """
    region, account = environment.region, environment.account_id
    return [
        statement("PublishNotifications", actions=["sns:Publish"], resources=[environment.names.alerts_topic_arn]),
        # The topic is in another stack. Its key is identified by its alias, which needs no lookup.
        statement(
            "UseKeyOfTopic",
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=[f"arn:aws:kms:{region}:{account}:key/*"],
            conditions={
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": environment.names.alerts_key_alias},
                "StringEquals": {"kms:ViaService": f"sns.{region}.amazonaws.com"},
            },
        ),
    ]


def notification_statements(environment: Environment) -> list[Statement]:
    """Statements for functions that publish to the SNS topic and to EventBridge.

    Args:
        environment: the environment.
    """
    return [
        *alert_statements(environment),
        statement(
            "PublishEvents",
            actions=["events:PutEvents"],
            resources=[f"arn:aws:events:{environment.region}:{environment.account_id}:event-bus/default"],
            conditions=all_values_in("events:source", [Event.SHUTDOWN_SOURCE]),
        ),
    ]
