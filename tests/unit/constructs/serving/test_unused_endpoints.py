"""Schedule and permissions of the endpoint watch. Its decisions are tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest

from mlinfra import UnusedEndpoints
from mlinfra.functions.unused_endpoints import WatchSettings
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synth: Synth, **changes: Any) -> Template:
    return synth.constructs(
        lambda stack: UnusedEndpoints(stack, "watch", key_arn=KEY), environment=an_environment(**changes), inputs={}
    )


def settings(config: Template) -> WatchSettings:
    """As the function itself reads them."""
    return WatchSettings.read(config.one("aws_lambda_function")["environment"]["variables"])


def statements(config: Template) -> dict[str, dict[str, Any]]:
    policy = json.loads(config.one("aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


@pytest.mark.parametrize("reserved", [1, None])
def test_it_reserves_the_concurrency_of_its_environment(synth: Synth, reserved: Literal[1] | None) -> None:
    function = made(synth, reserved_concurrency=reserved).one("aws_lambda_function")
    assert function.get("reserved_concurrent_executions") == reserved


def test_it_runs_every_day(synth: Synth) -> None:
    config = made(synth)
    assert config.one("aws_cloudwatch_event_rule")["schedule_expression"] == "rate(1 day)"
    assert config.one("aws_lambda_function")["handler"] == "mlinfra.functions.unused_endpoints.handler"


def test_its_variables_name_the_environment_of_the_endpoints(synth: Synth) -> None:
    read = settings(made(synth))
    assert (read.environment, read.prefix) == ("dev", "recsys-dev-")
    assert read.topic == an_environment().names.alerts_topic_arn


@pytest.mark.parametrize("dry_run", [True, False])
def test_deletion_follows_the_setting_of_the_environment(synth: Synth, dry_run: bool) -> None:  # noqa: FBT001
    assert settings(made(synth, janitor_dry_run=dry_run)).deletes is not dry_run


def test_the_function_of_a_new_environment_acts(synth: Synth) -> None:
    assert settings(made(synth)).deletes is True


def test_it_deletes_only_what_may_be_stopped_in_its_environment(synth: Synth) -> None:
    found = statements(made(synth))
    condition = {"StringEquals": {"aws:ResourceTag/AutoStop": "true", "aws:ResourceTag/Environment": "dev"}}
    assert found["DeleteUnused"]["Action"] == "sagemaker:DeleteEndpoint"
    assert found["DeleteUnused"]["Resource"] == "arn:aws:sagemaker:us-east-1:111111111111:endpoint/recsys-dev-*"
    assert found["DeleteUnused"]["Condition"] == found["DeregisterScaling"]["Condition"] == condition


def test_only_what_knows_no_resource_is_allowed_everywhere(synth: Synth) -> None:
    anywhere = {sid for sid, each in statements(made(synth)).items() if each["Resource"] == "*"}
    assert anywhere == {"ReadUsage", "Trace"}


def test_missing_runs_are_reported(synth: Synth) -> None:
    found = made(synth).resources("aws_cloudwatch_metric_alarm").values()
    (alarm,) = [each for each in found if each["metric_name"] == "Invocations"]
    assert (alarm["period"], alarm["evaluation_periods"], alarm["treat_missing_data"]) == (86_400, 2, "breaching")
