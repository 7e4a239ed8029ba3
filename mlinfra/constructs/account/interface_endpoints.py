"""Interface endpoints: private addresses of AWS services in a VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Fn, Token
from mlinfra._cdk.aws import (
    data_aws_vpc_endpoint_service,
    security_group as security_groups,
    vpc_endpoint,
    vpc_security_group_ingress_rule,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra._cdk import Construct

_HTTPS = 443


def add_interface_endpoints(
    scope: Construct,
    services: Sequence[str],
    *,
    vpc_id: str,
    vpc_cidr: str,
    subnet_ids: Sequence[str],
    zones: Sequence[str],
    region: str,
    prefix: str,
) -> None:
    """Add an endpoint for each of `services` to a VPC, under the public names of the services.

    An endpoint has an address in each zone in which AWS offers the service: a request for any other zone is refused.

    Args:
        scope: the network.
        services: the names of the services, such as `ecr.api`.
        vpc_id: the VPC.
        vpc_cidr: its addresses, which may call the services.
        subnet_ids: the private subnets.
        zones: the zone of each of them, in the same order.
        region: the region.
        prefix: the prefix of names.
    """
    group = security_groups.SecurityGroup(
        scope,
        "endpoints",
        name=f"{prefix}-endpoints",
        description=f"AWS services in the network of {prefix}",
        vpc_id=vpc_id,
        tags={"Name": f"{prefix}-endpoints"},
    )
    vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
        scope,
        "endpoints-from-network",
        description="HTTPS from the network",
        security_group_id=group.id,
        cidr_ipv4=vpc_cidr,
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
    )
    # In a region with fewer zones than subnets, the zones repeat in their order, and an endpoint takes one subnet of
    # each zone.
    count = Fn.length_of(Fn.distinct(list(zones)))
    own_subnets, own_zones = (Token.as_list(Fn.slice(list(each), 0, count)) for each in (subnet_ids, zones))
    for service in services:
        name = service.replace(".", "-")
        offered = data_aws_vpc_endpoint_service.DataAwsVpcEndpointService(
            scope, f"{name}-service", service_name=f"com.amazonaws.{region}.{service}", service_type="Interface"
        )
        vpc_endpoint.VpcEndpoint(
            scope,
            f"{name}-endpoint",
            vpc_id=vpc_id,
            service_name=offered.service_name,
            vpc_endpoint_type="Interface",
            subnet_ids=Fn.matchkeys(own_subnets, own_zones, offered.availability_zones),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            tags={"Name": f"{prefix}-{name}"},
        )
