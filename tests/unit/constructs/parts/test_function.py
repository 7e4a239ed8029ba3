"""A function, and what is around it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.parts.event_rule import EventRule
from mlinfra.constructs.parts.function import Function
from mlinfra.constructs.parts.policy import statement

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
TOPIC = "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts"


def a_function(stack: MlStack, **options: Any) -> Function:
    values: dict[str, Any] = {
        "name": "recsys-dev-janitor",
        "handler": "mlinfra.functions.janitor.handler",
        "description": "Looks.",
        "statements": [statement("Look", actions=["ec2:DescribeInstances"], resources=["*"])],
    }
    return Function(stack, "function", **(values | options))


@pytest.fixture
def config(synth: Synth) -> Template:
    return synth.constructs(a_function)


def policy_of(config: Template, type_name: str) -> dict[str, Any]:
    policy = json.loads(config.one(type_name)["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def test_it_runs_the_package_on_the_newest_python_that_the_provider_knows(config: Template) -> None:
    function = config.one("aws_lambda_function")
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["arm64"])
    assert function["filename"].startswith("assets/")
    assert function["source_code_hash"]


def test_its_role_is_lambdas_alone_and_may_do_what_the_statements_say(config: Template) -> None:
    trust = json.loads(config.one("aws_iam_role")["assume_role_policy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    granted = policy_of(config, "aws_iam_role_policy")
    assert set(granted) == {"WriteLog", "SendDeadLetters", "Trace", "Look"}
    assert granted["Look"]["Action"] == "ec2:DescribeInstances"


def test_it_writes_no_log_but_its_own(config: Template) -> None:
    address = config.address("aws_cloudwatch_log_group")
    assert policy_of(config, "aws_iam_role_policy")["WriteLog"] == {
        "Sid": "WriteLog",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"${{{address}.arn}}:*",
    }


def test_its_log_is_kept_for_90_days_and_exists_before_the_function(config: Template) -> None:
    address = config.address("aws_cloudwatch_log_group")
    group = config.one("aws_cloudwatch_log_group")
    assert (group["name"], group["retention_in_days"]) == ("/aws/lambda/recsys-dev-janitor", 90)
    logging = config.one("aws_lambda_function")["logging_config"]
    assert logging == {"log_format": "JSON", "log_group": f"${{{address}.name}}"}


def test_it_is_made_after_its_role_may_send_dead_letters(config: Template) -> None:
    policy = config.address("aws_iam_role_policy")
    assert config.one("aws_lambda_function")["depends_on"] == [f"{policy}"]


def test_failed_events_are_retried_twice_and_then_kept_for_14_days(config: Template) -> None:
    queue = config.address("aws_sqs_queue")
    events = config.one("aws_lambda_function_event_invoke_config")
    assert (events["maximum_retry_attempts"], events["maximum_event_age_in_seconds"]) == (2, 21_600)
    assert config.one("aws_lambda_function")["dead_letter_config"] == {"target_arn": f"${{{queue}.arn}}"}
    kept = config.one("aws_sqs_queue")
    assert (kept["message_retention_seconds"], kept["sqs_managed_sse_enabled"]) == (14 * 86_400, True)


def test_dead_letters_come_from_its_own_rule_and_over_tls_only(config: Template) -> None:
    policy = policy_of(config, "aws_sqs_queue_policy")
    rule = "arn:aws:events:us-east-1:111111111111:rule/recsys-dev-janitor"
    assert policy["AllowRule"]["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}
    assert policy["DenyInsecureTransport"]["Effect"] == "Deny"


def test_dead_letters_of_a_second_rule_are_kept_too(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        function = a_function(stack)
        EventRule(stack, "hourly", function=function, description="Hourly.", schedule="rate(1 hour)")
        EventRule(stack, "daily", function=function, description="Daily.", schedule="rate(1 day)", name_suffix="-daily")

    policy = policy_of(synth.constructs(build), "aws_sqs_queue_policy")
    rule = "arn:aws:events:us-east-1:111111111111:rule/recsys-dev-janitor"
    assert policy["AllowRule"]["Condition"] == {"ArnEquals": {"aws:SourceArn": [rule, f"{rule}-daily"]}}


def test_alarms_report_every_error_and_every_dead_letter(config: Template) -> None:
    alarms = {each["metric_name"]: each for each in config.resources("aws_cloudwatch_metric_alarm").values()}
    assert set(alarms) == {"Errors", "ApproximateNumberOfMessagesVisible"}
    for alarm in alarms.values():
        assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["treat_missing_data"] == "notBreaching"
        assert alarm["alarm_actions"] == [TOPIC]
    assert alarms["Errors"]["dimensions"] == {"FunctionName": "recsys-dev-janitor"}
    queue = config.one("aws_sqs_queue")["name"]
    assert alarms["ApproximateNumberOfMessagesVisible"]["dimensions"] == {"QueueName": queue}


def test_one_concurrent_run_by_default(config: Template, synth: Synth) -> None:
    assert config.one("aws_lambda_function")["reserved_concurrent_executions"] == 1
    unreserved = synth.constructs(lambda stack: a_function(stack, reserved_concurrency=None))
    assert "reserved_concurrent_executions" not in unreserved.one("aws_lambda_function")


def test_a_key_encrypts_its_log_and_its_variables_which_it_alone_reads(synth: Synth) -> None:
    config = synth.constructs(lambda stack: a_function(stack, key_arn=KEY, variables={"MLINFRA_TABLE": "t"}))
    function = config.one("aws_lambda_function")
    assert (function["kms_key_arn"], function["environment"]) == (KEY, {"variables": {"MLINFRA_TABLE": "t"}})
    assert config.one("aws_cloudwatch_log_group")["kms_key_id"] == KEY
    granted = policy_of(config, "aws_iam_role_policy")["ReadVariables"]
    own = "arn:aws:lambda:us-east-1:111111111111:function:recsys-dev-janitor"
    assert granted["Action"] == "kms:Decrypt"
    assert granted["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": own}}


def test_options_are_passed_to_lambda(synth: Synth) -> None:
    options = {"timeout_seconds": 900, "memory_mib": 512, "event_age_seconds": 3600, "retention_days": 365}
    config = synth.constructs(
        lambda stack: a_function(stack, **options, alerts_topic_arn="arn:aws:sns:us-east-1:1:others")
    )
    function = config.one("aws_lambda_function")
    assert (function["timeout"], function["memory_size"]) == (900, 512)
    assert config.one("aws_lambda_function_event_invoke_config")["maximum_event_age_in_seconds"] == 3600
    assert config.one("aws_cloudwatch_log_group")["retention_in_days"] == 365
    alarms = config.resources("aws_cloudwatch_metric_alarm").values()
    assert {topic for each in alarms for topic in each["alarm_actions"]} == {"arn:aws:sns:us-east-1:1:others"}


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("name", "n" * 65, "name='n{65}' has 65 characters. Expected: at most 64."),
        (
            "handler",
            "janitor.handler",
            "handler='janitor.handler' is not in the package. Expected: a function of mlinfra/",
        ),
        ("handler", "mlinfra.functions.janitors.handler", "is not in the package"),
        ("timeout_seconds", 901, "timeout_seconds=901 is outside of Lambda's limits. Expected: 1 to 900."),
        ("timeout_seconds", 0, "timeout_seconds=0 is outside"),
        ("memory_mib", 64, "memory_mib=64 is outside of Lambda's limits. Expected: 128 to 10240."),
        ("event_age_seconds", 59, "event_age_seconds=59 is outside of Lambda's limits. Expected: 60 to 21600."),
        ("retention_days", 10, "retention_days=10 is not offered by CloudWatch Logs. Expected: 1, 3, 5, 7, 14, 30"),
        ("reserved_concurrency", 0, "would keep the function from ever running. Expected: 1 or more, or None"),
    ],
)
def test_settings_that_lambda_rejects_are_refused(synth: Synth, option: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth.constructs(lambda stack: a_function(stack, **{option: value}))


def test_a_rule_invokes_it_and_undelivered_events_are_kept(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        EventRule(stack, "rule", function=a_function(stack), description="Hourly.", schedule="rate(1 hour)")

    config = synth.constructs(build)
    queue, rule = config.address("aws_sqs_queue"), config.address("aws_cloudwatch_event_rule")
    assert config.one("aws_cloudwatch_event_rule")["name"] == "recsys-dev-janitor"
    target = config.one("aws_cloudwatch_event_target")
    assert target["dead_letter_config"] == {"arn": f"${{{queue}.arn}}"}
    assert target["retry_policy"] == {"maximum_event_age_in_seconds": 21_600, "maximum_retry_attempts": 185}
    permission = config.one("aws_lambda_permission")
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["source_arn"] == f"${{{rule}.arn}}"
    assert permission["source_account"] == "111111111111"


@pytest.mark.parametrize("options", [{}, {"schedule": "rate(1 hour)", "event_pattern": {"source": ["mlinfra.job"]}}])
def test_a_rule_waits_for_either_events_or_the_clock(synth: Synth, options: dict[str, Any]) -> None:
    def build(stack: MlStack) -> None:
        EventRule(stack, "rule", function=a_function(stack), description="?", **options)

    with pytest.raises(ValueError, match="Expected: either event_pattern or schedule"):
        synth.constructs(build)
