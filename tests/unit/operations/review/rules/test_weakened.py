from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

LOGIN = {"type": "authenticate-oidc"}
FORWARD = {"type": "forward"}
APPROVAL = {"name": "Approve", "action": [{"category": "Approval"}]}
DEPLOY = {"name": "Deploy", "action": [{"category": "Deploy"}]}


@pytest.mark.parametrize(
    ("kind", "before", "after", "rule"),
    [
        ("lb_listener", {"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
         {"ssl_policy": "ELBSecurityPolicy-2016-08"}, "MLR131"),
        ("lb_listener", {"default_action": [LOGIN, FORWARD]}, {"default_action": [FORWARD]}, "MLR315"),
        ("elasticache_replication_group", {"auth_token": "t"}, {"auth_token": None}, "MLR131"),
        ("athena_workgroup", {"configuration": [{"enforce_workgroup_configuration": True}]},
         {"configuration": [{"enforce_workgroup_configuration": False}]}, "MLR133"),
        ("codepipeline", {"stage": [APPROVAL, DEPLOY]}, {"stage": [DEPLOY]}, "MLR228"),
        ("bedrock_guardrail", {"topic_policy_config": [{"topics_config": [{"name": "x"}]}]},
         {"topic_policy_config": []}, "MLR228"),
        ("cognito_user_pool_client", {"callback_urls": ["https://a"]}, {"callback_urls": ["https://a", "http://b"]},
         "MLR229"),
        ("route53_hosted_zone_dnssec", {"signing_status": "SIGNING"}, {"signing_status": "NOT_SIGNING"}, "MLR315"),
        ("backup_region_settings", {"resource_type_opt_in_preference": {"RDS": True}},
         {"resource_type_opt_in_preference": {"RDS": False}}, "MLR133"),
    ],
)  # fmt: skip
def test_a_weakened_protection_is_held_with_both_values(
    tmp_path: Path, kind: str, before: dict[str, Any], after: dict[str, Any], rule: str
) -> None:
    found = reviewed(tmp_path, change(f"aws_{kind}.x", before, after))
    (text,) = [each.text for each in found.held if each.id == rule]
    assert " changes from `" in text
    assert not reviewed(tmp_path, change(f"aws_{kind}.x", after, before)).held


def test_a_removed_denial_of_everyone_is_held(tmp_path: Path) -> None:
    rule = {
        "network_acl_id": "acl-1",
        "rule_action": "deny",
        "egress": False,
        "cidr_block": "0.0.0.0/0",
        "from_port": 22,
        "to_port": 22,
    }
    found = texts(reviewed(tmp_path, change("aws_network_acl_rule.x", rule, None)))
    assert found == {"MLR315": "`acl-1` no longer denies traffic from `0.0.0.0/0` to port 22."}
    small = {**rule, "cidr_block": "203.0.113.0/24", "from_port": 0, "to_port": 0}
    found = texts(reviewed(tmp_path, change("aws_network_acl_rule.x", small, None)))
    assert found == {"MLR316": "`acl-1` no longer denies traffic from `203.0.113.0/24` to all ports."}
    assert not rules_of(tmp_path, change("aws_network_acl_rule.x", {**rule, "egress": True}, None))


def test_a_protection_that_a_new_resource_does_not_set_is_a_warning(tmp_path: Path) -> None:
    found = rules_of(tmp_path, change("aws_secretsmanager_secret.x", None, {"name": "s", "recovery_window_in_days": 0}))
    assert found == {("MLR132", "warning")}
