"""The network that everything else runs in: private by default."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, Fn, TerraformResourceLifecycle
from mlinfra._cdk.aws import (
    data_aws_availability_zones,
    default_security_group,
    eip,
    internet_gateway,
    nat_gateway,
    route,
    route_table,
    route_table_association,
    subnet,
    vpc as vpcs,
    vpc_endpoint,
)
from mlinfra.constructs.account.flow_logs import FlowLogs
from mlinfra.constructs.account.interface_endpoints import add_interface_endpoints
from mlinfra.constructs.parts import environment_of
from mlinfra.declarations import NODE_SERVICES, QUEUE_SERVICES

if TYPE_CHECKING:
    from mlinfra.declarations import Environment

_EVERYWHERE = "0.0.0.0/0"


class Network(Construct):
    """A VPC with a private subnet in each of several zones.

    Resources in it have no public addresses. S3 is reached through a gateway endpoint, which is free, so that training
    data incurs no charges of the NAT gateway. With the environment's `interface_endpoints`, the other services that
    nodes call are reached through endpoints too. Flow logs record the connections.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        compute_key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the network, with the addresses, zones and gateways that the environment declares.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            compute_key_arn: the ARN of the KMS key for flow logs, and for volumes and logs of constructs that get
                this network as `network=`. Its policy must allow EC2 and CloudWatch Logs to use it.
            environment: the environment of the network. Default: the environment of the enclosing MlStack.
        """
        self._environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._compute_key_arn = compute_key_arn
        cidr = ipaddress.IPv4Network(self._environment.network_cidr)
        # Eighths of the network: one for each private subnet, the last one for all public subnets.
        eighths = list(cidr.subnets(prefixlen_diff=3))
        self._private_blocks, self._public_blocks = eighths[:6], list(eighths[-1].subnets(prefixlen_diff=3))

        self._vpc = vpcs.Vpc(
            self,
            "vpc",
            cidr_block=str(cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._name(),
        )
        # Managed without rules, so that a resource that uses it by mistake can neither send nor receive.
        default_security_group.DefaultSecurityGroup(self, "default-security-group", vpc_id=self._vpc.id)
        self._zones = data_aws_availability_zones.DataAwsAvailabilityZones(
            self,
            "zones",
            state="available",
            # Without local zones and wavelength zones, which have to be opted in to.
            filter=[
                data_aws_availability_zones.DataAwsAvailabilityZonesFilter(
                    name="opt-in-status", values=["opt-in-not-required"]
                )
            ],
        )
        zones = range(self._environment.availability_zones)
        self._private_subnets = [self._private_subnet(zone) for zone in zones]
        self._route_tables = [self._route_table(f"private-{zone + 1}", self._private_subnets[zone]) for zone in zones]
        self._s3_endpoint()
        if self._environment.nat_gateways != "none":
            self._nat_gateways()
        if self._environment.interface_endpoints:
            self._service_endpoints()
        FlowLogs(
            self,
            "flow-logs",
            vpc_id=self._vpc.id,
            name=self._environment.names.prefix,
            key_arn=compute_key_arn,
            retention_days=self._environment.flow_log_retention_days,
            environment=self._environment,
        )

    @property
    def vpc(self) -> vpcs.Vpc:
        """The VPC itself."""
        return self._vpc

    @property
    def vpc_id(self) -> str:
        """The VPC's id."""
        return str(self._vpc.id)

    @property
    def compute_key_arn(self) -> str:
        """The ARN of the KMS key for flow logs, and for volumes and logs of what runs in the network."""
        return self._compute_key_arn

    @property
    def private_subnet_ids(self) -> list[str]:
        """The private subnets' ids, one for each zone."""
        return [str(each.id) for each in self._private_subnets]

    def _name(self, part: str = "") -> dict[str, str]:
        return {"Name": f"{self._environment.names.prefix}-{part}" if part else self._environment.names.prefix}

    def _subnet(self, name: str, zone: int, block: ipaddress.IPv4Network) -> subnet.Subnet:
        return subnet.Subnet(
            self,
            name,
            vpc_id=self._vpc.id,
            cidr_block=str(block),
            # Begins again with the first zone in a region that has fewer zones than requested.
            availability_zone=Fn.element(self._zones.names, zone),
            map_public_ip_on_launch=False,
            tags=self._name(name),
            # A zone that AWS adds can change the order of the list, which must not replace subnets.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
        )

    def _private_subnet(self, zone: int) -> subnet.Subnet:
        return self._subnet(f"private-{zone + 1}", zone, self._private_blocks[zone])

    def _route_table(self, name: str, of: subnet.Subnet) -> route_table.RouteTable:
        table = route_table.RouteTable(self, f"{name}-routes", vpc_id=self._vpc.id, tags=self._name(name))
        route_table_association.RouteTableAssociation(
            self,
            f"{name}-association",
            route_table_id=table.id,
            subnet_id=of.id,
        )
        return table

    def _s3_endpoint(self) -> None:
        self._gateway_endpoint("s3")

    def _gateway_endpoint(self, service: str) -> None:
        vpc_endpoint.VpcEndpoint(
            self,
            f"{service}-endpoint",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._environment.region}.{service}",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in self._route_tables],
            tags=self._name(service),
        )

    def _service_endpoints(self) -> None:
        """Endpoints for the services that nodes call, in every zone that has the service."""
        self._gateway_endpoint("dynamodb")
        services = NODE_SERVICES + (QUEUE_SERVICES if self._environment.queues else ())
        add_interface_endpoints(
            self,
            services,
            vpc_id=self.vpc_id,
            vpc_cidr=str(self._vpc.cidr_block),
            subnet_ids=self.private_subnet_ids,
            zones=[str(each.availability_zone) for each in self._private_subnets],
            region=self._environment.region,
            prefix=self._environment.names.prefix,
        )

    def _nat_gateways(self) -> None:
        internet = internet_gateway.InternetGateway(self, "internet-gateway", vpc_id=self._vpc.id, tags=self._name())
        count = 1 if self._environment.nat_gateways == "single" else self._environment.availability_zones
        gateways = [self._nat_gateway(zone, internet) for zone in range(count)]
        for zone, table in enumerate(self._route_tables):
            route.Route(
                self,
                f"private-{zone + 1}-to-internet",
                route_table_id=table.id,
                destination_cidr_block=_EVERYWHERE,
                nat_gateway_id=gateways[min(zone, count - 1)].id,
            )

    def _nat_gateway(self, zone: int, internet: internet_gateway.InternetGateway) -> nat_gateway.NatGateway:
        name = f"public-{zone + 1}"
        public = self._subnet(name, zone, self._public_blocks[zone])
        table = self._route_table(name, public)
        route.Route(
            self,
            f"{name}-to-internet",
            route_table_id=table.id,
            destination_cidr_block=_EVERYWHERE,
            gateway_id=internet.id,
        )
        address = eip.Eip(
            self,
            f"nat-{zone + 1}-address",
            domain="vpc",
            tags=self._name(f"nat-{zone + 1}"),
            depends_on=[internet],
        )
        return nat_gateway.NatGateway(
            self,
            f"nat-{zone + 1}",
            allocation_id=address.id,
            subnet_id=public.id,
            tags=self._name(f"nat-{zone + 1}"),
            depends_on=[internet],
        )
