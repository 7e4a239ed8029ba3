"""Gap: in-place changes of security group rules.

moto requires ports for every changed rule, also for a rule of all protocols, and ignores a change of the
referenced group. In AWS, only TCP and UDP require ports. Source: EC2 API reference, ModifySecurityGroupRules
and SecurityGroupRuleRequest, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.security_groups import SecurityGroupBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    Rules = dict[str, dict[str, Any]]

_WITH_PORTS = {"tcp", "6", "udp", "17"}


def is_open() -> bool:
    """True if moto requires ports for every protocol."""
    return not {"-1", "tcp"} & {*map(str, SecurityGroupBackend.modify_security_group_rules.__code__.co_consts)}


def close() -> None:
    """Close the gap: change rules of every protocol, and referenced groups."""
    wrap(SecurityGroupBackend, "modify_security_group_rules", _modify)


def _modify(original: Callable[..., None], backend: SecurityGroupBackend, group_id: str, rules: Rules) -> None:
    any_port = {"FromPort": -1, "ToPort": -1}
    with_ports = {
        rule_id: rule if str(rule.get("IpProtocol")).lower() in _WITH_PORTS else {**any_port, **rule}
        for rule_id, rule in rules.items()
    }
    original(backend, group_id, with_ports)
    group: Any = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, rule in rules.items():
        _finish(group.get_rule(rule_id), rule)


def _finish(changed: Any, rule: dict[str, Any]) -> None:  # noqa: ANN401  moto's rules are untyped
    if changed.ip_protocol == "-1":
        # As moto keeps it for a new rule.
        changed.from_port = changed.to_port = None
    if "ReferencedGroupId" in rule:
        description = changed.ip_range.pop("Description", (changed.source_group or {}).get("Description"))
        changed.source_group = {"GroupId": rule["ReferencedGroupId"]}
        if description:
            changed.source_group["Description"] = description
    if "CidrIpv6" in rule:
        changed.ip_range["CidrIpv6"] = rule["CidrIpv6"]
