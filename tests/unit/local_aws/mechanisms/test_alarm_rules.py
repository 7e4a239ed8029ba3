"""Evaluation of the rules of composite alarms."""

from __future__ import annotations

import pytest

from mlinfra.local_aws.mechanisms.alarm_rules import AlarmRule


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("TRUE", True),
        ("NOT TRUE OR FALSE", False),
        ("FALSE AND FALSE OR TRUE", True),
        ("FALSE AND (FALSE OR TRUE)", False),
        ('ALARM("my alarm")', True),
        ("OK(arn:aws:cloudwatch:us-east-1:123456789012:alarm:my-alarm)", False),
        ("INSUFFICIENT_DATA('other') AND ALARM(x)", False),
    ],
)
def test_a_rule_is_evaluated_with_the_precedence_of_cloudwatch(rule: str, *, holds: bool) -> None:
    assert AlarmRule(rule).holds(lambda _name: "ALARM") is holds
