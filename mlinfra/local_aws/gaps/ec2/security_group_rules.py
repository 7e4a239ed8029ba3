"""Gap: description of a security group rule that references a group.

moto returns only the descriptions of rules for addresses. In AWS, every rule may have a description. Source:
EC2 API reference, SecurityGroupRule, read 2026-11-24.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule


def is_open() -> bool:
    """True if moto discards the description of a rule that references a group."""
    rule: Any = SecurityGroupRule.__new__(SecurityGroupRule)
    rule.ip_range, rule.source_group = {}, {"GroupId": "sg-1", "Description": "kept"}
    return bool(rule.description != "kept")


def close() -> None:
    """Close the gap: return the description of every rule."""
    SecurityGroupRule.description = property(_description)  # type: ignore[method-assign, assignment]


def _description(rule: Any) -> str | None:  # noqa: ANN401  moto's attributes are untyped
    description: str | None = rule.ip_range.get("Description") or (rule.source_group or {}).get("Description")
    return description
