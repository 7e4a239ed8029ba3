"""Shutdown of clusters: declared in the stack or the app, or looked up; otherwise the synth fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import MlStack, NetworkSettings, Platform, Shutdown, TrainingCluster
from mlinfra.testing import SynthesisError
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
NETWORK = NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1"], compute_key_arn=KEY)
PARAMETER = "/mlinfra/recsys/dev/shutdown/records-table"
ENVIRONMENT = an_environment(experiments=[an_experiment()])


def a_cluster(stack: MlStack, **arguments: Any) -> None:
    values: dict[str, Any] = {"network": NETWORK} | arguments
    TrainingCluster(stack, "cluster", experiment=ENVIRONMENT.experiments[0], **values)


def looked_up(config: Template) -> list[str]:
    return [each["name"] for each in config.find("aws_ssm_parameter", kind="data").values()]


def test_a_cluster_without_any_shutdown_fails_the_synth(synth: Synth) -> None:
    message = (
        r"the cluster 'recsys-dev-two-tower-v2' would never be stopped: neither its stack nor its app has the "
        r"Shutdown of 'dev'\. Expected: Shutdown\(self, 'shutdown', key_arn=\.\.\.\) in the same stack, before the "
        r"cluster; or, if another project has deployed it, shutdown=Platform\.lookup\(self\)\."
    )
    with pytest.raises(SynthesisError, match=message):
        synth.constructs(a_cluster, environment=ENVIRONMENT)


def test_a_stack_may_contain_its_own_shutdown(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        Shutdown(stack, "shutdown", key_arn=KEY)
        a_cluster(stack)

    assert looked_up(synth.constructs(build, environment=ENVIRONMENT)) == []


def test_another_stack_of_the_app_may_have_the_shutdown_even_if_it_is_declared_later(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        a_cluster(stack)
        app: Any = stack.node.root
        Shutdown(MlStack(app, ENVIRONMENT, "training"), "shutdown", key_arn=KEY)

    assert looked_up(synth.constructs(build, environment=ENVIRONMENT)) == []


def test_the_shutdown_of_another_environment_does_not_count(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        Shutdown(stack, "shutdown", key_arn=KEY, environment=an_environment(name="prod"))
        a_cluster(stack)

    with pytest.raises(SynthesisError, match="would never be stopped"):
        synth.constructs(build, environment=ENVIRONMENT)


@pytest.mark.parametrize("argument", ["network", "shutdown"])
def test_a_platform_looks_the_shutdown_up(synth: Synth, argument: str) -> None:
    config = synth.constructs(
        lambda stack: a_cluster(stack, **{argument: Platform.lookup(stack)}), environment=ENVIRONMENT
    )
    assert PARAMETER in looked_up(config)


def test_the_shutdown_of_the_same_stack_is_not_looked_up(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        Shutdown(stack, "shutdown", key_arn=KEY)
        a_cluster(stack, network=Platform.lookup(stack))

    assert PARAMETER not in looked_up(synth.constructs(build, environment=ENVIRONMENT))


def test_a_shutdown_that_is_declared_after_its_look_up_fails_the_synth(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        a_cluster(stack, network=Platform.lookup(stack))
        Shutdown(stack, "shutdown", key_arn=KEY)

    message = "the Shutdown of 'dev' is declared after the cluster 'recsys-dev-two-tower-v2'"
    with pytest.raises(SynthesisError, match=message):
        synth.constructs(build, environment=ENVIRONMENT)


def test_the_shutdown_publishes_what_is_looked_up(synth: Synth) -> None:
    config = synth.constructs(lambda stack: Shutdown(stack, "shutdown", key_arn=KEY), environment=ENVIRONMENT)
    (parameter,) = config.resources("aws_ssm_parameter").values()
    assert parameter["name"] == PARAMETER
    assert parameter["value"].startswith("${aws_dynamodb_table.shutdown_records_table_")
