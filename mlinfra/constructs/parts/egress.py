"""Outbound rules of security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import security_group, vpc_security_group_egress_rule

if TYPE_CHECKING:
    from mlinfra._cdk import Construct

HTTPS = 443


def allow_out(
    scope: Construct,
    id: str,  # noqa: A002
    group: security_group.SecurityGroup,
    *,
    description: str,
    port: int = HTTPS,
    cidr: str = "0.0.0.0/0",
) -> vpc_security_group_egress_rule.VpcSecurityGroupEgressRule:
    """Allow outbound TCP connections from the members of `group`.

    Args:
        scope: the parent construct.
        id: the rule's id, unique in its scope.
        group: the security group.
        description: the destination and the purpose, in a few words.
        port: the port. Default: 443, HTTPS.
        cidr: the addresses. Default: all.
    """
    return vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
        scope,
        id,
        description=description,
        security_group_id=group.id,
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
    )
