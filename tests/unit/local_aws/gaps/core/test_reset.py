"""Resources after a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


def test_a_reset_deletes_the_resources_of_all_services_and_regions(
    client: Callable[..., Any], mlinfra_local_aws: LocalAws
) -> None:
    client("s3").create_bucket(Bucket="kept-until-reset")
    client("s3").put_object(Bucket="kept-until-reset", Key="key", Body=b"x")
    client("ssm", "eu-west-1").put_parameter(Name="/kept/until/reset", Value="x", Type="String")
    client("iam").create_user(UserName="kept-until-reset")
    instance = client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    default_vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]

    mlinfra_local_aws.reset()

    assert client("s3").list_buckets()["Buckets"] == []
    assert client("ssm", "eu-west-1").describe_parameters()["Parameters"] == []
    assert client("iam").list_users()["Users"] == []
    assert client("ec2").describe_instances()["Reservations"] == []
    assert instance["VpcId"] == default_vpc
    (new_vpc,) = client("ec2").describe_vpcs()["Vpcs"]
    assert new_vpc["VpcId"] != default_vpc


def test_a_bucket_can_be_created_again_after_a_reset(client: Callable[..., Any], mlinfra_local_aws: LocalAws) -> None:
    client("s3").create_bucket(Bucket="created-twice")
    mlinfra_local_aws.reset()
    client("s3").create_bucket(Bucket="created-twice")
    assert "Contents" not in client("s3").list_objects_v2(Bucket="created-twice")
