from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import OTHER, change, rules_of

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]


@pytest.mark.parametrize(
    ("address", "before", "after", "found"),
    [
        ("aws_cloudformation_stack.x", None, {"name": "s", "template_body": "{}"}, ("MLR651", "warning")),
        ("aws_ssm_document.x", {"content": "a"}, {"content": "b"}, ("MLR651", "warning")),
        ("aws_cloudwatch_metric_stream.x", None, {"name": "m"}, ("MLR702", "warning")),
        ("aws_guardduty_invite_accepter.x", None, {"master_account_id": OTHER}, ("MLR701", "hold")),
        ("aws_vpc_dhcp_options.x", {"domain_name_servers": ["AmazonProvidedDNS"]},
         {"domain_name_servers": ["203.0.113.7"]}, ("MLR703", "hold")),
        ("aws_directory_service_trust.x", None, {"remote_domain_name": "x"}, ("MLR221", "hold")),
        ("aws_elasticache_user.x", None, {"no_password_required": True}, ("MLR225", "hold")),
        ("aws_networkfirewall_firewall.x", {"name": "f"}, None, ("MLR801", "hold")),
        ("aws_secretsmanager_secret_rotation.x", {"secret_id": "s"}, None, ("MLR225", "hold")),
        ("aws_redshift_cluster_snapshot.x", {"id": "s"}, None, ("MLR122", "hold")),
        ("aws_db_proxy.x", {"require_tls": True}, {"require_tls": False}, ("MLR121", "hold")),
        ("aws_appstream_fleet.x", None, {"enable_default_internet_access": True}, ("MLR311", "hold")),
        ("aws_waf_web_acl.x", {"default_action": [{"type": "BLOCK"}]}, {"default_action": [{"type": "ALLOW"}]},
         ("MLR802", "hold")),
        ("aws_prometheus_workspace.x", {"alias": "p"}, None, ("MLR101", "hold")),
    ],
)  # fmt: skip
def test_a_less_common_service_is_checked(
    tmp_path: Path, address: str, before: Values | None, after: Values | None, found: tuple[str, str]
) -> None:
    assert rules_of(tmp_path, change(address, before, after)) == {found}
