"""The function that checks all clusters every 5 minutes. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.idle_stop import IdleStopFunction
from mlinfra.constructs.shutdown.permissions import for_idle_clusters
from mlinfra.functions.settings import Settings
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synth: Synth) -> Template:
    return synth.constructs(lambda stack: IdleStopFunction(stack, "idle-stop", key_arn=KEY), inputs={})


def test_its_variables_follow_the_environment_and_it_is_not_a_dry_run(synth: Synth) -> None:
    function = made(synth).one("aws_lambda_function")
    assert function["handler"] == "mlinfra.functions.idle.handler"
    read = Settings.read(dry_run_by_default=False, variables=function["environment"]["variables"])
    assert (read.dry_run, read.prefix, read.table) == (False, "recsys-dev-", an_environment().names.records_table)


def test_its_role_reaches_clusters_of_the_environment(synth: Synth) -> None:
    policy = json.loads(made(synth).one("aws_iam_role_policy")["policy"])
    expected = for_idle_clusters(an_environment(), key_arn=KEY)
    assert policy["Statement"][-len(expected) :] == expected


def test_it_is_started_every_five_minutes_and_by_alarms(synth: Synth) -> None:
    config = made(synth)
    permissions = config.resources("aws_lambda_permission").values()
    assert {each["principal"] for each in permissions} == {
        "lambda.alarms.cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    }
    rules = {each["name"]: each for each in config.resources("aws_cloudwatch_event_rule").values()}
    assert rules.keys() == {"recsys-dev-idle", "recsys-dev-idle-nodes"}
    assert rules["recsys-dev-idle"]["schedule_expression"] == "rate(5 minutes)"


def test_it_is_started_by_idle_nodes_of_the_environment(synth: Synth) -> None:
    rules = made(synth).resources("aws_cloudwatch_event_rule").values()
    (pattern,) = [json.loads(each["event_pattern"]) for each in rules if "event_pattern" in each]
    assert pattern == {
        "source": ["mlinfra.node"],
        "detail-type": ["Training Node Idle"],
        "detail": {"cluster": [{"prefix": "recsys-dev-"}]},
    }


def test_it_has_the_longest_time_that_lambda_allows_and_late_events_are_left_to_the_next_run(
    synth: Synth,
) -> None:
    config = made(synth)
    function = config.one("aws_lambda_function")
    assert (function["timeout"], function["reserved_concurrent_executions"]) == (900, 1)
    assert config.one("aws_lambda_function_event_invoke_config")["maximum_event_age_in_seconds"] == 300
    targets = config.resources("aws_cloudwatch_event_target").values()
    assert [each["retry_policy"]["maximum_event_age_in_seconds"] for each in targets] == [300, 300]


def test_an_alarm_reports_that_it_has_not_run_for_fifteen_minutes(synth: Synth) -> None:
    alarms = made(synth).resources("aws_cloudwatch_metric_alarm").values()
    (alarm,) = [each for each in alarms if each["alarm_name"] == "recsys-dev-idle-silence"]
    assert (alarm["namespace"], alarm["metric_name"]) == ("AWS/Lambda", "Invocations")
    assert (alarm["period"], alarm["evaluation_periods"], alarm["treat_missing_data"]) == (300, 3, "breaching")
