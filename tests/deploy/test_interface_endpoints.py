"""A network whose nodes reach AWS without a NAT gateway: real Terraform, real AWS provider, local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra import EncryptionKey, Network
from mlinfra.declarations import NODE_SERVICES
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Synth

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("interface-endpoints")]


def test_every_service_has_an_address_in_each_zone_and_a_second_plan_is_empty(
    synth: Synth, terraform: StackTerraform
) -> None:
    environment = an_environment(
        name="local",
        account_id="123456789012",
        emulated=True,
        availability_zones=2,
        nat_gateways="none",
        interface_endpoints=True,
    )

    def build(stack: MlStack) -> None:
        key = EncryptionKey(stack, "key", name="compute", description="Logs.", services=["logs"])
        Network(stack, "network", compute_key_arn=key.arn)

    foundation = synth.constructs(build, environment, component="foundation")
    terraform.apply(foundation)
    found = boto3.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    private = {each["ServiceName"]: each for each in found if each["VpcEndpointType"] == "Interface"}
    assert private.keys() == {f"com.amazonaws.us-east-1.{service}" for service in NODE_SERVICES}
    assert {len(each["SubnetIds"]) for each in private.values()} == {2}
    terraform.plan(foundation).assert_empty()
