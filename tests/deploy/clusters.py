"""A stack of training clusters that a test deploys."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

from mlinfra import Alerts, EncryptionKey, Environment, Experiment, MlStack, NetworkSettings, TrainingCluster
from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra import Image, MlApp
    from mlinfra.testing import StackTerraform, Synth, Template


_BLOCKS = ("10.0.0.0/18", "10.0.64.0/18")


class Clusters:
    """A stack of one cluster for each of some experiments, in a network that is there before."""

    def __init__(
        self,
        synth: Synth,
        terraform: StackTerraform,
        *,
        zones: Sequence[str] = ("us-east-1b", "us-east-1a"),
        component: str = "training",
        environment: str = "local",
    ) -> None:
        self.terraform = terraform
        self._synth = synth
        self._component = component
        self._environment = environment
        ec2 = boto3.client("ec2")
        self._vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet_ids = [
            ec2.create_subnet(VpcId=self._vpc_id, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for cidr, zone in zip(_BLOCKS, zones, strict=False)
        ]

    def declare(
        self,
        experiments: Mapping[str, Mapping[str, Any]],
        *,
        zone: str | None = None,
        images: Mapping[str, Image] | None = None,
    ) -> Template:
        """Synthesize the stack.

        Args:
            experiments: what each asks for, by name.
            zone: the zone of all of them. Default: any.
            images: the images by accelerator. Default: those that this repository pins.
        """
        environment = Environment(
            name=self._environment,
            project="recsys",
            account_id="123456789012",
            region="us-east-1",
            team="ml-platform",
            cost_center="none",
            repository="gitlab.example.com/ml/platform",
            monthly_spend_limit_usd=1,
            emulated=True,
            images=dict(images or {}),
            experiments=[
                Experiment(name=name, owner="ana@example.com", expires=date(2099, 12, 31), **asked)
                for name, asked in experiments.items()
            ],
            image_lock=ImageLock.load(ROOT / IMAGE_LOCK_FILE),
        )

        def make(app: MlApp, declared: Environment) -> MlStack:
            stack = MlStack(app, declared, self._component, auto_stop=True)
            key = EncryptionKey(
                stack, "key", name=f"{declared.name}-compute", description="Volumes and logs.", services=["ec2", "logs"]
            )
            Alerts(stack, "alerts")
            for experiment in declared.experiments:
                TrainingCluster(
                    stack,
                    experiment.name,
                    experiment=experiment,
                    network=NetworkSettings(
                        vpc_id=self._vpc_id, private_subnet_ids=self.subnet_ids, compute_key_arn=key.arn
                    ),
                    zone=zone,
                    shutdown=SimpleNamespace(shutdown_table=declared.names.records_table),
                )

            return stack

        return self._synth(make, environment)


def instances(experiment: str) -> list[dict[str, Any]]:
    """The running nodes of a cluster."""
    running = [
        {"Name": "tag:Experiment", "Values": [experiment]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    answer = boto3.client("ec2").describe_instances(Filters=running)
    return [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
