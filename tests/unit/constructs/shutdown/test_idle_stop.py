"""The function that idle alarms invoke. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra.constructs.shutdown.idle_stop import IdleStopFunction
from mlinfra.constructs.shutdown.permissions import for_clusters
from mlinfra.functions.settings import Settings
from tests.conftest import an_environment, only

if TYPE_CHECKING:
    from collections.abc import Callable

    Synthesize = Callable[..., dict[str, Any]]

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synthesize: Synthesize) -> dict[str, Any]:
    return synthesize(lambda stack: IdleStopFunction(stack, "idle-stop", key_arn=KEY))


def test_its_variables_follow_the_environment_and_it_is_not_a_dry_run(synthesize: Synthesize) -> None:
    function = only(made(synthesize), "aws_lambda_function")
    assert function["handler"] == "mlinfra.functions.idle.handler"
    read = Settings.read(dry_run_by_default=False, variables=function["environment"]["variables"])
    assert (read.dry_run, read.prefix, read.table) == (False, "recsys-dev-", an_environment().names.records_table)


def test_its_role_reaches_clusters_of_the_environment(synthesize: Synthesize) -> None:
    policy = json.loads(only(made(synthesize), "aws_iam_role_policy")["policy"])
    assert policy["Statement"][-len(for_clusters(an_environment(), key_arn=KEY)) :] == for_clusters(
        an_environment(), key_arn=KEY
    )


def test_nothing_but_alarms_starts_it(synthesize: Synthesize) -> None:
    config = made(synthesize)
    assert only(config, "aws_lambda_permission")["principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
    assert "aws_cloudwatch_event_rule" not in config["resource"]
