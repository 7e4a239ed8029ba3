from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, rules_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("kind", "before", "after", "found"),
    [
        ("opsworks_custom_layer", {"auto_assign_public_ips": False}, {"auto_assign_public_ips": True}, "MLR311"),
        ("opsworks_permission", {"allow_sudo": False}, {"allow_sudo": True}, "MLR222"),
        ("gamelift_fleet", None, {"ec2_inbound_permission": [{"ip_range": "0.0.0.0/0"}]}, "MLR311"),
        ("drs_replication_configuration_template", {"data_plane_routing": "PRIVATE_IP"},
         {"data_plane_routing": "PUBLIC_IP"}, "MLR315"),
        ("connect_security_profile", {"permissions": ["a"]}, {"permissions": ["a", "b"]}, "MLR222"),
        ("customerprofiles_domain", {"domain_name": "d"}, None, "MLR123"),
        ("chime_voice_connector", {"require_encryption": True}, {"require_encryption": False}, "MLR121"),
        ("paymentcryptography_key", {"exportable": False}, {"exportable": True}, "MLR701"),
    ],
)  # fmt: skip
def test_dangerous_changes_of_rare_services_are_held(
    tmp_path: Path, kind: str, before: dict[str, Any] | None, after: dict[str, Any] | None, found: str
) -> None:
    assert (found, "hold") in rules_of(tmp_path, change(f"aws_{kind}.x", before, after))


def test_a_harmless_change_of_a_rare_service_has_no_finding(tmp_path: Path) -> None:
    before, after = ({"name": "g", "max_size": each} for each in (1, 2))
    assert not rules_of(tmp_path, change("aws_gamelift_game_server_group.x", before, after))
