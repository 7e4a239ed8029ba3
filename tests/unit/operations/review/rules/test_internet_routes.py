from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.operations.review.plans import change, rules_of

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]


def test_a_route_of_an_existing_table_to_the_internet_is_held(tmp_path: Path) -> None:
    route = {"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}
    assert rules_of(tmp_path, change("aws_route.x", None, route)) == {("MLR314", "hold")}
    assert rules_of(tmp_path, change("aws_route.x", None, {**route, "gateway_id": "vgw-1"})) == set()


def test_a_route_to_the_internet_in_a_table_is_held(tmp_path: Path) -> None:
    before, after = ({"route": [{"gateway_id": each}]} for each in ("local", "igw-1"))
    assert rules_of(tmp_path, change("aws_route_table.x", before, after)) == {("MLR314", "hold")}


def test_an_acl_that_admits_all_addresses_is_a_warning(tmp_path: Path) -> None:
    rule = {"network_acl_id": "acl-1", "rule_action": "allow", "egress": False}
    before, after = ({**rule, "cidr_block": each} for each in ("10.0.0.0/8", "0.0.0.0/0"))
    assert rules_of(tmp_path, change("aws_network_acl_rule.x", before, after)) == {("MLR312", "warning")}
