"""The description of a security group rule that refers to a group.

moto only gives back the descriptions of rules that name addresses. Source: EC2 API reference,
SecurityGroupRule, read 2026-11-24.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule


def is_open() -> bool:
    """Whether moto still forgets the description of a rule that refers to a group."""
    rule: Any = SecurityGroupRule.__new__(SecurityGroupRule)
    rule.ip_range, rule.source_group = {}, {"GroupId": "sg-1", "Description": "kept"}
    return bool(rule.description != "kept")


def close() -> None:
    """Give back the description wherever it stands."""
    SecurityGroupRule.description = property(_description)  # type: ignore[method-assign, assignment]


def _description(rule: Any) -> str | None:  # noqa: ANN401  moto's attributes are untyped
    description: str | None = rule.ip_range.get("Description") or (rule.source_group or {}).get("Description")
    return description
