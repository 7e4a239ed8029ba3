"""The janitor and its schedule. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.shutdown.janitor import Janitor
from mlinfra.constructs.shutdown.permissions import for_the_account
from mlinfra.functions.settings import Settings
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synth: Synth, **changes: Any) -> Template:
    return synth.constructs(
        lambda stack: Janitor(stack, "janitor", key_arn=KEY), environment=an_environment(**changes), inputs={}
    )


def settings(config: Template) -> Settings:
    """As the function itself reads them."""
    variables = config.one("aws_lambda_function")["environment"]["variables"]
    return Settings.read(dry_run_by_default=True, variables=variables)


def test_it_runs_every_hour_one_run_at_a_time(synth: Synth) -> None:
    config = made(synth)
    assert config.one("aws_cloudwatch_event_rule")["schedule_expression"] == "rate(1 hour)"
    function = config.one("aws_lambda_function")
    assert (function["handler"], function["reserved_concurrent_executions"]) == ("mlinfra.functions.janitor.handler", 1)


def test_a_run_that_an_hour_could_not_begin_is_left_to_the_next(synth: Synth) -> None:
    config = made(synth)
    assert config.one("aws_lambda_function_event_invoke_config")["maximum_event_age_in_seconds"] == 3600
    assert config.one("aws_cloudwatch_event_target")["retry_policy"]["maximum_event_age_in_seconds"] == 3600


def test_its_variables_follow_the_environment(synth: Synth) -> None:
    environment = an_environment(volume_grace_days=5)
    read = settings(made(synth, volume_grace_days=5))
    assert (read.table, read.topic) == (environment.names.records_table, environment.names.alerts_topic_arn)
    assert (read.prefix, read.grace.days) == ("recsys-dev-", 5)


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_dry_run_follows_the_setting_of_the_environment(synth: Synth, dry_run: bool) -> None:  # noqa: FBT001
    assert settings(made(synth, janitor_dry_run=dry_run)).dry_run is dry_run


def test_the_janitor_of_a_new_environment_acts(synth: Synth) -> None:
    assert settings(made(synth)).dry_run is False


def test_its_role_may_do_what_a_janitor_may(synth: Synth) -> None:
    policy = json.loads(made(synth).one("aws_iam_role_policy")["policy"])
    granted = [each["Sid"] for each in policy["Statement"]]
    asked = [each["Sid"] for each in for_the_account(an_environment(), key_arn=KEY)]
    assert granted == ["WriteLog", "SendDeadLetters", "Trace", "ReadVariables", *asked]


def test_missing_runs_are_reported(synth: Synth) -> None:
    alarms = made(synth).resources("aws_cloudwatch_metric_alarm").values()
    (alarm,) = [each for each in alarms if each["metric_name"] == "Invocations"]
    assert (alarm["period"], alarm["evaluation_periods"], alarm["treat_missing_data"]) == (3600, 3, "breaching")
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
