"""The function for finished jobs and its rule. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra.constructs.shutdown.job_finished import JobFinishedFunction
from mlinfra.functions.contract import Event
from mlinfra.functions.settings import Settings
from tests.conftest import only

if TYPE_CHECKING:
    from collections.abc import Callable

    Synthesize = Callable[..., dict[str, Any]]

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synthesize: Synthesize) -> dict[str, Any]:
    return synthesize(lambda stack: JobFinishedFunction(stack, "watch", key_arn=KEY))


def test_it_receives_the_events_of_finished_jobs_of_the_environment(synthesize: Synthesize) -> None:
    assert json.loads(only(made(synthesize), "aws_cloudwatch_event_rule")["event_pattern"]) == {
        "source": [Event.JOB_SOURCE],
        "detail-type": [Event.JOB_ENDED],
        "detail": {"cluster": [{"prefix": "recsys-dev-"}]},
    }


def test_an_undelivered_event_is_kept(synthesize: Synthesize) -> None:
    config = made(synthesize)
    (queue,) = config["resource"]["aws_sqs_queue"]
    assert only(config, "aws_cloudwatch_event_target")["dead_letter_config"] == {
        "arn": f"${{aws_sqs_queue.{queue}.arn}}"
    }


def test_it_acts_in_a_new_environment_too(synthesize: Synthesize) -> None:
    """The end of a job stops its cluster even in a dry run, which applies to the janitor only."""
    function = only(made(synthesize), "aws_lambda_function")
    assert function["handler"] == "mlinfra.functions.job_finished.handler"
    read = Settings.read(dry_run_by_default=False, variables=function["environment"]["variables"])
    assert (read.dry_run, read.prefix) == (False, "recsys-dev-")
