"""Network settings, and the classes that can be passed as `network=`."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from mlinfra import Network, NetworkSettings, Platform, TrainingCluster
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack
    from mlinfra.constructs.parts import PrivateNetwork
    from mlinfra.testing import Synth

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def test_at_least_one_subnet_is_required() -> None:
    with pytest.raises(ValueError, match=r"^private_subnet_ids is empty\. Expected: the ids of one or more private"):
        NetworkSettings(vpc_id="vpc-1", private_subnet_ids=[], compute_key_arn=KEY)


def test_the_settings_are_frozen() -> None:
    settings = NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1"], compute_key_arn=KEY)
    with pytest.raises(FrozenInstanceError):
        settings.vpc_id = "vpc-2"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("network", "vpc_id"),
    [
        (lambda stack: Network(stack, "network", compute_key_arn=KEY), "${aws_vpc.network_vpc_"),
        (Platform.lookup, "${data.aws_ssm_parameter.platform_foundation-vpc-id_"),
        (
            lambda _: NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1"], compute_key_arn=KEY),
            "vpc-1",
        ),
    ],
    ids=["network", "platform", "settings"],
)
def test_a_construct_takes_each_kind_of_network(
    synth: Synth, network: Callable[[MlStack], PrivateNetwork], vpc_id: str
) -> None:
    environment = an_environment(experiments=[an_experiment()])

    shutdown = SimpleNamespace(shutdown_table="recsys-dev-clusters")

    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack, "cluster", experiment=environment.experiments[0], network=network(stack), shutdown=shutdown
        )

    group = synth.constructs(build, environment=environment).one("aws_security_group")
    assert group["vpc_id"].startswith(vpc_id)
