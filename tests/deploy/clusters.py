"""A stack of training clusters that a test deploys."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

from mlinfra import Alerts, EncryptionKey, Environment, Experiment, MlStack, NetworkSettings, TrainingCluster
from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock
from tests.conftest import ROOT
from tests.deploy.local_state import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlinfra import Image
    from mlinfra.operations.terraform.terraform import Terraform


_BLOCKS = ("10.0.0.0/18", "10.0.64.0/18")


class Clusters:
    """A stack of one cluster for each of some experiments, and Terraform in it."""

    def __init__(self, folder: Path, executable: Path, *, zones: Sequence[str] = ("us-east-1b", "us-east-1a")) -> None:
        self._folder = folder
        self._executable = executable
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
    ) -> Terraform:
        """Synthesize the stack.

        Args:
            experiments: what each asks for, by name.
            zone: the zone of all of them. Default: any.
            images: the images by accelerator. Default: those that this repository pins.
        """
        from mlinfra._cdk import App

        environment = Environment(
            name="local",
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
        app = App(outdir=str(self._folder))
        stack = MlStack(app, environment, "training", auto_stop=True)
        key = EncryptionKey(stack, "key", name="compute", description="Volumes and logs.", services=["ec2", "logs"])
        Alerts(stack, "alerts")
        for experiment in environment.experiments:
            TrainingCluster(
                stack,
                experiment.name,
                experiment=experiment,
                network=NetworkSettings(
                    vpc_id=self._vpc_id, private_subnet_ids=self.subnet_ids, compute_key_arn=key.arn
                ),
                zone=zone,
                shutdown=SimpleNamespace(shutdown_table=environment.names.records_table),
            )
        app.synth()
        return prepared(self._folder / "stacks" / "local-training", self._executable)


def instances(experiment: str) -> list[dict[str, Any]]:
    """The running nodes of a cluster."""
    running = [
        {"Name": "tag:Experiment", "Values": [experiment]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    answer = boto3.client("ec2").describe_instances(Filters=running)
    return [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
