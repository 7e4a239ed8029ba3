"""Delivery of events to what mlinfra did not create: the rule, the permission, and the queue of undelivered events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra._cdk import TerraformResource
from mlinfra._cdk.aws import sqs_queue
from mlinfra.constructs.parts.event_delivery import EventDelivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:release"
MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:release"
QUEUE = "release"


def delivering(synth: Synth, receiver: Callable[[MlStack], Any], id_: str = "approved") -> Template:
    def build(stack: MlStack) -> None:
        EventDelivery(
            stack,
            id_,
            receiver=receiver(stack),
            description="Releases.",
            event_pattern={"source": ["aws.sagemaker"]},
        )

    return synth.constructs(build)


def a_resource(type_: str) -> Callable[[MlStack], TerraformResource]:
    return lambda stack: TerraformResource(stack, "own", terraform_resource_type=type_)


def a_queue(**options: Any) -> Callable[[MlStack], sqs_queue.SqsQueue]:
    return lambda stack: sqs_queue.SqsQueue(stack, "own", name=QUEUE, **options)


def statements(policy: str) -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


@pytest.mark.parametrize(
    ("receiver", "function"),
    [
        (lambda _: FUNCTION, {"function_name": "release"}),
        (lambda _: f"{FUNCTION}:live", {"function_name": "release", "qualifier": "live"}),
        (a_resource("aws_lambda_function"), {"function_name": "${aws_lambda_function.own.function_name}"}),
    ],
)
def test_a_function_may_be_invoked_by_the_rule_alone(
    synth: Synth, receiver: Callable[[MlStack], Any], function: dict[str, str]
) -> None:
    config = delivering(synth, receiver)
    permission = config.one("aws_lambda_permission")
    rule = config.address("aws_cloudwatch_event_rule")
    assert {name: permission.get(name) for name in ("function_name", "qualifier") if name in permission} == function
    assert (permission["action"], permission["principal"]) == ("lambda:InvokeFunction", "events.amazonaws.com")
    assert (permission["source_arn"], permission["source_account"]) == (f"${{{rule}.arn}}", "111111111111")
    assert "role_arn" not in config.one("aws_cloudwatch_event_target")


@pytest.mark.parametrize(
    ("receiver", "arn"),
    [
        (lambda _: MACHINE, MACHINE),
        (a_resource("aws_sfn_state_machine"), "${aws_sfn_state_machine.own.arn}"),
    ],
)
def test_a_state_machine_is_started_by_a_role_for_it_alone(
    synth: Synth, receiver: Callable[[MlStack], Any], arn: str
) -> None:
    config = delivering(synth, receiver)
    role = config.one("aws_iam_role")
    assert role["name"].startswith("recsys-dev-")
    assert role["permissions_boundary"].endswith(":policy/recsys-dev-boundary")
    assert json.loads(role["assume_role_policy"])["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    granted = statements(config.one("aws_iam_role_policy")["policy"])
    assert granted == {
        "Start": {"Sid": "Start", "Effect": "Allow", "Action": "states:StartExecution", "Resource": arn},
    }
    target = config.one("aws_cloudwatch_event_target")
    assert (target["arn"], target["role_arn"]) == (arn, f"${{{config.address('aws_iam_role')}.arn}}")
    assert target["depends_on"] == [f"{config.address('aws_iam_role_policy')}"]


def test_a_queue_accepts_messages_of_the_rule_over_tls_only(synth: Synth) -> None:
    config = delivering(synth, a_queue(sqs_managed_sse_enabled=True))
    policies = {each["queue_url"]: each for each in config.resources("aws_sqs_queue_policy").values()}
    policy = policies["${aws_sqs_queue.own.url}"]
    granted = statements(policy["policy"])
    rule = config.address("aws_cloudwatch_event_rule")
    assert granted["AllowRule"]["Condition"] == {"ArnEquals": {"aws:SourceArn": f"${{{rule}.arn}}"}}
    assert granted["AllowRule"]["Resource"] == "${aws_sqs_queue.own.arn}"
    assert granted["DenyInsecureTransport"]["Effect"] == "Deny"


def test_what_cannot_be_delivered_is_kept_and_reported(synth: Synth) -> None:
    config = delivering(synth, lambda _: FUNCTION)
    rule, queue = config.one("aws_cloudwatch_event_rule"), config.one("aws_sqs_queue")
    assert (rule["name"], queue["name"]) == ("recsys-dev-test-approved", "recsys-dev-test-approved-dead-letters")
    target = config.one("aws_cloudwatch_event_target")
    assert target["dead_letter_config"] == {"arn": f"${{{config.address('aws_sqs_queue')}.arn}}"}
    granted = statements(config.one("aws_sqs_queue_policy")["policy"])
    arn = "arn:aws:events:us-east-1:111111111111:rule/recsys-dev-test-approved"
    assert granted["AllowRule"]["Condition"] == {"ArnEquals": {"aws:SourceArn": arn}}
    alarm = config.one("aws_cloudwatch_metric_alarm")
    assert alarm["dimensions"] == {"QueueName": queue["name"]}
    assert "could not deliver an event of the rule recsys-dev-test-approved" in alarm["alarm_description"]


def test_names_that_are_too_long_end_with_a_digest_and_differ(synth: Synth) -> None:
    names = {
        delivering(synth, lambda _: MACHINE, f"{'release' * 8}-{each}").one("aws_iam_role")["name"] for each in "ab"
    }
    assert {len(each) for each in names} == {64}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("receiver", "message"),
    [
        (lambda _: "release", r"cannot be delivered to 'release'\. Expected: a Function, an aws_lambda_function"),
        (lambda _: "arn:aws:sqs:us-east-1:111111111111:release", "Of a queue, the resource itself is required"),
        (lambda stack: stack, "cannot be delivered to dev-test"),
        (a_resource("aws_sns_topic"), "cannot be delivered to dev-test/own"),
        (lambda stack: a_resource("aws_lambda_function")(stack).get_string_attribute("arn"), "cannot be delivered to"),
        (
            lambda _: MACHINE.replace("us-east-1", "eu-west-1"),
            "in another account or region than the environment 'dev'",
        ),
        (lambda _: FUNCTION.replace("111111111111", "222222222222"), "in us-east-1 of 111111111111"),
        (a_queue(fifo_queue=True), r"the queue dev-test/own: it is a FIFO queue"),
        (a_queue(kms_master_key_id="alias/aws/sqs"), "encrypted with alias/aws/sqs, which EventBridge may not use"),
        (a_queue(policy="{}"), "it has a policy, which would be replaced"),
    ],
)
def test_what_eventbridge_cannot_deliver_to_is_refused(
    synth: Synth, receiver: Callable[[MlStack], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        delivering(synth, receiver)
