"""The function for finished jobs and its rule. Its handler is tested in tests/unit/functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown.job_finished import JobFinishedFunction
from mlinfra.functions.contract import Event
from mlinfra.functions.settings import Settings

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def made(synth: Synth) -> Template:
    return synth.constructs(lambda stack: JobFinishedFunction(stack, "watch", key_arn=KEY))


def test_it_receives_the_events_of_finished_jobs_of_the_environment(synth: Synth) -> None:
    assert json.loads(made(synth).one("aws_cloudwatch_event_rule")["event_pattern"]) == {
        "source": [Event.JOB_SOURCE],
        "detail-type": [Event.JOB_ENDED],
        "detail": {"cluster": [{"prefix": "recsys-dev-"}]},
    }


def test_an_undelivered_event_is_kept(synth: Synth) -> None:
    config = made(synth)
    queue = config.address("aws_sqs_queue")
    assert config.one("aws_cloudwatch_event_target")["dead_letter_config"] == {"arn": f"${{{queue}.arn}}"}


def test_it_acts_in_a_new_environment_too(synth: Synth) -> None:
    """The end of a job stops its cluster even in a dry run, which applies to the janitor only."""
    function = made(synth).one("aws_lambda_function")
    assert function["handler"] == "mlinfra.functions.job_finished.handler"
    read = Settings.read(dry_run_by_default=False, variables=function["environment"]["variables"])
    assert (read.dry_run, read.prefix) == (False, "recsys-dev-")
