from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.catalog import on_demand_prices
from mlinfra.operations.review.rules.service_costs import monthly
from tests.unit.operations.review.plans import change, reviewed, texts

if TYPE_CHECKING:
    from pathlib import Path

PRICES = on_demand_prices()
HOURS = 730


@pytest.mark.parametrize(
    ("kind", "values", "usd"),
    [
        ("aws_db_instance", {"instance_class": "db.r6g.large", "multi_az": True}, 2 * HOURS * PRICES["r6g.large"]),
        ("aws_elasticache_replication_group",
         {"node_type": "cache.r7g.large", "num_node_groups": 3, "replicas_per_node_group": 1},
         6 * HOURS * PRICES["r7g.large"]),
        ("aws_elasticache_replication_group", {"node_type": "cache.r7g.large", "num_cache_clusters": 2},
         2 * HOURS * PRICES["r7g.large"]),
        ("aws_msk_cluster",
         {"number_of_broker_nodes": 3, "broker_node_group_info": [{"instance_type": "kafka.m5.large"}]},
         3 * HOURS * PRICES["m5.large"]),
        ("aws_opensearch_domain", {"cluster_config": [{"instance_type": "r6g.large.search", "instance_count": 2}]},
         2 * HOURS * PRICES["r6g.large"]),
        ("aws_emr_cluster",
         {"master_instance_group": [{"instance_type": "m5.xlarge"}],
          "core_instance_group": [{"instance_type": "m5.xlarge", "instance_count": 4}]},
         5 * HOURS * PRICES["m5.xlarge"]),
        ("aws_ebs_volume", {"type": "io2", "size": 100, "iops": 64_000}, 12.5 + 32_000 * 0.065),
        ("aws_ebs_volume", {"type": "gp3", "size": 100, "iops": 4_000}, 8 + 5),
        ("aws_ebs_volume", {"size": 100}, 10),
        ("aws_dynamodb_table", {"read_capacity": 100, "write_capacity": 10}, HOURS * (0.013 + 0.0065)),
        ("aws_dynamodb_table", {"billing_mode": "PAY_PER_REQUEST", "read_capacity": 100}, 0),
        ("aws_fsx_lustre_file_system",
         {"deployment_type": "PERSISTENT_2", "storage_capacity": 1200, "per_unit_storage_throughput": 250}, 252),
        ("aws_db_instance", {"instance_class": "db.unknown.large"}, 0),
        ("aws_db_instance", {}, 0),
    ],
)  # fmt: skip
def test_the_lower_limit_of_a_cost_is_that_of_ec2(kind: str, values: dict[str, Any], usd: float) -> None:
    def value_of(path: str) -> Any:
        found: Any = values
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else (found or {}).get(step)
        return found

    assert monthly(kind, value_of) == pytest.approx(usd)


def endpoint(instances: int) -> dict[str, Any]:
    return {
        "name": "llm",
        "production_variants": [{"instance_type": "ml.p5.48xlarge", "initial_instance_count": instances}],
    }


def test_an_expensive_endpoint_is_held(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_sagemaker_endpoint_configuration.x", None, endpoint(1)))
    usd = HOURS * PRICES["p5.48xlarge"]
    text = f"`llm` costs at least {usd:,.0f} USD a month more, more than the limit of 5,000 USD."
    assert texts(report) == {"MLR424": text}


def test_a_smaller_increase_is_a_warning_and_a_decrease_is_not_reported(tmp_path: Path) -> None:
    before, after = ({"identifier": "db", "instance_class": each} for each in ("db.r6g.large", "db.r6g.8xlarge"))
    usd = HOURS * (PRICES["r6g.8xlarge"] - PRICES["r6g.large"])
    found = texts(reviewed(tmp_path, change("aws_db_instance.x", before, after)))
    assert found["MLR425"] == f"`db` costs at least {usd:,.0f} USD a month more."
    assert "MLR425" not in texts(reviewed(tmp_path, change("aws_db_instance.x", after, before)))


def test_many_small_increases_are_held_together(tmp_path: Path) -> None:
    volumes = [change(f"aws_ebs_volume.v{each}", None, {"type": "gp3", "size": 6_000}) for each in range(11)]
    found = texts(reviewed(tmp_path, *volumes))
    assert found["MLR424"] == (
        "Managed services cost together at least 5,280 USD a month more, more than the limit of 5,000 USD."
    )


def test_many_nat_gateways_are_a_warning(tmp_path: Path) -> None:
    gateways = [change(f"aws_nat_gateway.g{each}", None, {"subnet_id": "s"}) for each in range(7)]
    found = texts(reviewed(tmp_path, *gateways))
    assert found["MLR425"] == "7 NAT gateways are created, for at least 230 USD a month, and for each GB of traffic."
    assert "MLR425" not in texts(reviewed(tmp_path, *gateways[:6]))
