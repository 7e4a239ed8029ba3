"""Network of the nodes of a cluster: interfaces and security group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlinfra._cdk.aws import (
    launch_template as launch_templates,
    security_group as security_groups,
    vpc_security_group_egress_rule,
    vpc_security_group_ingress_rule,
)
from mlinfra.constructs.parts import allow_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk import Construct, ITerraformDependable
    from mlinfra.catalog import InstanceType


@dataclass(frozen=True)
class Interface:
    """One network interface of a node."""

    card: int
    """The index of its network card."""
    device: int
    """Its index on that card."""
    kind: Literal["interface", "efa-only"]
    """`interface`: IP. `efa-only`: an Elastic Fabric Adapter, which has no IP address."""


def efa_interfaces(instance_type: InstanceType) -> tuple[Interface, ...]:
    """The interfaces of a node that uses every Elastic Fabric Adapter of its type, and one IP address.

    The first one is for IP. Card 0 takes an adapter as its second device, unless it is the card that
    has none; every further card takes one as its only device. Source: EC2 user guide, "Maximize network
    bandwidth on Amazon EC2 instances with multiple network cards", read 2026-11-24.

    Args:
        instance_type: what the node is.

    Raises:
        ValueError: if it is not known which network cards have an adapter.
    """
    cards, adapters = instance_type.network_cards, instance_type.efa_count
    if not cards or adapters not in {cards, cards - 1} or not adapters:
        known = "an unknown number of" if cards is None else str(cards)
        message = (
            f"efa: {instance_type.name} has {adapters} Elastic Fabric Adapters on {known} network cards in the "
            f"catalog, so the cards with an adapter are unknown. Expected: efa=False, or another instance type."
        )
        raise ValueError(message)
    first = [Interface(card=0, device=0, kind="interface")]
    if adapters == cards:
        first.append(Interface(card=0, device=1, kind="efa-only"))
    return (*first, *(Interface(card=card, device=0, kind="efa-only") for card in range(1, cards)))


def interface_blocks(
    interfaces: tuple[Interface, ...], security_group_id: str
) -> list[launch_templates.LaunchTemplateNetworkInterfaces]:
    """`interfaces` in a launch template: private, and deleted with their node.

    They have no subnet, which the auto scaling group names.
    """
    return [
        launch_templates.LaunchTemplateNetworkInterfaces(
            network_card_index=each.card,
            device_index=each.device,
            interface_type=each.kind,
            security_groups=[security_group_id],
            # EC2 rejects the parameter with several interfaces, and then assigns no public address by default.
            associate_public_ip_address="false" if len(interfaces) == 1 else None,
            delete_on_termination="true",
        )
        for each in interfaces
    ]


_DELETE_TIMEOUT = "45m"
"""The time for which the deletion of a security group waits for its nodes. Large GPU nodes take over 15 minutes, the
default of the AWS provider, to shut down."""


def node_security_group(
    scope: Construct,
    *,
    name: str,
    owner: str,
    vpc_id: str,
    tags: Mapping[str, str],
    outlived_by: Sequence[ITerraformDependable] = (),
) -> security_groups.SecurityGroup:
    """A security group that allows traffic among its members, and to HTTPS. No other traffic is allowed.

    Elastic Fabric Adapters need all traffic from and to the group itself.

    Its deletion waits until no node is left: EC2 refuses it while interfaces use the group (DependencyViolation), and
    the AWS provider repeats it. A group that Terraform destroys with `force_delete` leaves nodes that are still
    shutting down.

    Args:
        scope: the construct that owns it.
        name: its name.
        owner: the kind of the owner, for the description.
        vpc_id: its network.
        tags: its tags.
        outlived_by: resources that are deleted after the nodes are terminated, such as a placement group, whose
            deletion EC2 refuses and the provider does not repeat (InvalidPlacementGroup.InUse). Default: none.
    """
    group = security_groups.SecurityGroup(
        scope,
        "security-group",
        name=name,
        description=f"Nodes of the {owner} {name}",
        vpc_id=vpc_id,
        tags=dict(tags),
        timeouts=security_groups.SecurityGroupTimeouts(delete=_DELETE_TIMEOUT),
        depends_on=list(outlived_by) or None,
    )
    vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
        scope,
        "from-nodes",
        description="All traffic from other nodes",
        security_group_id=group.id,
        referenced_security_group_id=group.id,
        ip_protocol="-1",
    )
    vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
        scope,
        "to-nodes",
        description="All traffic to other nodes",
        security_group_id=group.id,
        referenced_security_group_id=group.id,
        ip_protocol="-1",
    )
    allow_out(scope, "to-https", group, description="HTTPS to AWS, package indexes and registries")
    return group
