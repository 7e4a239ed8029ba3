"""The function for interruptions and its rule. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.interruption import InterruptionFunction

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synth: Synth) -> Template:
    return synth.constructs(lambda stack: InterruptionFunction(stack, "interruption", key_arn=KEY))


def test_it_is_invoked_by_spot_interruptions_and_the_end_of_capacity_blocks(synth: Synth) -> None:
    assert json.loads(made(synth).one("aws_cloudwatch_event_rule")["event_pattern"]) == {
        "source": ["aws.ec2"],
        "detail-type": [
            "Capacity Block Expiration Warning",
            "Capacity Block Reservation Expiration Warning",
            "EC2 Spot Instance Interruption Warning",
            "EC2 Capacity Reservation Instance Interruption Warning",
        ],
    }


def test_it_finds_nodes_and_stops_nothing(synth: Synth) -> None:
    policy = json.loads(made(synth).one("aws_iam_role_policy")["policy"])
    actions = {
        action
        for each in policy["Statement"]
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert {action for action in actions if action.startswith(("autoscaling:", "ec2:"))} == {"ec2:DescribeInstances"}
    assert {"dynamodb:UpdateItem", "sns:Publish", "events:PutEvents"} <= actions
