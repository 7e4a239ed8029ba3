"""Load balancers in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.operations.audit.readers.reading import charges, read, read_one

if TYPE_CHECKING:
    from collections.abc import Callable


def test_load_balancers_have_their_type_tags_and_exposure(client: Callable[..., Any]) -> None:
    elbv2 = client("elbv2")
    subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]]
    tags = [{"Key": "Owner", "Value": "ana"}]
    elbv2.create_load_balancer(Name="web", Subnets=subnets, Scheme="internet-facing", Tags=tags)
    elbv2.create_load_balancer(Name="inner", Subnets=subnets, Scheme="internal", Type="network")
    web, inner = sorted(read(client, "load-balancer"), key=lambda each: each.name, reverse=True)
    assert (web.tags, charges(web)) == ({"Owner": "ana"}, [("elb", "alb", 1)])
    assert web.problems == ("The load balancer accepts connections from the internet.",)
    assert (inner.problems, charges(inner)) == ((), [("elb", "nlb", 1)])
    assert web.is_unattached


def test_a_load_balancer_with_a_target_group_is_attached(client: Callable[..., Any]) -> None:
    elbv2, ec2 = client("elbv2"), client("ec2")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    balancers = elbv2.create_load_balancer(Name="web", Subnets=[each["SubnetId"] for each in subnets])["LoadBalancers"]
    arn = balancers[0]["LoadBalancerArn"]
    vpc = subnets[0]["VpcId"]
    groups = elbv2.create_target_group(Name="nodes", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"]
    group = groups[0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=forward)
    assert not read_one(client, "load-balancer").is_unattached


def test_more_load_balancers_than_a_request_for_tags_takes(client: Callable[..., Any]) -> None:
    elb = client("elb")
    listener = [{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}]
    for number in range(21):
        elb.create_load_balancer(
            LoadBalancerName=f"old-{number}",
            Listeners=listener,
            AvailabilityZones=["us-east-1a"],
            Tags=[{"Key": "number", "Value": str(number)}],
        )
    found = read(client, "classic-load-balancer")
    assert {each.name: each.tags["number"] for each in found} == {f"old-{number}": str(number) for number in range(21)}
    assert all(each.is_unattached for each in found)
