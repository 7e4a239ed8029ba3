"""What each construct makes, on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra import DataLake, EncryptionKey, Network, TrainingCluster
from tests.conftest import an_environment, an_experiment
from tests.snapshots.conftest import infrastructure

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

    from mlinfra import MlStack

    Synthesize = Callable[..., dict[str, Any]]


def resources(config: dict[str, Any]) -> dict[str, Any]:
    return {kind: block for kind, block in infrastructure(config).items() if kind in {"resource", "data"}}


def test_encryption_key(synthesize: Synthesize, snapshot: SnapshotAssertion) -> None:
    def build(stack: MlStack) -> None:
        EncryptionKey(stack, "key", name="compute", description="Encrypts volumes.", services=["ec2", "logs"])

    assert resources(synthesize(build)) == snapshot


def test_network(synthesize: Synthesize, snapshot: SnapshotAssertion) -> None:
    config = synthesize(
        lambda stack: Network(stack, "network", log_key_arn="arn:aws:kms:us-east-1:111111111111:key/1"),
        environment=an_environment(availability_zones=2, nat_gateways="per-zone"),
    )
    assert resources(config) == snapshot


def test_data_lake(synthesize: Synthesize, snapshot: SnapshotAssertion) -> None:
    assert resources(synthesize(lambda stack: DataLake(stack, "lake", zones=["raw", "models"]))) == snapshot


def test_training_cluster(synthesize: Synthesize, snapshot: SnapshotAssertion) -> None:
    environment = an_environment(experiments=[an_experiment(size="medium", nodes=2)])

    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack,
            "cluster",
            experiment=environment.experiments[0],
            vpc_id="vpc-1",
            subnet_ids=["subnet-1", "subnet-2"],
            key_arn="arn:aws:kms:us-east-1:111111111111:key/1",
        )

    assert resources(synthesize(build, environment=environment)) == snapshot
