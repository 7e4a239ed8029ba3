"""Costs of instances, computed by hand with the prices of us-east-1: p3.8xlarge 12.24, g5.xlarge 1.006, p5.48xlarge
55.04 USD per hour on demand (EC2 price list of 2026-07-20)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.operations.cost.stacks import estimate, line, months, reasons, resource


def template(instance_type: str = "p3.8xlarge", **values: Any) -> dict[str, Any]:
    return resource("aws_launch_template", instance_type=instance_type, **values)


def group(tags: dict[str, str] | None = None, **values: Any) -> dict[str, Any]:
    fields = {
        "min_size": 0,
        "max_size": 2,
        "desired_capacity": 2,
        "launch_template": {"id": "${aws_launch_template.x.id}"},
        "tag": [{"key": key, "value": value, "propagate_at_launch": True} for key, value in (tags or {}).items()],
    }
    return resource("aws_autoscaling_group", **fields | values)


def schedule(**values: Any) -> dict[str, Any]:
    return resource("aws_autoscaling_schedule", autoscaling_group_name="${aws_autoscaling_group.x.name}", **values)


def test_nodes_on_demand_cost_every_hour_of_the_month() -> None:
    # 2 x 12.24 x 730 = 17,870.40.
    found = line(template(), group())
    assert found.usd_per_month_low == found.usd_per_month_high == pytest.approx(17_870.40)
    assert found.usd_per_hour_high == pytest.approx(24.48)
    assert found.formula == "2 x 12.24 USD per hour x 730 hours"
    assert found.item == "on-demand nodes (p3.8xlarge)"
    assert found.commitment == "on-demand"
    assert found.as_of == "2026-07-20"
    assert "AWS price list" in found.source


def test_the_price_is_that_of_the_region() -> None:
    # g5.xlarge costs 1.258 in eu-central-1: 2 x 1.258 x 730 = 1,836.68.
    assert months(template("g5.xlarge"), group(), region="eu-central-1") == {
        "on-demand nodes (g5.xlarge)": (1836.68, 1836.68)
    }


def test_a_type_without_a_price_in_the_region_is_not_free() -> None:
    found = estimate(template("p5.48xlarge"), group(), region="eu-central-1")
    assert found.lines == ()
    assert [each.reason for each in found.unpriced] == ["no price of p5.48xlarge on demand in eu-central-1"]


def test_an_expired_cluster_costs_nothing() -> None:
    assert months(template(), group(max_size=0, desired_capacity=0)) == {"nodes": (0.0, 0.0)}


def test_a_cluster_costs_until_its_expiry_and_at_most_its_grace_period_longer() -> None:
    # From 2026-11-29 to the end of 2026-12-08 are 10 days, 240 hours; the grace period adds 24: 240 and 264 x 24.48.
    tags = {"Expires": "2026-12-08", "ExpiryGraceHours": "24"}
    found = line(template(), group(tags))
    assert found.usd_per_month_low == pytest.approx(240 * 24.48)
    assert found.usd_per_month_high == pytest.approx(264 * 24.48)
    assert found.assumption == "until its expiry on 2026-12-08, or 24 hours later if it is busy"


def test_a_cluster_costs_at_most_120_percent_of_its_spend_limit() -> None:
    words = "at 120% of its spend limit of 10,000 USD, from its start to its end, it is stopped"
    found = line(template(), group({"SpendLimitUsd": "10000.00"}))
    assert (found.assumption, found.usd_per_month_high) == (words, pytest.approx(12_000))
    assert found.quantity == pytest.approx(2 * 12_000 / 24.48)
    assert line(template(), group({"SpendLimitUsd": "20000.00"})).assumption == ""


def test_the_volumes_of_a_cluster_cost_until_its_spend_limit_stops_it() -> None:
    ebs = {"ebs": {"volume_type": "gp3", "volume_size": 200}}
    unlimited, limited = (
        months(template(block_device_mappings=[ebs]), group({"SpendLimitUsd": limit}))["root volumes: gp3 storage"]
        for limit in ("20000.00", "10000.00")
    )
    assert limited[1] == pytest.approx(unlimited[1] * 12_000 / 17_870.40, abs=0.001)


def test_an_expiry_after_the_month_changes_nothing() -> None:
    assert line(template(), group({"Expires": "2027-12-08"})).usd_per_month_low == pytest.approx(17_870.40)


def test_the_low_end_is_the_time_outside_of_quiet_hours() -> None:
    # 12 of 24 hours on every day: 365 hours.
    quiet = schedule(desired_capacity=0, recurrence="0 20 * * *")
    found = line(template(), group(), quiet)
    assert found.usd_per_month_low == pytest.approx(365 * 24.48)
    assert found.usd_per_month_high == pytest.approx(730 * 24.48)
    # On weekdays only: (5 x 12 + 2 x 24) / (7 x 24) of 730 hours.
    quiet = schedule(desired_capacity=0, recurrence="0 20 * * 1-5")
    assert line(template(), group(), quiet).usd_per_month_low == pytest.approx(730 * 108 / 168 * 24.48)
    # On weekends, with other hours.
    quiet = schedule(desired_capacity=0, recurrence="0 20 * * 0,6")
    found = line(template(), group(), quiet, cluster_hours_per_day=6)
    assert found.usd_per_month_low == pytest.approx(730 * 132 / 168 * 24.48)


def test_spot_nodes_cost_a_range_above_an_on_demand_base() -> None:
    # g5.xlarge spot in us-east-1: 0.3837 to 0.4034 USD. The base: 1 x 1.006 x 730 = 734.38.
    policy = {
        "launch_template": {
            "launch_template_specification": {"launch_template_id": "${aws_launch_template.x.id}"},
            "override": [{"instance_type": "g5.xlarge"}],
        },
        "instances_distribution": {"on_demand_base_capacity": 1, "on_demand_percentage_above_base_capacity": 0},
    }
    spot = group(max_size=3, desired_capacity=3, launch_template=None, mixed_instances_policy=policy)
    assert months(template("g5.xlarge"), spot) == {
        "on-demand nodes (g5.xlarge)": (734.38, 734.38),
        "spot nodes (g5.xlarge)": (round(2 * 0.3837 * 730, 4), round(2 * 0.4034 * 730, 4)),
    }


def test_the_declared_limit_bounds_the_spot_price() -> None:
    policy = {
        "launch_template": {"override": [{"instance_type": "g5.xlarge"}]},
        "instances_distribution": {"on_demand_percentage_above_base_capacity": 0, "spot_max_price": "0.3900"},
    }
    found = line(template("g5.xlarge"), group(max_size=1, desired_capacity=1, mixed_instances_policy=policy))
    assert found.usd_per_month_high == pytest.approx(0.39 * 730)
    assert "the declared limit" in found.assumption


def test_of_several_types_the_range_is_from_the_cheapest_to_the_most_expensive() -> None:
    policy = {"launch_template": {"override": [{"instance_type": "g5.xlarge"}, {"instance_type": "g5.2xlarge"}]}}
    found = line(template("g5.xlarge"), group(max_size=1, desired_capacity=1, mixed_instances_policy=policy))
    assert found.usd_per_month_low == pytest.approx(1.006 * 730)
    assert found.usd_per_month_high == pytest.approx(1.212 * 730)
    assert "of several instance types" in found.assumption


def test_an_unknown_spot_price_is_assumed_to_be_the_on_demand_price() -> None:
    spot = template("m7i.large", instance_market_options={"market_type": "spot"})
    found = line(spot, group(max_size=1, desired_capacity=1))
    # m7i.large: 0.1008 USD.
    assert found.usd_per_month_low == found.usd_per_month_high == pytest.approx(0.1008 * 730)
    assert "no spot price of m7i.large in us-east-1: the on-demand price is assumed" in found.assumption


def test_nodes_in_a_reservation_are_billed_on_demand() -> None:
    reserved = {"capacity_reservation_target": {"capacity_reservation_id": "cr-0123456789abcdef0"}}
    found = line(template(capacity_reservation_specification=reserved), group())
    assert found.commitment == "reservation"
    assert found.usd_per_month_high == pytest.approx(17_870.40)


def block_group(**tags: str) -> tuple[dict[str, Any], ...]:
    """Two p5.48xlarge in a Capacity Block from 2026-12-01 11:30 to 2026-12-03 11:30 UTC."""
    target = {"capacity_reservation_target": {"capacity_reservation_id": "cr-0123456789abcdef0"}}
    nodes = template(
        "p5.48xlarge",
        instance_market_options={"market_type": "capacity-block"},
        capacity_reservation_specification=target,
    )
    begin = schedule(label="begin", desired_capacity=2, recurrence="30 11 1 12 *")
    end = schedule(label="end", desired_capacity=0, recurrence="0 11 3 12 *")
    return (nodes, group({"Nodes": "2", **tags}, desired_capacity='${timecmp("x") ? 2 : 0}'), begin, end)


def test_a_capacity_block_costs_its_hours_at_the_published_rate() -> None:
    # Two days: 48 hours x 2 x 41.528 USD (AWS's page of 2026-07-22).
    found = line(*block_group())
    assert found.usd_per_month_low == found.usd_per_month_high == pytest.approx(48 * 2 * 41.528)
    assert found.commitment == "capacity-block"
    assert "the hours from 2026-12-01 11:30 to 2026-12-03 11:30 UTC" in found.assumption


def test_tags_alone_make_no_capacity_block() -> None:
    tags = {"CapacityBlock": "cr-0123456789abcdef0", "NodeUsdPerHour": "0"}
    assert line(template(), group(tags)).usd_per_month_high == pytest.approx(17_870.40)


def test_the_declared_price_of_a_block_replaces_the_published_rate() -> None:
    found = line(*block_group(NodeUsdPerHour="30"))
    assert found.usd_per_month_high == pytest.approx(48 * 2 * 30)
    assert "the declared price" in found.assumption


def test_a_block_outside_of_the_month_costs_nothing_now() -> None:
    nodes, members, _, _ = block_group()
    begin = schedule(label="begin", desired_capacity=2, recurrence="30 11 1 3 *")
    end = schedule(label="end", desired_capacity=0, recurrence="0 11 3 3 *")
    assert line(nodes, members, begin, end).usd_per_month_high == 0


def test_volumes_and_metrics_of_nodes_are_billed_while_they_run() -> None:
    # Two nodes: 2 x 200 x 0.08 = 32; 2 x (834 - 125) x 0.04 = 56.72; 2 x (7 + 20) x 0.30 = 16.20.
    ebs = {"ebs": {"volume_type": "gp3", "volume_size": 200, "iops": 3000, "throughput": 834}}
    found = months(template(block_device_mappings=[ebs], monitoring={"enabled": True}), group())
    assert found["root volumes: gp3 storage"] == (32.0, 32.0)
    assert found["root volumes: throughput over 125 MiB/s"] == (56.72, 56.72)
    assert found["metrics of nodes"] == (16.2, 16.2)
    # 240 of 730 hours.
    found = months(template(block_device_mappings=[ebs]), group({"Expires": "2026-12-08"}))
    assert found["root volumes: gp3 storage"] == (round(32 * 240 / 730, 4),) * 2


def test_a_launch_configuration_has_volumes_and_monitoring() -> None:
    # 0.1008 x 730; 20 GB of gp2 x 0.10; 20 GB of gp3 x 0.08; (7 + 0) x 0.30.
    configuration = resource(
        "aws_launch_configuration",
        instance_type="m7i.large",
        root_block_device={"volume_size": 20},
        ebs_block_device=[{"volume_type": "gp3", "volume_size": 20}],
    )
    nodes = group(max_size=1, desired_capacity=1, launch_template=None)
    nodes["launch_configuration"] = "${aws_launch_configuration.x.name}"
    assert months(configuration, nodes, custom_metrics_per_node=0) == {
        "on-demand nodes (m7i.large)": (73.584, 73.584),
        "root volumes: gp2 storage": (2.0, 2.0),
        "data volumes: gp3 storage": (1.6, 1.6),
        "metrics of nodes": (2.1, 2.1),
    }


def test_dedicated_hardware_has_no_price() -> None:
    assert reasons(template(placement={"tenancy": "dedicated"}), group()) == ["no price of the tenancy dedicated"]
    instance = resource("aws_instance", instance_type="m7i.large", tenancy="host")
    assert reasons(instance) == ["no price of the tenancy host"]


def test_an_agreed_price_replaces_the_list_price() -> None:
    found = line(template(), group(), instance_usd_per_hour={"p3.8xlarge": 10})
    assert found.usd_per_month_high == 14_600
    assert found.assumption == "agreed price of p3.8xlarge"


def test_a_savings_plan_covers_instances_at_the_low_end() -> None:
    # g5.xlarge, convertible, 3 years, no upfront payment: 0.54324 USD per hour.
    nodes = (template("g5.xlarge"), group(max_size=1, desired_capacity=1))
    found = line(*nodes, savings_plan="3yr_convertible_no_upfront")
    assert found.usd_per_month_low == pytest.approx(0.54324 * 730)
    assert found.usd_per_month_high == pytest.approx(1.006 * 730)
    assert found.assumption == "low: covered by the Savings Plan, high: on demand"
    # An agreed price is final, and a type without a rate is on demand.
    agreed = line(*nodes, savings_plan="3yr_convertible_no_upfront", instance_usd_per_hour={"g5.xlarge": 0.9})
    assert agreed.usd_per_month_low == agreed.usd_per_month_high == pytest.approx(657)


def test_an_agreed_factor_applies_to_the_list_price() -> None:
    found = line(template(), group(), price_factors={"AmazonEC2": 0.5})
    assert found.usd_per_month_high == pytest.approx(8_935.20)
    assert found.assumption == "agreed factor 0.5 for AmazonEC2"
    assert found.usd_per_unit == 12.24


def test_a_group_whose_template_is_elsewhere_has_no_price() -> None:
    assert reasons(group()) == ["the launch template is not part of the stack, so that the instance type is unknown"]


def test_unknown_types_and_sizes_are_named() -> None:
    assert reasons(template("${var.type}"), group()) == ["the instance type is unknown"]
    assert reasons(template(), group(max_size="${var.nodes}")) == ["the number of nodes is unknown"]
    assert reasons(resource("aws_instance")) == ["the instance type is unknown"]
    assert reasons(resource("aws_eks_node_group")) == ["the instance type is unknown"]
    assert reasons(resource("aws_eks_node_group", instance_types=["g5.xlarge"])) == ["the number of nodes is unknown"]


def test_an_instance_costs_its_hours_and_volumes() -> None:
    # 0.1008 x 730 = 73.584; 50 x 0.08 = 4.
    instance = resource(
        "aws_instance", instance_type="m7i.large", root_block_device={"volume_type": "gp3", "volume_size": 50}
    )
    assert months(instance) == {
        "on-demand nodes (m7i.large)": (73.584, 73.584),
        "root volume: gp3 storage": (4.0, 4.0),
    }


def test_a_spot_instance_costs_the_spot_price() -> None:
    spot = resource("aws_spot_instance_request", instance_type="g5.xlarge", spot_price="0.5")
    assert months(spot) == {"spot nodes (g5.xlarge)": (round(0.3837 * 730, 4), round(0.4034 * 730, 4))}


def test_a_node_group_costs_from_its_desired_to_its_largest_size() -> None:
    nodes = resource(
        "aws_eks_node_group", instance_types=["g5.xlarge"], scaling_config={"desired_size": 1, "max_size": 3}
    )
    assert months(nodes) == {"on-demand nodes (g5.xlarge)": (734.38, round(3 * 734.38, 4))}


def environment(**values: Any) -> dict[str, Any]:
    resources = {"type": "EC2", "instance_type": ["g5.xlarge"], "min_vcpus": 0, "max_vcpus": 16, **values}
    return resource("aws_batch_compute_environment", compute_resources=resources)


def test_a_queue_costs_its_largest_size_for_the_assumed_hours() -> None:
    # g5.xlarge has 4 vCPUs: 4 nodes x 1.006 x 100 hours = 402.40.
    assert months(environment()) == {"on-demand nodes (g5.xlarge)": (0.0, 402.4)}
    assert months(environment(), queue_hours_per_month=10)["on-demand nodes (g5.xlarge)"] == (0.0, 40.24)


def test_the_smallest_size_of_a_queue_is_billed_all_month() -> None:
    # 4 vCPUs: 1 node x 1.006 x 730 = 734.38, which is more than 4 nodes for 100 hours.
    assert months(environment(min_vcpus=4)) == {"on-demand nodes (g5.xlarge)": (734.38, 734.38)}


def test_a_queue_on_spot_capacity_costs_the_spot_price() -> None:
    found = months(environment(type="SPOT"))
    assert found == {"spot nodes (g5.xlarge)": (0.0, round(4 * 0.4034 * 100, 4))}


def test_a_queue_whose_instances_batch_chooses_has_no_price() -> None:
    assert reasons(environment(instance_type=["optimal"])) == [
        "Batch chooses the instances of the compute environment (optimal)"
    ]


def test_reserved_capacity_is_paid_for_without_use() -> None:
    found = line(resource("aws_ec2_capacity_reservation", instance_type="p5.48xlarge", instance_count=2))
    assert found.usd_per_month_low == pytest.approx(2 * 55.04 * 730)
