"""What a training cluster is made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import Image, TrainingCluster
from tests.conftest import an_environment, an_experiment, only

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack

    Synthesize = Callable[..., dict[str, Any]]


def cluster(synthesize: Synthesize, *, sizes: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"experiments": [an_experiment(**changes)], "max_nodes": 8}
    environment = an_environment(**settings | ({"sizes": sizes} if sizes else {}))

    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack,
            "cluster",
            experiment=environment.experiments[0],
            vpc_id="vpc-1",
            subnet_ids=["subnet-1", "subnet-2"],
            key_arn="arn:aws:kms:us-east-1:111111111111:key/1",
        )

    return synthesize(build, environment=environment)


@pytest.mark.parametrize(
    ("size", "instance_type"), [("small", "p3.2xlarge"), ("medium", "p3.8xlarge"), ("large", "p3.16xlarge")]
)
def test_a_size_gives_the_instance_type_of_the_environment(
    synthesize: Synthesize, size: str, instance_type: str
) -> None:
    assert only(cluster(synthesize, size=size), "aws_launch_template")["instance_type"] == instance_type


def test_an_environment_may_replace_the_sizes(synthesize: Synthesize) -> None:
    config = cluster(synthesize, sizes={"small": "g4dn.xlarge"})
    assert only(config, "aws_launch_template")["instance_type"] == "g4dn.xlarge"


def test_the_root_volume_is_encrypted_and_as_large_as_asked_for(synthesize: Synthesize) -> None:
    (device,) = only(cluster(synthesize, root_volume_gib=500), "aws_launch_template")["block_device_mappings"]
    assert device["ebs"] == {
        "volume_type": "gp3",
        "volume_size": 500,
        "encrypted": "true",
        "kms_key_id": "arn:aws:kms:us-east-1:111111111111:key/1",
        "delete_on_termination": "true",
    }


def test_the_root_volume_is_200_gib_by_default(synthesize: Synthesize) -> None:
    (device,) = only(cluster(synthesize), "aws_launch_template")["block_device_mappings"]
    assert device["ebs"]["volume_size"] == 200


def test_metadata_needs_a_token(synthesize: Synthesize) -> None:
    assert only(cluster(synthesize), "aws_launch_template")["metadata_options"]["http_tokens"] == "required"


def test_a_v100_boots_an_image_whose_driver_supports_it(synthesize: Synthesize) -> None:
    config = cluster(synthesize)
    image = only(config, "aws_ami", kind="data")
    assert image["owners"] == ["amazon"]
    assert image["filter"] == [
        {"name": "name", "values": ["Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version *"]}
    ]
    assert only(config, "aws_launch_template")["block_device_mappings"][0]["device_name"] == "/dev/xvda"


def test_a_newer_gpu_boots_the_open_driver_image(synthesize: Synthesize) -> None:
    config = cluster(synthesize, sizes={"small": "p4d.24xlarge"})
    template = only(config, "aws_launch_template")
    assert template["image_id"].startswith("resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver")
    assert template["block_device_mappings"][0]["device_name"] == "/dev/sda1"
    assert "aws_ami" not in config.get("data", {})


@pytest.mark.parametrize("kind", ["instance", "volume", "network-interface"])
def test_whose_it_is_stands_on_everything_that_is_launched(synthesize: Synthesize, kind: str) -> None:
    specifications = only(cluster(synthesize), "aws_launch_template")["tag_specifications"]
    (tags,) = [each["tags"] for each in specifications if each["resource_type"] == kind]
    assert tags == {
        "Environment": "dev",
        "Team": "ml-platform",
        "Project": "recsys",
        "CostCenter": "ml-1234",
        "ManagedBy": "terraform",
        "Repository": "gitlab.example.com/ml/platform",
        "CreatedBy": "mlinfra",
        "AutoStop": "true",
        "Name": "recsys-dev-two-tower-v2",
        "Experiment": "two-tower-v2",
        "Owner": "ana@example.com",
        "Expires": "2026-12-18",
    }


def test_the_group_can_be_stopped_without_terraform_starting_it_again(synthesize: Synthesize) -> None:
    group = only(cluster(synthesize, nodes=3), "aws_autoscaling_group")
    assert (group["min_size"], group["desired_capacity"], group["max_size"]) == (0, 3, 3)
    assert group["lifecycle"] == {"ignore_changes": ["desired_capacity"]}
    assert group["vpc_zone_identifier"] == ["subnet-1", "subnet-2"]


def test_no_port_is_open_but_among_nodes(synthesize: Synthesize) -> None:
    config = cluster(synthesize)
    rule = only(config, "aws_vpc_security_group_ingress_rule")
    assert rule["referenced_security_group_id"] == rule["security_group_id"]
    outward = config["resource"]["aws_vpc_security_group_egress_rule"].values()
    assert [(each["from_port"], each["to_port"]) for each in outward if "cidr_ipv4" in each] == [(443, 443)]


def test_nodes_may_do_what_session_manager_needs_and_nothing_else(synthesize: Synthesize) -> None:
    config = cluster(synthesize)
    attached = [each["policy_arn"] for each in config["resource"]["aws_iam_role_policy_attachment"].values()]
    assert attached == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    assert "aws_iam_role_policy" not in config["resource"]
    trust = json.loads(only(config, "aws_iam_role")["assume_role_policy"])["Statement"]
    assert trust == [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]


def test_a_cluster_of_an_experiment_that_nobody_declared_is_refused(synthesize: Synthesize) -> None:
    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack, "cluster", experiment=an_experiment(name="ghost"), vpc_id="vpc-1", subnet_ids=[], key_arn="arn"
        )

    with pytest.raises(ValueError, match=r"'dev' does not declare the experiment 'ghost'. Declared: none"):
        synthesize(build)


def test_an_image_of_the_environment_is_used(synthesize: Synthesize) -> None:
    image = Image(reference="ami-0123456789abcdef0")
    environment = an_environment(images={"v100": image}, experiments=[an_experiment()])

    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack,
            "cluster",
            experiment=environment.experiments[0],
            vpc_id="vpc-1",
            subnet_ids=["subnet-1"],
            key_arn="arn:aws:kms:us-east-1:111111111111:key/1",
        )

    config = synthesize(build, environment=environment)
    assert only(config, "aws_launch_template")["image_id"] == "ami-0123456789abcdef0"
