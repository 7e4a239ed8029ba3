"""The function for unhealthy nodes and its rule. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.node_unhealthy import NodeUnhealthyFunction
from mlinfra.functions.contract import Event

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synth: Synth) -> Template:
    return synth.constructs(lambda stack: NodeUnhealthyFunction(stack, "watch", key_arn=KEY))


def test_it_receives_the_events_of_nodes_of_the_environment(synth: Synth) -> None:
    assert json.loads(made(synth).one("aws_cloudwatch_event_rule")["event_pattern"]) == {
        "source": [Event.NODE_SOURCE],
        "detail-type": [Event.NODE_UNHEALTHY],
        "detail": {"cluster": [{"prefix": "recsys-dev-"}]},
    }


def test_it_has_no_permission_to_stop_anything(synth: Synth) -> None:
    policy = json.loads(made(synth).one("aws_iam_role_policy")["policy"])
    actions = {
        action
        for each in policy["Statement"]
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert {action for action in actions if action.startswith(("autoscaling:", "ec2:"))} == {
        "autoscaling:DescribeAutoScalingGroups"
    }
