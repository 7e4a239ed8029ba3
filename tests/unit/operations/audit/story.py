"""An account with eight GPU clusters in three regions, three of which are unmanaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mlinfra import Environment
    from mlinfra.local_aws.server import LocalAws

ACCOUNT = "123456789012"
MAIN = """
import json, os
from pathlib import Path

out = Path(os.environ["CDKTF_OUTDIR"])
folder = out / "stacks" / "dev-training"
folder.mkdir(parents=True)
groups = {"two-tower": {}, "ranker": {}, "retrieval": {}}
(folder / "cdk.tf.json").write_text(json.dumps({"resource": {"aws_autoscaling_group": groups}}))
stack = {"name": "dev-training", "workingDirectory": "stacks/dev-training", "dependencies": []}
(out / "manifest.json").write_text(json.dumps({"stacks": {"dev-training": stack}}))
"""


def the_environment(**changes: Any) -> Environment:
    """The environment of the account of a local AWS."""
    return an_environment(account_id=ACCOUNT, emulated=True, **changes)


def a_project(root: Path) -> Path:
    """A project whose code declares three clusters."""
    (root / "main.py").write_text(MAIN)
    return root


def put_state(client: Callable[..., Any], bucket: str, key: str, resources: Sequence[Mapping[str, Any]]) -> None:
    """Write a state of Terraform with resources of one instance each.

    Args:
        client: boto3 clients.
        bucket: the bucket, which is created.
        key: the key of the state.
        resources: type, name and attributes.
    """
    if bucket not in {each["Name"] for each in client("s3").list_buckets()["Buckets"]}:
        client("s3").create_bucket(Bucket=bucket)
    document = {
        "version": 4,
        "resources": [
            {
                "mode": "managed",
                "type": each["type"],
                "name": each["name"],
                "instances": [{"attributes": each["attributes"]}],
            }
            for each in resources
        ],
    }
    client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())


def image_of(region: str) -> str:
    """A machine image of a local AWS."""
    return DEEP_LEARNING_IMAGES[0].image_id(region)


def a_group(client: Callable[..., Any], name: str, type_: str, nodes: int, region: str, **tags: str) -> dict[str, Any]:
    """An auto scaling group, as an entry of a state."""
    ec2, autoscaling = client("ec2", region), client("autoscaling", region)
    image = image_of(region)
    template = ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": type_}
    )["LaunchTemplate"]["LaunchTemplateId"]
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=nodes,
        DesiredCapacity=nodes,
        AvailabilityZones=[f"{region}a"],
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()],
    )
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return {
        "type": "aws_autoscaling_group",
        "name": name.removeprefix("recsys-dev-"),
        "attributes": {"id": name, "arn": group["AutoScalingGroupARN"]},
    }


def run_instances(
    client: Callable[..., Any], name: str, type_: str, count: int, region: str, **arguments: Any
) -> list[str]:
    """Instances that were launched by hand, and their ids."""
    ec2 = client("ec2", region)
    image = image_of(region)
    tags = [{"Key": "Name", "Value": name}] if name else []
    specifications = [{"ResourceType": "instance", "Tags": tags}] if tags else []
    answer = ec2.run_instances(
        ImageId=image,
        InstanceType=type_,
        MinCount=count,
        MaxCount=count,
        TagSpecifications=specifications,
        **arguments,
    )
    return [each["InstanceId"] for each in answer["Instances"]]


def clients_of_user(client: Callable[..., Any], server: LocalAws, name: str) -> Callable[..., Any]:
    """boto3 clients with the access key of a new user."""
    iam = client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def connect(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=server.endpoint,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return connect


def tell_story(client: Callable[..., Any], server: LocalAws) -> None:
    """Fill the account: three declared clusters, one orphaned, one of CloudFormation, and three unmanaged ones."""
    environment = the_environment()
    owned = {"Project": "recsys", "Environment": "dev", "Owner": "ana@example.com", "AutoStop": "true"}
    entries = [
        a_group(client, "recsys-dev-two-tower", "p4d.24xlarge", 2, "us-east-1", **owned),
        a_group(client, "recsys-dev-ranker", "g5.12xlarge", 2, "us-east-1", **owned),
        a_group(client, "recsys-dev-retrieval", "g5.12xlarge", 1, "us-east-1", **owned),
        a_group(client, "recsys-dev-old", "g5.48xlarge", 1, "us-east-1", **owned, Expires="2026-01-31"),
    ]
    key = environment.names.state_key("training")
    put_state(client, environment.names.state_bucket, key, entries)
    elsewhere = [a_group(client, "search-index", "g4dn.12xlarge", 2, "us-west-2")]
    put_state(client, "search-team-terraform", "index.tfstate", elsewhere)
    ben = clients_of_user(client, server, "ben@example.com")
    run_instances(ben, "hackathon", "p4d.24xlarge", 4, "us-west-2", KeyName="ben-laptop")
    run_instances(client, "", "p3.16xlarge", 2, "eu-west-1", KeyName="temp")
    a_group(client, "cluster-7", "g5.48xlarge", 1, "eu-west-1")
    client("ec2", "eu-west-1").create_volume(AvailabilityZone="eu-west-1a", Size=500, VolumeType="gp3")
