"""Costs of SageMaker, computed by hand with the prices of us-east-1."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.operations.cost.stacks import line, months, reasons, resource


def configuration(**variant: Any) -> dict[str, Any]:
    values = {"variant_name": "main", "instance_type": "ml.m7i.2xlarge", "initial_instance_count": 3, **variant}
    return resource("aws_sagemaker_endpoint_configuration", name_prefix="x-", production_variants=[values])


ENDPOINT = resource(
    "aws_sagemaker_endpoint", endpoint_config_name="${aws_sagemaker_endpoint_configuration.x.name}", name="ranker"
)


def scaling(least: int, most: int) -> dict[str, Any]:
    return resource(
        "aws_appautoscaling_target",
        min_capacity=least,
        max_capacity=most,
        resource_id="endpoint/${aws_sagemaker_endpoint.x.name}/variant/main",
    )


def test_a_real_time_endpoint_costs_its_instances() -> None:
    # ml.m7i.2xlarge hosting: 0.484 USD per hour. 3 x 0.484 x 730 = 1,059.96.
    found = line(configuration(), ENDPOINT)
    assert found.usd_per_month_low == found.usd_per_month_high == pytest.approx(1_059.96)
    assert found.type == "aws_sagemaker_endpoint"


def test_scaling_makes_a_range() -> None:
    # 3 to 12 instances; and an asynchronous endpoint from 0 to 2.
    found = line(configuration(), ENDPOINT, scaling(3, 12))
    assert (found.usd_per_month_low, found.usd_per_month_high) == pytest.approx((1_059.96, 4_239.84))
    found = line(configuration(initial_instance_count=1), ENDPOINT, scaling(0, 2))
    assert (found.usd_per_month_low, found.usd_per_month_high) == pytest.approx((0, 2 * 0.484 * 730))


def test_volumes_of_an_endpoint_are_billed_for_each_instance() -> None:
    # 3 x 50 x 0.112 = 16.80.
    found = months(configuration(volume_size_in_gb=50), ENDPOINT)
    assert found["volumes of the variant main"] == (16.8, 16.8)


def test_a_serverless_endpoint_costs_memory_and_time_of_requests() -> None:
    # 1,000,000 x 0.2 s x 4 GiB x 0.00002 USD = 16.
    serverless = configuration(instance_type=None, serverless_config={"memory_size_in_mb": 4096, "max_concurrency": 5})
    assert months(serverless, ENDPOINT) == {"requests of the variant main": (16.0, 16.0)}
    assert months(serverless, ENDPOINT, endpoint_requests=0) == {"requests of the variant main": (0.0, 0.0)}


def test_provisioned_concurrency_has_no_price() -> None:
    settings = {"memory_size_in_mb": 4096, "provisioned_concurrency": 2}
    assert reasons(configuration(serverless_config=settings), ENDPOINT) == [
        "no price of the provisioned concurrency of the variant main"
    ]


def test_an_endpoint_with_a_configuration_elsewhere_has_no_price() -> None:
    assert reasons(ENDPOINT) == ["the endpoint configuration is not part of the stack"]


def test_a_configuration_alone_is_free() -> None:
    assert months(configuration()) == {}


def test_a_space_costs_its_volume_and_its_assumed_hours() -> None:
    # 20 x 0.112 = 2.24; ml.t3.medium: 160 x 0.05 = 8.
    space = resource(
        "aws_sagemaker_space",
        space_settings={
            "jupyter_lab_app_settings": {"default_resource_spec": {"instance_type": "ml.t3.medium"}},
            "space_storage_settings": {"ebs_storage_settings": {"ebs_volume_size_in_gb": 20}},
        },
    )
    assert months(space) == {"volume": (2.24, 2.24), "application (ml.t3.medium)": (8.0, 8.0)}
    assert months(space, notebook_hours_per_month=0)["application (ml.t3.medium)"] == (0.0, 0.0)


def test_a_space_without_an_instance_type_has_that_of_its_domain() -> None:
    settings = {"jupyter_lab_app_settings": {"default_resource_spec": {"instance_type": "ml.t3.medium"}}}
    domain = resource("aws_sagemaker_domain", default_user_settings=settings)
    space = resource("aws_sagemaker_space", domain_id="${aws_sagemaker_domain.x.id}", space_settings={})
    found = months(domain, space)
    assert found["application (ml.t3.medium)"] == (8.0, 8.0)
    # 10 GB of home folders in EFS x 0.30.
    assert found["home folders"] == (3.0, 3.0)


def test_a_space_of_an_unknown_type_has_no_price() -> None:
    assert reasons(resource("aws_sagemaker_space", space_settings={})) == [
        "the instance type of the application is unknown"
    ]


def test_an_application_of_terraform_runs_all_the_time() -> None:
    app = resource("aws_sagemaker_app", resource_spec={"instance_type": "ml.t3.medium"})
    assert months(app) == {"application (ml.t3.medium)": (36.5, 36.5)}
    assert reasons(resource("aws_sagemaker_app")) == ["the instance type of the application is unknown"]


def test_a_notebook_instance_runs_until_it_is_stopped() -> None:
    # ml.t3.medium: 160 x 0.05 = 8 to 730 x 0.05 = 36.50; 5 GB x 0.14.
    notebook = resource("aws_sagemaker_notebook_instance", instance_type="ml.t3.medium")
    assert months(notebook) == {"instance (ml.t3.medium)": (8.0, 36.5), "volume": (0.7, 0.7)}
    assert reasons(resource("aws_sagemaker_notebook_instance")) == ["the instance type is unknown"]


def test_a_tracking_server_costs_all_hours() -> None:
    # 0.60 x 730.
    assert months(resource("aws_sagemaker_mlflow_tracking_server", tracking_server_size="Small")) == {
        "tracking server (small)": (438.0, 438.0)
    }


def test_a_tracking_server_of_a_size_without_a_price_is_named() -> None:
    found = reasons(resource("aws_sagemaker_mlflow_tracking_server", tracking_server_size="Large"))
    assert found == ["no price of sagemaker mlflow tracking server large in us-east-1"]


def test_an_online_store_costs_storage_and_requests() -> None:
    # 10 x 0.45; 1 million reads x 0.25; 1 million writes x 1.25.
    group = resource("aws_sagemaker_feature_group", online_store_config={"enable_online_store": True})
    assert months(group) == {"online store": (4.5, 4.5), "read units": (0.25, 0.25), "write units": (1.25, 1.25)}


def test_an_offline_store_is_billed_with_its_bucket() -> None:
    assert months(resource("aws_sagemaker_feature_group", offline_store_config={"s3_storage_config": {}})) == {}


def test_other_online_stores_have_no_price() -> None:
    group = resource("aws_sagemaker_feature_group", online_store_config={"storage_type": "InMemory"})
    assert reasons(group) == ["no price of the in-memory online store"]
    group = resource(
        "aws_sagemaker_feature_group",
        online_store_config={"enable_online_store": True},
        throughput_config={"throughput_mode": "Provisioned"},
    )
    assert reasons(group) == ["no price of the provisioned throughput of the online store"]
