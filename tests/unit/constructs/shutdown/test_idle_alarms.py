"""Alarms for idle clusters and for clusters without metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.shutdown.idle_alarms import IdleAlarms
from mlinfra.constructs.shutdown.idle_stop import IdleStopFunction
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
TOPIC = "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts"
CLUSTER = "recsys-dev-two-tower-v2"


def guarded(synth: Synth, experiment: Any = None, **changes: Any) -> Template:
    def build(stack: MlStack) -> None:
        IdleAlarms(
            stack,
            "guard",
            cluster_name=CLUSTER,
            experiment=experiment or an_experiment(),
            idle_stop=IdleStopFunction(stack, "idle-stop", key_arn=KEY),
        )

    return synth.constructs(build, environment=an_environment(**changes), inputs={"experiment": experiment})


def alarm(config: Template, name: str) -> dict[str, Any]:
    return config.one("aws_cloudwatch_metric_alarm", {"alarm_name": name})


def idle(config: Template) -> dict[str, Any]:
    return alarm(config, f"{CLUSTER}-gpu-idle")


def silence(config: Template) -> dict[str, Any]:
    return alarm(config, f"{CLUSTER}-gpu-silence")


def test_idle_is_when_the_busiest_gpu_does_nothing_for_twenty_minutes(synth: Synth) -> None:
    made = idle(guarded(synth))
    assert (made["namespace"], made["metric_name"]) == ("CWAgent", "nvidia_smi_utilization_gpu")
    assert made["dimensions"] == {"AutoScalingGroupName": CLUSTER}
    assert (made["statistic"], made["comparison_operator"], made["threshold"]) == ("Maximum", "LessThanThreshold", 5)
    assert made["period"] * made["evaluation_periods"] == 20 * 60
    assert made["datapoints_to_alarm"] == made["evaluation_periods"]


@pytest.mark.parametrize(("minutes", "periods"), [(20, 4), (45, 9), (360, 72)])
def test_threshold_and_duration_follow_the_environment(synth: Synth, minutes: int, periods: int) -> None:
    made = idle(guarded(synth, idle_minutes=minutes, idle_gpu_percent=12.5))
    assert (made["evaluation_periods"], made["datapoints_to_alarm"], made["threshold"]) == (periods, periods, 12.5)
    assert f"below 12.5% for {minutes} minutes" in made["alarm_description"]


def test_missing_data_is_not_idleness(synth: Synth) -> None:
    assert idle(guarded(synth))["treat_missing_data"] == "notBreaching"


@pytest.mark.parametrize(
    ("stops", "end"),
    [
        (True, "will be stopped once a check of every node confirms that it is idle."),
        (False, "keeps running, because its experiment sets stop_when_idle=False."),
    ],
)
def test_the_alarm_notifies_and_invokes_the_function(
    synth: Synth,
    stops: bool,  # noqa: FBT001
    end: str,
) -> None:
    config = guarded(synth, an_experiment(stop_when_idle=stops))
    function = config.address("aws_lambda_function")
    assert idle(config)["alarm_actions"] == [TOPIC, f"${{{function}.arn}}"]
    assert f"{end} Owner: ana@example.com." in idle(config)["alarm_description"]


def test_alarms_of_the_environment_alone_may_call_the_function(synth: Synth) -> None:
    config = guarded(synth)
    permissions = config.resources("aws_lambda_permission").values()
    (permission,) = [each for each in permissions if each["principal"] == "lambda.alarms.cloudwatch.amazonaws.com"]
    assert permission["source_account"] == "111111111111"
    assert permission["source_arn"] == "arn:aws:cloudwatch:us-east-1:111111111111:alarm:recsys-dev-*"
    assert idle(config)["alarm_name"].startswith("recsys-dev-")


def test_silence_is_when_nodes_run_and_none_reports(synth: Synth) -> None:
    made = silence(guarded(synth))
    queries = {each["id"]: each for each in made["metric_query"]}
    assert queries["silent"]["expression"] == "nodes > reports"
    assert [each["id"] for each in made["metric_query"] if each.get("return_data")] == ["silent"]
    assert {
        name: (each["metric"]["metric_name"], each["metric"]["stat"])
        for name, each in queries.items()
        if "metric" in each
    } == {
        "nodes": ("GroupInServiceInstances", "Minimum"),
        "reports": ("nvidia_smi_utilization_gpu", "SampleCount"),
    }
    assert {each["metric"]["period"] for each in queries.values() if "metric" in each} == {300}
    assert (made["evaluation_periods"], made["threshold"], made["treat_missing_data"]) == (3, 0, "notBreaching")


@pytest.mark.parametrize("instance_type", ["trn2.48xlarge", "inf2.xlarge"])
def test_nodes_without_nvidia_gpus_have_no_alarm_on_missing_gpu_metrics(synth: Synth, instance_type: str) -> None:
    made = guarded(synth, sizes={"small": instance_type}).resources("aws_cloudwatch_metric_alarm")
    assert not [each for each in made.values() if each["alarm_name"].endswith("gpu-silence")]


def test_missing_metrics_only_notify(synth: Synth) -> None:
    assert silence(guarded(synth))["alarm_actions"] == [TOPIC]
