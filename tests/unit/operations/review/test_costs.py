"""Costs of plans, computed by hand with the prices of the plan's own region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import CostAssumptions
from mlinfra.operations.review import cost_of, to_json, to_markdown
from tests.conftest import an_environment
from tests.unit.operations.review.plans import TODAY, change, reviewed, texts

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.review import Report
    from mlinfra.operations.review.costs import Cost

OWNER = {"key": "Owner", "value": "ana@example.com", "propagate_at_launch": True}


def region(name: str) -> dict[str, Any]:
    provider = {"aws": {"expressions": {"region": {"constant_value": name}}}}
    return {"configuration": {"provider_config": provider, "root_module": {}}}


def cost(report: Report) -> Cost:
    return report.stacks[0].cost


def group(nodes: int, template: str = "lt-1", **values: Any) -> dict[str, Any]:
    return {
        "name": "training",
        "min_size": 0,
        "max_size": nodes,
        "desired_capacity": nodes,
        "launch_template": [{"id": template}],
        "tag": [OWNER],
        **values,
    }


def template(instance_type: str, **values: Any) -> dict[str, Any]:
    return {"id": "lt-1", "name": "nodes", "instance_type": instance_type, **values}


def test_a_cluster_costs_the_price_of_the_plan_s_region(tmp_path: Path) -> None:
    nodes = change("aws_launch_template.x", template("g5.xlarge"), template("g5.xlarge"), actions=["no-op"])
    more = change("aws_autoscaling_group.x", group(1), group(3))
    # g5.xlarge: 1.006 USD per hour in us-east-1, 1.258 in eu-central-1.
    for name, usd in (("us-east-1", 1.006), ("eu-central-1", 1.258)):
        found = cost(reviewed(tmp_path, nodes, more, **region(name)))
        assert found.before == pytest.approx((usd * 730, usd * 730))
        assert found.after == pytest.approx((3 * usd * 730, 3 * usd * 730))
        assert found.difference.most == pytest.approx(2 * usd * 730)


def test_the_region_of_resources_counts_where_the_provider_names_none(tmp_path: Path) -> None:
    instance = {"instance_type": "g5.xlarge", "arn": "arn:aws:ec2:eu-central-1:111111111111:instance/i-1"}
    found = cost(reviewed(tmp_path, change("aws_instance.x", instance, None)))
    assert found.before.usual == pytest.approx(1.258 * 730)
    instance = {"instance_type": "g5.xlarge", "availability_zone": "eu-central-1a"}
    found = cost(reviewed(tmp_path, change("aws_instance.x", None, instance)))
    assert found.after.usual == pytest.approx(1.258 * 730)


def test_a_type_without_a_price_in_the_region_is_unknown(tmp_path: Path) -> None:
    instance = change("aws_instance.x", None, {"instance_type": "p5.48xlarge"})
    found = cost(reviewed(tmp_path, instance, **region("eu-central-1")))
    assert found.unknown == (("aws_instance.x", "no price of p5.48xlarge on demand in eu-central-1"),)


def test_a_template_that_is_created_in_the_same_plan_is_found_by_its_reference(tmp_path: Path) -> None:
    expressions = {"launch_template": [{"id": {"references": ["aws_launch_template.x.id", "aws_launch_template.x"]}}]}
    resources = [
        {"address": "aws_launch_template.x"},
        {"address": "aws_autoscaling_group.x", "expressions": expressions},
    ]
    found = cost(
        reviewed(
            tmp_path,
            change("aws_launch_template.x", None, {"instance_type": "g5.xlarge"}, unknown={"id": True}),
            change(
                "aws_autoscaling_group.x",
                None,
                group(2, template="", launch_template=[{}]),
                unknown={"launch_template": [{"id": True}]},
            ),
            configuration={"root_module": {"resources": resources}},
        )
    )
    assert found.after.most == pytest.approx(2 * 1.006 * 730)
    assert found.unknown == ()


def test_a_template_in_a_module_is_found_with_its_index(tmp_path: Path) -> None:
    expressions = {"launch_template": [{"id": {"references": ["aws_launch_template.x"]}}]}
    module = {
        "resources": [
            {"address": "aws_launch_template.x"},
            {"address": "aws_autoscaling_group.x", "expressions": expressions},
        ]
    }
    templates = [
        change(f"module.m.aws_launch_template.x[{index}]", None, {"instance_type": kind}, type="aws_launch_template")
        for index, kind in enumerate(["g5.xlarge", "p5.48xlarge"])
    ]
    nodes = change(
        "module.m.aws_autoscaling_group.x[0]", None, group(1, launch_template=[{}]), type="aws_autoscaling_group"
    )
    configuration = {"root_module": {"module_calls": {"m": {"module": module}}}}
    found = cost(reviewed(tmp_path, *templates, nodes, configuration=configuration))
    assert found.after.most == pytest.approx(1.006 * 730)


def test_services_are_part_of_the_cost(tmp_path: Path) -> None:
    # A gateway: 32.85 and 4.50 for 100 GB of traffic.
    found = cost(reviewed(tmp_path, change("aws_nat_gateway.x", None, {})))
    assert found.after.usual == pytest.approx(37.35)
    assert found.instances == ((0, 0), (0, 0))


def test_what_is_destroyed_or_forgotten_costs_nothing_afterwards(tmp_path: Path) -> None:
    for actions in (["delete"], ["forget"]):
        after = None if actions == ["delete"] else {}
        found = cost(reviewed(tmp_path, change("aws_nat_gateway.x", {}, after, actions=actions)))
        assert (round(found.before.usual, 2), found.after.usual) == (37.35, 0)


def test_sensitive_and_unknown_types_have_no_cost_of_zero(tmp_path: Path) -> None:
    hidden = change("aws_instance.x", None, {"instance_type": "g5.xlarge"}, sensitive={"instance_type": True})
    assert cost(reviewed(tmp_path, hidden)).unknown == (("aws_instance.x", "the instance type is sensitive"),)
    later = change("aws_instance.x", None, {}, unknown={"instance_type": True})
    assert cost(reviewed(tmp_path, later)).unknown == (("aws_instance.x", "the instance type is unknown"),)


def test_an_update_of_a_service_without_a_formula_is_unknown(tmp_path: Path) -> None:
    database = change("aws_db_instance.x", {"a": 1}, {"a": 2})
    assert cost(reviewed(tmp_path, database)).unknown == (("aws_db_instance.x", "mlinfra has no formula for RDS"),)


def expiring(day: str) -> dict[str, Any]:
    return group(4, tag=[OWNER, {"key": "Expires", "value": day}])


def test_the_finding_has_the_same_digest_on_every_day(tmp_path: Path) -> None:
    def digest(day: str) -> str:
        nodes = change("aws_launch_template.x", template("p5.48xlarge"), template("p5.48xlarge"), actions=["no-op"])
        report = reviewed(tmp_path, nodes, change("aws_autoscaling_group.x", None, expiring(day)))
        (found,) = [each for each in report.findings if each.id == "MLR421"]
        return found.digest

    # The text names the cost until the expiry; today is 2026-11-26.
    assert digest("2026-12-05") == digest("2026-12-15")


def test_the_cost_ends_with_the_experiment(tmp_path: Path) -> None:
    nodes = change("aws_launch_template.x", None, template("g5.xlarge"))
    found = cost(reviewed(tmp_path, nodes, change("aws_autoscaling_group.x", None, expiring("2026-11-27"))))
    # Two days of 24 hours.
    assert found.after.most == pytest.approx(4 * 1.006 * 48)


def owned(tmp_path: Path) -> Report:
    return reviewed(
        tmp_path,
        change("aws_nat_gateway.a", {"tags_all": {"Owner": "li@example.com"}}, None),
        change("aws_nat_gateway.b", None, {"tags_all": {"Owner": "ana@example.com"}}),
        change("aws_nat_gateway.c", None, {"tags_all": {"Owner": "ana@example.com"}}),
    )


def test_the_comment_has_the_total_and_the_difference_by_owner(tmp_path: Path) -> None:
    written = to_markdown(owned(tmp_path))
    assert "**Cost: 37.35 -> 74.70 USD a month (+37.35)**" in written
    assert "| `ana@example.com` | 0 | 74.70 | +74.70 |" in written
    assert "| `li@example.com` | 37.35 | 0 | -37.35 |" in written


def test_json_has_the_total_and_the_difference_by_owner(tmp_path: Path) -> None:
    written = json.loads(to_json(owned(tmp_path)))["cost"]
    assert written["total"]["after"] == {"low": 74.7, "high": 74.7}
    assert [each["owner"] for each in written["by_owner"]] == ["ana@example.com", "li@example.com"]


def test_an_owner_cannot_change_the_comment(tmp_path: Path) -> None:
    evil = {"tags_all": {"Owner": "x` | <img src=x>"}}
    written = to_markdown(reviewed(tmp_path, change("aws_nat_gateway.a", None, evil)))
    assert "<code>x&#96; &#124; &#60;img src&#61;x&#62;</code>" in written
    assert "<img" not in written


def test_the_cost_of_plans_is_known_without_a_review(tmp_path: Path) -> None:
    owned(tmp_path)
    found = cost_of([tmp_path / "dev-data.json", tmp_path / "dev-data.json"], TODAY)
    assert (round(found.total.before_high, 2), round(found.total.after_high, 2)) == (74.7, 149.4)


def test_agreed_prices_count_only_if_the_environment_is_given(tmp_path: Path) -> None:
    reviewed(tmp_path, change("aws_instance.x", None, {"instance_type": "g5.xlarge"}))
    agreed = an_environment(cost=CostAssumptions(instance_usd_per_hour={"g5.xlarge": 0.5}))
    assert cost_of([tmp_path / "dev-data.json"], TODAY).total.after_high == pytest.approx(1.006 * 730)
    found = cost_of([tmp_path / "dev-data.json"], TODAY, declared=[agreed])
    assert found.total.after_high == pytest.approx(365)


def test_an_increase_of_services_alone_is_not_one_of_instances(tmp_path: Path) -> None:
    many = [change(f"aws_nat_gateway.x{number}", None, {}) for number in range(5)]
    assert "MLR421" not in texts(reviewed(tmp_path, *many))
