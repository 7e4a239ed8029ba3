"""Costs of functions, tables, logs, alarms, keys and secrets, computed by hand with the prices of us-east-1."""

from __future__ import annotations

from tests.unit.operations.cost.stacks import months, reasons, resource


def test_a_function_costs_requests_and_duration() -> None:
    # 10,000 x 0.20 / 1,000,000 = 0.002; 10,000 x 2 s x 0.5 GiB x 0.0000133334 = 0.1333.
    function = resource("aws_lambda_function", memory_size=512, architectures=["arm64"])
    assert months(function) == {"requests": (0.002, 0.002), "duration": (0.1333, 0.1333)}
    # x86, the default memory of 128 MiB, a million runs: 1,000,000 x 2 x 0.125 x 0.0000166667.
    found = months(resource("aws_lambda_function"), function_invocations=1_000_000)
    assert found == {"requests": (0.2, 0.2), "duration": (4.1667, 4.1667)}


def test_an_on_demand_table_costs_requests_storage_and_backups() -> None:
    # 1 million reads x 0.125, 1 million writes x 0.625, 1 GB x 0.25, 1 GB x 0.20.
    table = resource("aws_dynamodb_table", billing_mode="PAY_PER_REQUEST", point_in_time_recovery={"enabled": True})
    assert months(table) == {
        "read units": (0.125, 0.125),
        "write units": (0.625, 0.625),
        "storage": (0.25, 0.25),
        "point-in-time recovery": (0.2, 0.2),
    }


def test_a_provisioned_table_costs_its_capacity() -> None:
    # 10 x 0.00013 x 730 = 0.949; 5 x 0.00065 x 730 = 2.3725.
    table = resource("aws_dynamodb_table", read_capacity=10, write_capacity=5)
    found = months(table)
    assert found["read capacity"] == (0.949, 0.949)
    assert found["write capacity"] == (2.3725, 2.3725)
    assert reasons(resource("aws_dynamodb_table", read_capacity=1)) == ["the write capacity is unknown"]


def test_replicas_of_a_table_have_no_price() -> None:
    table = resource("aws_dynamodb_table", billing_mode="PAY_PER_REQUEST", replica=[{"region_name": "us-west-1"}])
    assert reasons(table) == ["no price of the replicas in other regions"]


def test_logs_cost_ingestion_and_the_storage_of_their_retention() -> None:
    # 1 GB x 0.50; 3 months of 1 GB x 0.03.
    group = resource("aws_cloudwatch_log_group", retention_in_days=90)
    assert months(group) == {"ingestion": (0.5, 0.5), "storage": (0.09, 0.09)}
    # Never deleted: 12 months.
    assert months(resource("aws_cloudwatch_log_group"))["storage"] == (0.36, 0.36)
    rare = resource("aws_cloudwatch_log_group", retention_in_days=30, log_group_class="INFREQUENT_ACCESS")
    assert months(rare)["ingestion"] == (0.25, 0.25)


def test_flow_logs_have_an_assumption_of_their_own() -> None:
    # 10 GB x 0.50.
    group = resource("aws_cloudwatch_log_group", retention_in_days=30)
    flow = resource("aws_flow_log", log_destination="${aws_cloudwatch_log_group.x.arn}")
    assert months(group, flow)["ingestion"] == (5.0, 5.0)
    assert reasons(resource("aws_flow_log", log_destination_type="s3")) == ["no price of flow logs outside CloudWatch"]


def test_an_alarm_is_billed_by_metric() -> None:
    assert months(resource("aws_cloudwatch_metric_alarm", period=300)) == {"alarm": (0.1, 0.1)}
    assert months(resource("aws_cloudwatch_metric_alarm", period=10)) == {"alarm": (0.3, 0.3)}
    queries = [{"id": "rate", "expression": "a/b"}, {"metric": {"period": 60}}, {"metric": {"period": 60}}]
    assert months(resource("aws_cloudwatch_metric_alarm", metric_query=queries)) == {"alarm": (0.2, 0.2)}
    anomaly = resource("aws_cloudwatch_metric_alarm", threshold_metric_id="band", metric_query=queries[1:2])
    assert months(anomaly) == {"alarm": (0.3, 0.3)}
    assert months(resource("aws_cloudwatch_composite_alarm")) == {"alarm": (0.5, 0.5)}


def test_a_dashboard_is_free_among_the_first_three_of_the_account() -> None:
    assert months(resource("aws_cloudwatch_dashboard")) == {"dashboard": (0.0, 3.0)}


def test_a_key_costs_more_after_its_first_two_rotations() -> None:
    assert months(resource("aws_kms_key", enable_key_rotation=True)) == {"key": (1.0, 3.0)}
    assert months(resource("aws_kms_key")) == {"key": (1.0, 1.0)}


def test_a_secret_costs_40_cents() -> None:
    assert months(resource("aws_secretsmanager_secret")) == {"secret": (0.4, 0.4)}


def test_only_advanced_parameters_are_billed() -> None:
    # 0.00007 x 730.
    assert months(resource("aws_ssm_parameter", tier="Advanced")) == {"advanced parameter": (0.0511, 0.0511)}
    assert months(resource("aws_ssm_parameter")) == {}


def test_a_kubernetes_cluster_costs_its_control_plane() -> None:
    assert months(resource("aws_eks_cluster")) == {"control plane": (73.0, 73.0)}
