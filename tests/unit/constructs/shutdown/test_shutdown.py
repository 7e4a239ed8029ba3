"""All layers of shutdown together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from mlinfra import QuietHours
from mlinfra._cdk.aws import autoscaling_group
from mlinfra.constructs.shutdown.shutdown import Shutdown
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra import Experiment, MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
EVENING = QuietHours(begin="20:00")


def watched(synth: Synth, *experiments: Experiment, **changes: Any) -> Template:
    def build(stack: MlStack) -> None:
        shutdown = Shutdown(stack, "shutdown", key_arn=KEY)
        for each in experiments:
            shutdown.watch(cluster_name=stack.environment.names.cluster(each), experiment=each)

    environment = an_environment(experiments=experiments, **changes)
    return synth.constructs(build, environment=environment, inputs={"experiments": experiments})


def alarm_names(config: Template) -> set[str]:
    return {each["alarm_name"] for each in config.resources("aws_cloudwatch_metric_alarm").values()}


def test_an_environment_has_one_table_and_a_function_for_each_layer_that_needs_one(synth: Synth) -> None:
    config = watched(synth)
    functions = config.resources("aws_lambda_function").values()
    assert {each["function_name"] for each in functions} == {
        "recsys-dev-janitor",
        "recsys-dev-job-finished",
        "recsys-dev-idle",
        "recsys-dev-interruption",
        "recsys-dev-node-unhealthy",
    }
    assert config.one("aws_dynamodb_table")["name"] == "recsys-dev-clusters"


def test_every_function_has_a_role_of_its_own(synth: Synth) -> None:
    functions = watched(synth).resources("aws_lambda_function").values()
    assert len({each["role"] for each in functions}) == 5


@pytest.mark.parametrize(("reserved", "expected"), [(1, {1}), (None, {None})])
def test_an_account_with_a_small_quota_reserves_no_runs(
    synth: Synth,
    reserved: Literal[1] | None,
    expected: set[int | None],
) -> None:
    functions = watched(synth, reserved_concurrency=reserved).resources("aws_lambda_function").values()
    assert {each.get("reserved_concurrent_executions") for each in functions} == expected


def test_all_functions_run_the_same_package(synth: Synth) -> None:
    functions = watched(synth).resources("aws_lambda_function").values()
    assert len({(each["filename"], each["source_code_hash"]) for each in functions}) == 1


def test_each_cluster_has_its_alarms_and_its_quiet_hours(synth: Synth) -> None:
    config = watched(synth, an_experiment(), an_experiment(name="ranker"), quiet_hours=EVENING)
    assert {
        f"recsys-dev-{name}-{what}" for name in ("two-tower-v2", "ranker") for what in ("gpu-idle", "gpu-silence")
    } <= (alarm_names(config))
    groups = {each["autoscaling_group_name"] for each in config.resources("aws_autoscaling_schedule").values()}
    assert groups == {"recsys-dev-two-tower-v2", "recsys-dev-ranker"}


def test_a_cluster_with_a_reason_works_in_quiet_hours(synth: Synth) -> None:
    experiment = an_experiment(works_in_quiet_hours="The benchmark takes two days.")
    config = watched(synth, experiment, quiet_hours=EVENING)
    config.has_no_resource("aws_autoscaling_schedule")
    assert "recsys-dev-two-tower-v2-gpu-idle" in alarm_names(config)


def test_no_alarm_of_a_cluster_has_the_name_of_one_of_a_function(synth: Synth) -> None:
    names = ("janitor", "idle", "interruption", "job-finished", "node-unhealthy")
    experiments = [an_experiment(name=name) for name in names]
    config = watched(synth, *experiments)
    assert len(alarm_names(config)) == len(config.resources("aws_cloudwatch_metric_alarm"))


def test_the_schedule_is_made_after_the_group_that_it_is_for(synth: Synth) -> None:
    experiment = an_experiment()

    def build(stack: MlStack) -> None:
        tags = [
            autoscaling_group.AutoscalingGroupTag(key=key, value=value, propagate_at_launch=True)
            for key, value in stack.default_tags.items()
        ]
        group = autoscaling_group.AutoscalingGroup(stack, "group", min_size=0, max_size=1, tag=tags)
        Shutdown(stack, "shutdown", key_arn=KEY).watch(cluster_name=group.name, experiment=experiment)

    config = synth.constructs(build, environment=an_environment(experiments=[experiment], quiet_hours=EVENING))
    group = config.address("aws_autoscaling_group")
    name = f"${{{group}.name}}"
    assert config.one("aws_autoscaling_schedule")["autoscaling_group_name"] == name


def test_an_undeclared_experiment_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        Shutdown(stack, "shutdown", key_arn=KEY).watch(cluster_name="x", experiment=an_experiment(name="other"))

    with pytest.raises(ValueError, match=r"'dev' does not declare the experiment 'other'\. Declared: two-tower-v2\."):
        synth.constructs(build, environment=an_environment(experiments=[an_experiment()]))


def test_a_cluster_is_watched_once(synth: Synth) -> None:
    experiment = an_experiment()

    def build(stack: MlStack) -> None:
        shutdown = Shutdown(stack, "shutdown", key_arn=KEY)
        for _ in range(2):
            shutdown.watch(cluster_name="recsys-dev-two-tower-v2", experiment=experiment)

    with pytest.raises(
        ValueError, match=r"'two-tower-v2' is already watched\. Expected: one call for each experiment\."
    ):
        synth.constructs(build, environment=an_environment(experiments=[experiment]))
